#pragma once

/// @file
/// Bodies of preprocessor_config.hpp.

#include "sharpeye/pipeline/preprocessor_config.hpp"

#include "sharpeye/core/folder.hpp"
#include "sharpeye/io/config_fields.hpp"
#include "sharpeye/pipeline/caption_model.hpp"

SHARPEYE_NAMESPACE_BEGIN

// Beside these stand the sizes, which are written in several ways.
template <class Fields>
void list_fields(PreprocessorConfig& config, Fields& fields) {
  ImageProcessorConfig& processor = config.processor;
  if (processor.tiling) {
    fields.boolean("do_image_splitting", processor.tiling->split);
    fields.constant("resample", 1);  // Lanczos
    fields.constant("do_convert_rgb", true);
  } else {
    fields.choice("aspect", processor.aspect,
                  Names<Aspect>{{Aspect::kPad, "pad"}, {Aspect::kCrop, "crop"}, {Aspect::kSquash, "squash"}});
    fields.constant("resample", 3);  // bicubic
  }
  fields.constant("do_resize", true);
  fields.constant("do_rescale", true);
  fields.constant("do_normalize", true);
  fields.number("rescale_factor", processor.rescale_factor, 0, 1e6);
  fields.numbers("image_mean", processor.mean, 0, 1);
  fields.numbers("image_std", processor.std, 1e-6, 1e6);
  fields.boolean("apply_exif", processor.apply_exif);
}

namespace detail {

/// Checks that a size is the tower's: an integer, `shortest_edge`, or `height` and `width`.
/// @return whether both sides are given, so that the ratio is lost
inline bool check_size(const JsonReader& json, const char* key, Index image_size) {
  if (!json.has(key)) return false;
  if (!json.is_object(key)) {
    json.integer(key, image_size, image_size);
    return false;
  }
  const JsonReader size = json.object(key);
  size.require_known_keys({"shortest_edge", "height", "width"});
  if (size.has("shortest_edge")) size.integer("shortest_edge", image_size, image_size);
  if (!size.has("height") && !size.has("width")) return false;
  for (const char* side : {"height", "width"}) size.integer(side, image_size, image_size);
  return true;
}

inline bool is_tiling(const JsonReader& json) {
  if (json.has("max_image_size")) return true;
  // Also "...Fast" and "...Pil", as different versions of transformers write the class.
  return json.text("image_processor_type", "").rfind("Idefics3ImageProcessor", 0) == 0;
}

/// The longer sides of the image and of a tile. @throws Error kConfig where the tile is not the tower's square
inline void read_tiling(const JsonReader& json, Index image_size, ImageProcessorConfig& processor) {
  const auto longest_edge = [&](const char* key, Index min, Index max) {
    const JsonReader size = json.object(key);
    size.require_known_keys({"longest_edge"});
    return size.integer("longest_edge", min, max);
  };
  longest_edge("max_image_size", image_size, image_size);
  processor.tiling = TilingConfig{longest_edge("size", 1, kMaxLongestEdge)};
  processor.mean = processor.std = {0.5, 0.5, 0.5};
  require(!json.has("aspect"), ErrorCode::kConfig, json.where("aspect"),
          ": expected no such key for images that are split into tiles");
}

}  // namespace detail

SHARPEYE_BODY PreprocessorConfig PreprocessorConfig::from_json(const JsonReader& json, Index image_size) {
  PreprocessorConfig config;
  config.processor.image_size = image_size;
  if (detail::is_tiling(json)) {
    detail::read_tiling(json, image_size, config.processor);
    read_fields(json, config);
    return config;
  }
  const bool is_squashed = detail::check_size(json, "size", image_size);
  detail::check_size(json, "crop_size", image_size);
  const bool crops = json.boolean("do_center_crop", false), pads = json.boolean("do_pad", false);
  if (crops) config.processor.aspect = Aspect::kCrop;
  if (is_squashed && !crops && !pads) config.processor.aspect = Aspect::kSquash;
  const Aspect implied = config.processor.aspect;
  read_fields(json, config);
  require(!crops || config.processor.aspect == implied, ErrorCode::kConfig, json.where("aspect"),
          ": expected \"crop\" with do_center_crop");
  require(!pads || config.processor.aspect == Aspect::kPad, ErrorCode::kConfig, json.where("do_pad"),
          ": expected false unless aspect is \"pad\"");
  return config;
}

SHARPEYE_BODY Json PreprocessorConfig::to_json() const {
  const Index size = processor.image_size;
  if (processor.tiling) {
    Json tiling{{"image_processor_type", "Idefics3ImageProcessor"},
                {"size", {{"longest_edge", processor.tiling->longest_edge}}},
                {"max_image_size", {{"longest_edge", size}}}};
    tiling.update(fields_to_json(*this));
    return tiling;
  }
  Json json{{"image_processor_type", "CLIPImageProcessor"},
            {"size", {{"shortest_edge", size}}},
            {"crop_size", {{"height", size}, {"width", size}}}};
  json.update(fields_to_json(*this));
  return json;
}

namespace detail {

inline bool is_nano_llava(const Json& config) {
  return config.is_object() && config.contains("model_type") && config["model_type"] == "llava-qwen2";
}

/// SigLIP's, which nanoLLaVA keeps in its code; images are padded where the configuration says so.
inline JsonReader nano_llava_processor(const Json& config, Index image_size, const std::string& path) {
  const bool pads = config.contains("image_aspect_ratio") && config["image_aspect_ratio"] == "pad";
  const Json half(Json::List{0.5, 0.5, 0.5});
  return JsonReader(Json{{"aspect", pads ? "pad" : "squash"},
                         {"size", Json{{"height", image_size}, {"width", image_size}}},
                         {"image_mean", half},
                         {"image_std", half}},
                    path);
}

}  // namespace detail

SHARPEYE_BODY PreprocessorConfig read_preprocessor_config(const std::string& folder, Index image_size) {
  const auto exists = [&](const char* name) { return file_exists(folder + "/" + name); };
  const bool is_inside = !exists("preprocessor_config.json") && exists("processor_config.json");
  const std::string path = folder + (is_inside ? "/processor_config.json" : "/preprocessor_config.json");
  if (!is_inside && !exists("preprocessor_config.json") && exists("config.json")) {
    const Json config = read_json_file(folder + "/config.json", kConfigFileLimit);
    if (detail::is_nano_llava(config)) {
      return PreprocessorConfig::from_json(detail::nano_llava_processor(config, image_size, path), image_size);
    }
  }
  const char* const expected = "preprocessor_config.json, or processor_config.json with an object image_processor";
  if (!exists("preprocessor_config.json") && !is_inside) fail_missing(folder, expected, "neither");
  const JsonReader json(read_json_file(path, kConfigFileLimit), path);
  if (is_inside && !json.has("image_processor")) fail_missing(folder, expected, "processor_config.json without it");
  return PreprocessorConfig::from_json(is_inside ? json.object("image_processor") : json, image_size);
}

SHARPEYE_NAMESPACE_END
