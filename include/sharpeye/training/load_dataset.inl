#pragma once

/// @file
/// Bodies of load_dataset.hpp.

#include "sharpeye/training/load_dataset.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/file.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/text/unicode.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {
namespace detail {

/// Reads one captions file.
class DatasetReader {
 public:
  /// @param file a captions file; images are looked for in its folder and that folder's images/
  DatasetReader(std::string file, const DatasetOptions& options)
      : file_(std::move(file)), folder_(std::filesystem::path(file_).parent_path()), options_(options) {
    require(options.max_tokens == 0 || options.count_tokens, ErrorCode::kInvalidArgument,
            "DatasetOptions::count_tokens: expected a function where max_tokens is not 0");
  }

  Dataset read() {
    const std::string text = read_file(file_, kMaxCaptionsFileBytes);
    if (std::filesystem::path(file_).extension() == ".jsonl") {
      read_lines(text);
    } else {
      read_coco(parse_json(text, file_));
    }
    keep_good_images();
    const bool refused = options_.on_bad == OnBad::kRefuse && data_.report.total() != 0;
    if (refused) fail(ErrorCode::kFormat, file_, ": expected good images and captions, actual ", data_.report.text());
    if (data_.images.empty()) {
      const std::string why = data_.report.text();
      fail(ErrorCode::kFormat, file_, ": expected images with captions, actual none", why.empty() ? "" : ": ", why);
    }
    return std::move(data_);
  }

 private:
  void read_coco(const Json& json) {
    const auto list = [&](const char* key) -> const Json& {
      require(json.is_object() && json.contains(key) && json[key].is_list(), ErrorCode::kFormat, file_, ": ", key,
              ": expected a list");
      return json[key];
    };
    std::size_t number = 0;
    for (const Json& entry : list("images")) {
      const std::string where = concat(file_, ": images[", number++, "]");
      const JsonReader image(entry, where);
      const std::string id = id_text(entry, "id", where);
      require(image_of_.emplace(id, data_.images.size()).second, ErrorCode::kFormat, where,
              ": expected an id of its own", ", actual ", in_quotes(id), " is also that of an earlier image");
      add_image(image.text("file_name"), id, where);
    }
    number = 0;
    for (const Json& entry : list("annotations")) {
      const std::string place = concat("annotations[", number++, "]"), where = file_ + ": " + place;
      const JsonReader annotation(entry, where);
      const std::string id = id_text(entry, "image_id", where);
      const auto image = image_of_.find(id);
      if (image == image_of_.end()) {
        fail(ErrorCode::kFormat, where, ": image_id: expected the id of an image, actual ", in_quotes(id));
      }
      add_caption(image->second, annotation.text("caption"), drafts(annotation), place);
    }
  }

  void read_lines(std::string_view text) {
    JsonLines lines(text, file_);
    for (Json line; lines.next(line);) {
      const std::string place = lines.place(), where = lines.where();
      const JsonReader reader(std::move(line), where);
      const std::string name = reader.text("image");
      const auto [image, is_new] = image_of_.emplace(name, data_.images.size());  // may come again with more captions
      if (is_new) add_image(name, name, where);
      if (!reader.has("captions")) {
        add_caption(image->second, reader.text("caption"), drafts(reader), place);
        continue;
      }
      require(!reader.has("caption") && !reader.has("pseudo"), ErrorCode::kFormat, where,
              ": expected \"captions\", or \"caption\" with or without \"pseudo\", actual both");
      for (const std::string& caption : reader.texts("captions", kMaxTexts)) {
        add_caption(image->second, caption, {}, place);
      }
    }
  }

  static constexpr Index kMaxTexts = 1 << 16;

  static std::vector<std::string> drafts(const JsonReader& reader) {
    return reader.has("pseudo") ? reader.texts("pseudo", kMaxTexts) : std::vector<std::string>();
  }

