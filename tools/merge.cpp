/// @file
/// `sharpeye merge`: the files of several runs as one, if nothing is missing.

#include <algorithm>
#include <memory>
#include <optional>

#include "sharpeye/core/file.hpp"
#include "sharpeye/io/line_log.hpp"
#include "tools/caption_files.hpp"
#include "tools/images.hpp"
#include "tools/options.hpp"
#include "tools/terminal.hpp"

namespace tool {
namespace {

struct MergeCommand {
  std::vector<std::string> files;
  ImageArguments images;
  std::string out, format = "jsonl";
};

// The lines of all files, in the order of the images.
class Merge {
 public:
  Merge(const MergeCommand& command, std::vector<std::string>& names)
      : command_(command), names_(names), index_(names), places_(names.size()) {
    for (const std::string& file : command.files) read(file);
    check_complete();
  }

  void write_lines(const std::string& path) const {
    AtomicFile out(path);
    std::string line;
    for (const Place& place : places_) {
      line.resize(place.size);
      files_[place.file].read_at(place.offset, line.data(), line.size());
      out.write(line + "\n");
    }
    out.commit();
  }

  std::size_t failed() const { return failed_; }

 private:
  static constexpr std::uint32_t kNowhere = static_cast<std::uint32_t>(-1);
  // Where the line of an image is: sixteen bytes an image.
  struct Place {
    std::uint64_t offset = 0;
    std::uint32_t size = 0, file = kNowhere;
  };

  void read(const std::string& path) {
    const auto number_of_file = static_cast<std::uint32_t>(files_.size());
    const File& file = files_.emplace_back(path);
    const std::uint64_t end =
        for_each_line(file, [&](std::string_view text, std::uint64_t offset, std::uint64_t number) {
          const std::string where = concat(path, ": line ", number);
          Json line;
          const std::size_t i = find_line(text, where, index_, line);
          require(i != NameIndex::kNone, ErrorCode::kFormat, where, ": expected one of the images, actual ",
                  in_quotes(line.at("image").get<std::string>()));
          require(places_[i].file == kNowhere, ErrorCode::kFormat, where, ": expected each image once, actual ",
                  in_quotes(names_[i]), " again");
          places_[i] = {offset, static_cast<std::uint32_t>(text.size()), number_of_file};
          if (line.contains("error")) ++failed_;
        });
    require(end == file.size(), ErrorCode::kFormat, path, ": expected whole lines, but the last one is torn: run its",
            " caption command again, which repairs it");
  }

  void check_complete() const {
    std::size_t missing = 0, first = 0;
    for (std::size_t i = places_.size(); i-- > 0;) {
      if (places_[i].file != kNowhere) continue;
      ++missing;
      first = i;
    }
    require(missing == 0, ErrorCode::kFormat, "merge: expected a line for each of ", names_.size(),
            " images, actual none for ", missing, ", the first is ", missing == 0 ? "" : in_quotes(names_[first]));
  }

  const MergeCommand& command_;
  std::vector<std::string>& names_;
  NameIndex index_;
  std::vector<Place> places_;
  std::vector<File> files_;
  std::size_t failed_ = 0;
};

int run_merge(const MergeCommand& command) {
  Inputs inputs = command.images.expand();
  require(!inputs.has_failed, ErrorCode::kFileAccess, "merge: expected all folders to be readable");
  const CaptionFormat format = caption_format(command.format);
  if (format == CaptionFormat::kCoco) check_coco_ids(inputs.names);
  const Merge merge(command, inputs.names);
  const std::string lines = format == CaptionFormat::kLines ? command.out : command.out + ".jsonl";
  merge.write_lines(lines);
  if (format != CaptionFormat::kLines) write_captions(command.out, format, {lines});
  if (merge.failed() > 0)
    report(concat(lines, ": ", merge.failed(), " images have an error in the place of a caption"));
  return merge.failed() > 0 ? kInputFailed : kOk;
}

}  // namespace

void add_merge(Command& command) {
  const auto options = std::make_shared<MergeCommand>();
  command.description = "Put the files of caption --shard together, in one run's order, if no image is missing";
  command.texts("files", options->files, "What caption --out or --json wrote").type("FILE").required();
  options->images.add_to(command, "--images", "The images, as they were given to caption", "IMAGE|DIR|GLOB");
  command.text("-o,--output", options->out, "The file to write").type("FILE").required();
  command.text("--format", options->format, "csv and coco are made from FILE.jsonl").one_of({"jsonl", "csv", "coco"});
  command.run = [options] { return run_merge(*options); };
}

}  // namespace tool
