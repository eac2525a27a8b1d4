#pragma once

/// @file
/// Bodies of coco_files.hpp.

#include "sharpeye/io/coco_files.hpp"

#include <limits>

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

inline constexpr std::size_t kCocoSeveral = std::numeric_limits<std::size_t>::max();

inline std::string coco_last_component(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

inline const Json& coco_list(const Json& root, const char* key, const std::string& file) {
  require(root.is_object(), ErrorCode::kFormat, file, ": expected a JSON object, actual ", root.type_name());
  const Json* entry = root.find(key);
  require(entry != nullptr && entry->is_list(), ErrorCode::kFormat, file, ": ", key, ": expected a list, actual ",
          entry == nullptr ? "nothing: the key is missing" : entry->type_name());
  return *entry;
}

// Everything before the count-th full stop.
inline std::string coco_first_sentences(const std::string& text, Index count) {
  std::size_t end = text.find('.');
  for (; count > 1 && end != text.npos; --count) end = text.find('.', end + 1);
  return text.substr(0, end);
}

}  // namespace detail

SHARPEYE_BODY CocoCaptions::CocoCaptions(std::string_view text, std::string name) : file_(std::move(name)) {
  const Json root = parse_json(text, file_);
  const Json& annotations = detail::coco_list(root, "annotations", file_);
  if (root.contains("images")) {
    const Json& images = detail::coco_list(root, "images", file_);
    for (std::size_t i = 0; i < images.size(); ++i)
      add_image(JsonReader(images[i], concat(file_, ": images[", i, "]")));
  } else {
    // Entries without an id are refused below, where the captions are read.
    for (const Json& annotation : annotations) {
      const Json* id = annotation.is_object() ? annotation.find("image_id") : nullptr;
      if (id == nullptr) continue;
      const std::optional<std::int64_t> number = id->as_whole_number();
      if (number || id->is_text()) add(number ? Json(*number) : *id);
    }
  }
  for (std::size_t i = 0; i < annotations.size(); ++i) {
    const JsonReader reader(annotations[i], concat(file_, ": annotations[", i, "]"));
    find_id(reader.id("image_id"), reader.where("image_id")).references.push_back(reader.text("caption"));
  }
}

SHARPEYE_BODY void CocoCaptions::add_image(const JsonReader& reader) {
  const Json id = reader.id("id");
  const bool is_new = add(id);
  require(is_new, ErrorCode::kFormat, reader.where("id"), ": expected each image once, actual ", id.dump(), " twice");
  if (!reader.has("file_name")) return;
  const std::string name = reader.text("file_name"), last = detail::coco_last_component(name);
  const auto index = images_.size() - 1;
  if (!by_name_.try_emplace(name, index).second) by_name_[name] = detail::kCocoSeveral;
  if (!by_last_.try_emplace(last, index).second) by_last_[last] = detail::kCocoSeveral;
}

SHARPEYE_BODY bool CocoCaptions::add(const Json& id) {
  if (!by_id_.try_emplace(id.dump(), images_.size()).second) return false;
  images_.push_back({id, {}, {}});
  return true;
}

SHARPEYE_BODY CocoImage& CocoCaptions::find_id(const Json& id, const std::string& where) {
  const auto entry = by_id_.find(id.dump());
  if (entry == by_id_.end()) fail(ErrorCode::kFormat, where, ": expected an image of ", file_, ", actual ", id.dump());
  return images_[entry->second];
}

SHARPEYE_BODY CocoImage& CocoCaptions::find_name(const std::string& path, const std::string& where) {
  const bool is_exact = by_name_.count(path) > 0;
  const auto& names = is_exact ? by_name_ : by_last_;
  const auto entry = names.find(is_exact ? path : detail::coco_last_component(path));
  if (entry == names.end()) {
    fail(ErrorCode::kFormat, where, ": expected a file_name of ", file_, ", actual ", in_quotes(path));
  }
  require(entry->second != detail::kCocoSeveral, ErrorCode::kFormat, where, ": expected the name of one image of ",
          file_, ", actual several have ", in_quotes(entry->first));
  return images_[entry->second];
}

SHARPEYE_BODY void CocoCaptions::add_result(const JsonReader& reader, const CocoResultOptions& options) {
  const bool has_id = reader.has("image_id");
  CocoImage& image = has_id ? find_id(reader.id("image_id"), reader.where("image_id"))
                            : find_name(reader.text("image"), reader.where("image"));
  require(!image.prediction, ErrorCode::kFormat, reader.where(has_id ? "image_id" : "image"),
          ": expected one prediction for each image, actual a second one for image ", image.id.dump());
  const bool is_plain = options.field.empty() && reader.has("caption");
  const std::string text = reader.text(is_plain ? "caption" : options.field.empty() ? "refined" : options.field);
  image.prediction = options.first_sentences ? detail::coco_first_sentences(text, *options.first_sentences) : text;
}

SHARPEYE_BODY void CocoCaptions::add_results(std::string_view text, const std::string& name,
                                             const CocoResultOptions& options) {
  const std::string_view content = without_bom(text);
  const std::size_t begin = content.find_first_not_of(" \t\r\n");
  if (begin != content.npos && content[begin] == '[') {
    const Json list = parse_json(content, name);
    for (std::size_t i = 0; i < list.size(); ++i) {
      add_result(JsonReader(list[i], concat(name, ": [", i, "]")), options);
    }
    return;
  }
  JsonLines lines(content, name);
  for (Json line; lines.next(line);) add_result(JsonReader(line, lines.where()), options);
}

SHARPEYE_NAMESPACE_END