  // COCO numbers its images; names are as good.
  static std::string id_text(const Json& entry, const char* key, const std::string& where) {
    const Json* id = entry.find(key);
    if (id != nullptr && id->is_text()) return id->get<std::string>();
    if (id != nullptr && id->is_integer()) return id->dump();  // of 64 bits, with or without sign
    const auto number = id == nullptr ? std::nullopt : id->as_whole_number();
    require(number.has_value(), ErrorCode::kFormat, where, ": ", key, ": expected a whole number or a text");
    return concat(*number);
  }

  void add_image(const std::string& name, const std::string& id, const std::string& where) {
    const std::filesystem::path path(name);
    bool is_inside = !name.empty() && !path.is_absolute() && name.find('\0') == name.npos;
    for (const auto& part : path) is_inside = is_inside && part != "..";
    require(is_inside, ErrorCode::kFormat, where, ": expected an image in the folder of the captions, actual ",
            in_quotes(name));
    data_.images.push_back({(folder_ / path).string(), id, {}, {}});
    names_.push_back(name);
    annotated_.push_back(false);
  }

  void add_caption(std::size_t image, const std::string& caption, const std::vector<std::string>& drafts,
                   const std::string& place) {
    annotated_[image] = true;
    const std::string name = names_[image] + " " + place;
    if (!is_good(caption, name)) return;
    data_.images[image].captions.emplace_back(strip(caption));
    auto& pseudo = data_.images[image].pseudo.emplace_back();
    for (const std::string& draft : drafts) {
      if (is_good(draft, name + " pseudo")) pseudo.emplace_back(strip(draft));
    }
  }

  bool is_good(const std::string& caption, const std::string& name) {
    const std::string text(strip(caption));
    if (text.empty()) {
      data_.report.add(DatasetProblem::kEmptyCaption, name);
      return false;
    }
    if (options_.max_tokens == 0) return true;
    const Index tokens = options_.count_tokens(text);
    if (tokens <= options_.max_tokens) return true;
    data_.report.add(DatasetProblem::kLongCaption, concat(name, ": ", tokens, " tokens"));
    return false;
  }

  void keep_good_images() {
    std::vector<CaptionedImage> good;
    for (std::size_t i = 0; i < data_.images.size(); ++i) {
      CaptionedImage& image = data_.images[i];
      if (!annotated_[i]) data_.report.add(DatasetProblem::kNoCaption, names_[i]);
      const bool is_readable = !options_.check_images || find_image(image.path, names_[i]);
      if (is_readable && !image.captions.empty()) good.push_back(std::move(image));
    }
    data_.images = std::move(good);
  }

  // Whether there is a complete image; `path` is then where.
  bool find_image(std::string& path, const std::string& name) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) path = (folder_ / "images" / name).string();
    if (!std::filesystem::exists(path, ignored)) {
      data_.report.add(DatasetProblem::kMissingImage, name);
      return false;
    }
    try {
      read_image_structure(read_file(path, kMaxImageFileBytes), path, options_.max_pixels);
    } catch (const Error& error) {
      data_.report.add(DatasetProblem::kUnreadableImage, error.what());
      return false;
    }
    return true;
  }

  std::string file_;
  std::filesystem::path folder_;
  const DatasetOptions& options_;
  Dataset data_;
  std::vector<std::string> names_;  // of data_.images as the file spells them
  std::vector<bool> annotated_;     // whether data_.images[i] has a caption, good or bad
  std::unordered_map<std::string, std::size_t> image_of_;
};

}  // namespace detail

SHARPEYE_BODY Dataset load_dataset(const std::string& path, const DatasetOptions& options) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(path, ignored)) return detail::DatasetReader(path, options).read();
  const std::string coco = path + "/captions.json", lines = path + "/captions.jsonl";
  const bool is_lines = !std::filesystem::exists(coco, ignored) && std::filesystem::exists(lines, ignored);
  return detail::DatasetReader(is_lines ? lines : coco, options).read();
}

}  // namespace training
SHARPEYE_NAMESPACE_END
