#include "tools/caption_lines.hpp"

#include <utility>

#include "tools/caption_output.hpp"
#include "tools/listed_names.hpp"

namespace tool {
namespace {

class LinesRun {
 public:
  LinesRun(const CaptionCommand& command, Session& session, const CaptionOptions& options)
      : command_(command), options_(options), workers_(command, session) {}

  // Several workers wait for each other at the end of so many names.
  static constexpr std::size_t kNamesAtOnce = 1024;

  void caption(const std::vector<std::string>& all) {
    std::vector<std::string> names;
    for (const std::string& name : all) {
      if (number_++ % command_.shard.count == command_.shard.index - 1) names.push_back(name);
    }
    for (const std::string& name : names)
      require(name != "-", ErrorCode::kInvalidArgument, "--out: expected image files, actual -");
    const auto name_of = [&](std::size_t i) -> const std::string& { return names[i]; };
    workers_.caption_images(options_, Interruption::kWaits, names.size(), name_of,
                            [&](std::size_t i, const Outcome& outcome) {
                              require(!outcome.is_skipped, ErrorCode::kCancelled, "caption: cancelled");
                              const std::string problem = outcome.problem(names[i]);
                              if (!problem.empty()) {
                                report(problem);
                                has_failed_ = true;
                                write_out(to_failure_line(names[i], problem) + "\n");
                                return;
                              }
                              report_deadline(names[i], outcome.caption);
                              write_out(to_line(names[i], outcome.caption, command_.min_confidence) + "\n");
                            });
  }
  bool has_failed() const { return has_failed_; }

 private:
  const CaptionCommand& command_;
  const CaptionOptions& options_;
  CaptionWorkers workers_;
  std::size_t number_ = 0;  // of names, those of other shards too
  bool has_failed_ = false;
};

}  // namespace

int caption_to_lines(const CaptionCommand& command, Session& session, const CaptionOptions& options) {
  LinesRun run(command, session, options);
  ImageArguments arguments = command.images;
  const bool reads_names = arguments.list == "-";
  Inputs inputs;
  if (reads_names) arguments.list.clear();
  if (!reads_names || !arguments.inputs.empty()) inputs = arguments.expand();
  run.caption(inputs.names);
  if (reads_names) {
    ListedNames listed(arguments.mark());
    for (std::vector<std::string> names; !(names = listed.next(LinesRun::kNamesAtOnce)).empty();) run.caption(names);
  }
  return run.has_failed() || inputs.has_failed ? kInputFailed : kOk;
}

}  // namespace tool
