/// @file
/// `sharpeye caption`: both captions of every image.

#include <algorithm>
#include <memory>

#include "tools/caption_folder.hpp"
#include "tools/caption_lines.hpp"
#include "tools/caption_output.hpp"
#include "tools/caption_work.hpp"

namespace tool {
namespace {

int run_caption(const CaptionCommand& command) {
  Session session(command.session);
  const CaptionOptions options = command.options(session.model());
  catch_interrupts();
  if (command.writes_lines()) return caption_to_lines(command, session, options);
  Inputs inputs = command.images.expand();
  command.shard.apply(inputs.names);
  if (command.writes_files()) return caption_to_files(command, session, options, std::move(inputs));
  const std::vector<std::string>& names = inputs.names;
  require(command.parallel == 1 || std::count(names.begin(), names.end(), "-") == 0, ErrorCode::kInvalidArgument,
          "--parallel: expected image files, actual -");
  int exit_code = inputs.has_failed ? kInputFailed : kOk;
  const auto name_of = [&](std::size_t i) -> const std::string& { return names[i]; };
  CaptionWorkers workers(command, session);
  workers.caption_images(options, Interruption::kCancels, names.size(), name_of,
                         [&](std::size_t i, const Outcome& outcome) {
                           require(!is_interrupted(), ErrorCode::kCancelled, "caption: cancelled");
                           const std::string& name = names[i];
                           if (const std::string problem = outcome.problem(name); !problem.empty()) {
                             report(problem);
                             exit_code = kInputFailed;
                             return;
                           }
                           const Caption& caption = outcome.caption;
                           report_deadline(name, caption);
                           if (command.json) {
                             write_out(to_json(name, caption, command.min_confidence).dump() + "\n");
                           } else if (!command.stream) {
                             write_out(to_text(name, caption, command.min_confidence));
                           }
                         });
  return exit_code;
}

}  // namespace

void add_caption(Command& command) {
  const auto options = std::make_shared<CaptionCommand>();
  command.description = "Caption images";
  options->add_to(command);
  command.run = [options] { return run_caption(*options); };
}

}  // namespace tool
