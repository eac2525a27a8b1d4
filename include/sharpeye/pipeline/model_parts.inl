#pragma once

/// @file
/// Bodies of model_parts.hpp.

#include "sharpeye/pipeline/model_parts.hpp"

#include <algorithm>
#include <cstdlib>

#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/io/tensor_source.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/pipeline/model_folder.hpp"
#include "sharpeye/text/substrings.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Whether a config.json describes a whole captioner: both objects, and not as CLIP and SigLIP have them (there
/// `text_config` is no language model).
inline bool is_captioner(const JsonReader& json) {
  const std::string type = json.text("model_type", "");
  return json.has("vision_config") && json.has("text_config") && type != "clip" && type != "siglip";
}

SHARPEYE_BODY VisionConfig read_vision_part(const std::string& folder) {
  const JsonReader json = read_model_config(folder);
  if (is_captioner(json)) return MmSerConfig::from_json(json).vision_config;
  if (!json.has("vision_config")) return VisionConfig::from_json(json);
  const JsonReader vision = json.object("vision_config");
  if (json.text("model_type", "") == "siglip" && !vision.has("model_type"))
    return SiglipVisionConfig::from_json(vision);
  return VisionConfig::from_json(vision);
}

SHARPEYE_BODY LanguageModelConfig read_language_model_part(const std::string& folder) {
  const JsonReader json = read_model_config(folder);
  return is_captioner(json) ? MmSerConfig::from_json(json).text_config : LanguageModelConfig::from_json(json);
}

SHARPEYE_BODY std::string vision_part_name(const std::string& name) {
  std::string known = model_tensor_name(name);
  if (begins_with(known, "vision_tower.")) return known;
  for (const char* root : {"embeddings.", "encoder.", "pre_layrnorm.", "post_layernorm.", "head."}) {
    if (begins_with(name, root)) return "vision_tower.vision_model." + name;
  }
  return {};
}

SHARPEYE_BODY std::string language_model_part_name(const std::string& name) {
  std::string known = model_tensor_name(name);
  if (begins_with(known, "language_model.")) return known;
  for (const char* root : {"decoder.", "layers.", "embed_tokens.", "norm."}) {
    if (begins_with(name, root)) return "language_model.model." + name;
  }
  return {};
}

SHARPEYE_BODY std::string ser_connector_part_name(const std::string& name) {
  return begins_with(name, "ser_connector.") ? name : std::string();
}

/// What stands behind the projector's root: "linear_1.weight", or "0.weight".
inline std::string projector_rest(const std::string& name) {
  std::string known = model_tensor_name(name);
  for (const char* root : {"multi_modal_projector.", "model.mm_projector.", "mm_projector.", "connector."}) {
    if (begins_with(known, root)) return known.substr(std::string(root).size());
  }
  const bool is_bare = begins_with(name, "linear_") || (!name.empty() && name[0] >= '0' && name[0] <= '9');
  return is_bare ? name : std::string();
}

SHARPEYE_BODY std::vector<Index> sequential_places(const std::vector<std::string>& names) {
  std::vector<Index> places;
  for (const std::string& name : names) {
    const std::string rest = projector_rest(name);
    const bool is_place = !rest.empty() && rest[0] >= '0' && rest[0] <= '9';
    if (is_place && rest.find(".weight") != std::string::npos) places.push_back(std::atol(rest.c_str()));
  }
  std::sort(places.begin(), places.end());
  return places;
}

SHARPEYE_BODY Rename connector_part_rename(const std::vector<Index>& places) {
  return [places](const std::string& name) -> std::string {
    const std::string rest = projector_rest(name);
    if (rest.empty()) return {};
    if (places.empty()) return "multi_modal_projector." + rest;
    const auto place = std::find(places.begin(), places.end(), static_cast<Index>(std::atol(rest.c_str())));
    if (place == places.end()) return {};
    return concat("multi_modal_projector.linear_", place - places.begin() + 1, rest.substr(rest.find('.')));
  };
}

SHARPEYE_BODY MlpType connector_form(const TensorSource& source, const std::vector<Index>& places) {
  MlpType type{0, 0};
  const auto width = [&](Index i) {
    const TensorInfo* info = source.find(concat("multi_modal_projector.linear_", i, ".weight"));
    return info == nullptr || info->shape.size() != 2 ? 0 : info->shape[0];
  };
  while (width(type.depth + 1) != 0) ++type.depth;
  require(type.depth > 0, ErrorCode::kMissingTensor, source.where(),
          ": expected a connector (linear_1.weight, or 0.weight as in LLaVA's mm_projector), actual none");
  const Index inner = width(1), outer = width(type.depth);
  const bool is_bottleneck = inner != outer || (places.size() > 1 && places[places.size() - 2] + 1 == places.back());
  if (is_bottleneck) {
    require(inner % outer == 0, ErrorCode::kShape, source.where(), ": linear_1.weight: expected a multiple of ", outer,
            " rows, the width of the language model, actual ", inner);
    type.expansion = inner / outer;
  }
  return type;
}

}  // namespace detail

SHARPEYE_NAMESPACE_END
