#pragma once

/// @file
/// Bodies of read_generation_config.hpp.

#include "sharpeye/pipeline/read_generation_config.hpp"

#include <utility>

#include "sharpeye/core/folder.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/pipeline/caption_model.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// What transformers' `generate` does where the file says nothing.
inline void add_hugging_face_defaults(Json& json, const MmSerConfig& config) {
  const std::pair<const char*, Json> defaults[] = {
      {"num_beams", 1}, {"length_penalty", 1.0}, {"early_stopping", false}};
  for (const auto& [key, value] : defaults) {
    if (!json.contains(key) || json[key].is_null()) json[key] = value;
  }
  const Index eos = config.text_config.eos_token_id();
  if (eos >= 0 && !json.contains("eos_token_id")) json["eos_token_id"] = eos;
  if (!json.contains("max_new_tokens")) json.erase("max_length");  // it counts the image's tokens
}

}  // namespace detail

SHARPEYE_BODY GenerationConfig read_generation_config(const std::string& folder, const MmSerConfig& config,
                                                      bool refine) {
  const std::string path = folder + "/generation_config.json";
  const bool is_ours = config.model_type == MmSerConfig::kModelType;
  const bool is_missing = !file_exists(path);
  if (is_ours && is_missing) fail_missing(folder, "generation_config.json, as for every \"mm-ser\" model", "none");
  Json json = is_missing ? Json::object() : read_json_file(path, kConfigFileLimit);
  if (refine && json.contains("refine")) {
    const Json changes = json["refine"];
    require(changes.is_object(), ErrorCode::kConfig, path, ": refine: expected an object, actual ",
            changes.type_name());
    json.update(changes);
  }
  if (!is_ours && json.is_object()) detail::add_hugging_face_defaults(json, config);
  return GenerationConfig::from_json(JsonReader(std::move(json), refine ? path + " with refine" : path),
                                     config.text_config.vocab_size());
}

SHARPEYE_NAMESPACE_END
