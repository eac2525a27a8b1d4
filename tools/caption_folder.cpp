#include "tools/caption_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "sharpeye/io/line_log.hpp"
#include "tools/caption_files.hpp"
#include "tools/caption_output.hpp"
#include "tools/progress_line.hpp"

namespace tool {
namespace {

namespace fs = std::filesystem;

class FolderRun {
 public:
  FolderRun(const CaptionCommand& command, Session& session, const CaptionOptions& options, Inputs inputs)
      : command_(command), session_(session), options_(options), inputs_(std::move(inputs)), names_(inputs_.names) {
    require(std::count(names_.begin(), names_.end(), "-") == 0, ErrorCode::kInvalidArgument,
            "--out: expected image files, actual -");
  }

  int to_lines() {
    NameIndex index(names_);  // drops names that come twice
    is_done_.resize(names_.size());
    const CaptionFormat format = caption_format(command_.format);
    if (format == CaptionFormat::kCoco) check_coco_ids(names_);
    const std::string path = format == CaptionFormat::kLines ? command_.out : command_.out + ".jsonl";
    LineLog log(path);
    if (log.torn() > 0) report(concat(path, ": cut off a torn last line of ", log.torn(), " bytes"));
    read_done(log, path, index);
    run([&](std::size_t i, const std::string& problem, const Caption& caption) {
      log.append(problem.empty() ? to_line(names_[i], caption, command_.min_confidence)
                                 : to_failure_line(names_[i], problem));
    });
    if (done_ < static_cast<Index>(names_.size())) return stopped();
    if (format != CaptionFormat::kLines) write_captions(command_.out, format, {path});
    if (failed_ > 0) report(concat(path, ": ", failed_, " images have an error in the place of a caption"));
    return failed_ > 0 || inputs_.has_failed ? kInputFailed : kOk;
  }

  int to_sidecars() {
    NameIndex index(names_);
    is_done_.resize(names_.size());
    std::vector<std::string> sidecars;
    for (const std::string& name : names_) sidecars.push_back(sidecar_of(name));
    const auto twice = [&] {
      std::sort(sidecars.begin(), sidecars.end());
      return std::adjacent_find(sidecars.begin(), sidecars.end());
    }();
    require(twice == sidecars.end(), ErrorCode::kInvalidArgument,
            "--format sidecar: expected a file of its own for each image, actual several images for ",
            twice == sidecars.end() ? "" : *twice);
    sidecars = {};
    for (std::size_t i = 0; i < names_.size(); ++i) {
      std::error_code ignored;
      if (fs::exists(sidecar_of(names_[i]), ignored)) is_done_[i] = true;
    }
    run([&](std::size_t i, const std::string& problem, const Caption& caption) {
      if (!problem.empty()) return;
      const bool sure = !command_.min_confidence || caption.refined_confidence.reaches(*command_.min_confidence);
      write_file(sidecar_of(names_[i]), (sure ? caption.refined : kNotSure) + "\n");
    });
    if (done_ < static_cast<Index>(names_.size())) return stopped();
    return failed_ > 0 || inputs_.has_failed ? kInputFailed : kOk;
  }

 private:
  static std::string sidecar_of(const std::string& name) { return fs::path(name).replace_extension(".txt").string(); }

  // Marks the images that have a line, and counts those whose line is an error.
  void read_done(const LineLog& log, const std::string& path, const NameIndex& index) {
    std::optional<Json> sample;
    std::size_t sample_place = NameIndex::kNone, others = 0;
    log.for_each([&](std::string_view text, std::uint64_t, std::uint64_t number) {
      const std::string where = concat(path, ": line ", number);
      Json line;
      const std::size_t place = find_line(text, where, index, line);
      if (place == NameIndex::kNone) {
        ++others;
        return;
      }
      require(!is_done_[place], ErrorCode::kFormat, where, ": expected each image once, actual ",
              in_quotes(names_[place]), " again");
      is_done_[place] = true;
      if (line.contains("error")) {
        ++failed_;
      } else if (!sample) {
        sample = std::move(line);
        sample_place = place;
      }
    });
    if (others > 0) report(concat(path, ": ", others, " lines are of images that are not among these"));
    if (sample && !command_.deadline_ms) check_settings(path, *sample, names_[sample_place]);
  }

  // A run that goes on with another model or other options would mix two kinds of captions in one file.
  void check_settings(const std::string& path, const Json& line, const std::string& name) {
    Json now;
    try {
      now =
          to_json(name, caption_one(command_, session_, session_.captioner(), options_, name), command_.min_confidence);
    } catch (const Error&) {
      return;  // the image has gone since
    }
    for (const char* key : {"initial", "refined", "rounds", "sure"}) {
      const Json *before = line.find(key), *after = now.find(key);
      const bool is_same = (before == nullptr) == (after == nullptr) && (before == nullptr || *before == *after);
      if (is_same) continue;
      fail(ErrorCode::kInvalidArgument, path, ": expected a file of the same model and options, but its \"", key,
           "\" of ", in_quotes(name), " is ", before ? before->dump() : "nothing", ", and would now be ",
           after ? after->dump() : "nothing", " (give another --out, or remove this one)");
    }
  }

  template <class Take>
  void run(const Take& take) {
    std::vector<std::uint32_t> todo;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (!is_done_[i]) todo.push_back(static_cast<std::uint32_t>(i));
    }
    const auto total = static_cast<Index>(names_.size());
    const Index before = total - static_cast<Index>(todo.size());
    if (before > 0) report(concat(before, " of ", total, " images are done"));
    ProgressLine progress("captions");
    progress.show(before, total);
    const auto name_of = [&](std::size_t i) -> const std::string& { return names_[todo[i]]; };
    try {
      CaptionWorkers workers(command_, session_);
      workers.caption_images(options_, Interruption::kWaits, todo.size(), name_of,
                             [&](std::size_t i, const Outcome& outcome) {
                               require(!outcome.is_skipped, ErrorCode::kCancelled, "caption: cancelled");
                               const std::string problem = outcome.problem(name_of(i));
                               if (!problem.empty()) {
                                 progress.clear();
                                 report(problem);
                                 ++failed_;
                               } else if (outcome.caption.deadline_passed) {
                                 progress.clear();
                                 report_deadline(name_of(i), outcome.caption);
                               }
                               take(todo[i], problem, outcome.caption);
                               done_ = before + static_cast<Index>(i) + 1;
                               if (progress.is_terminal()) progress.show(done_, total);
                             });
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCancelled) throw;
    }
    if (progress.is_terminal()) progress.finish();
    done_ = std::max(done_, before);
  }

  int stopped() const {
    report(concat("stopped after ", done_, " of ", names_.size(), " images; the same command goes on"));
    return kInterrupted;
  }

  const CaptionCommand& command_;
  Session& session_;
  const CaptionOptions& options_;
  Inputs inputs_;
  std::vector<std::string>& names_;
  std::vector<bool> is_done_;
  Index done_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace

int caption_to_files(const CaptionCommand& command, Session& session, const CaptionOptions& options, Inputs inputs) {
  FolderRun run(command, session, options, std::move(inputs));
  return command.format == "sidecar" ? run.to_sidecars() : run.to_lines();
}

}  // namespace tool
