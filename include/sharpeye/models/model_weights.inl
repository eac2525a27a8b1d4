#pragma once

/// @file
/// Bodies of model_weights.hpp.

#include "sharpeye/models/model_weights.hpp"

#include <algorithm>

#include "sharpeye/io/renamed_source.hpp"
#include "sharpeye/io/safetensors_folder.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// A beginning of names in some file, and ours. The first that fits is taken.
struct NamePrefix {
  const char *theirs, *ours;
};

inline constexpr NamePrefix kNamePrefixes[] = {
    // LLaVA's own layout; its projector counts activations too, which stand before all matrices but perhaps the last
    {"model.vision_tower.vision_tower.", "vision_tower."},
    {"model.mm_projector.0.", "multi_modal_projector.linear_1."},
    {"model.mm_projector.2.", "multi_modal_projector.linear_2."},
    {"model.mm_projector.4.", "multi_modal_projector.linear_3."},
    {"model.mm_projector.5.", "multi_modal_projector.linear_4."},
    {"model.mm_projector.6.", "multi_modal_projector.linear_4."},
    {"model.vision_tower.vision_model.", "vision_tower.vision_model."},
    {"model.vision_tower.", "vision_tower.vision_model."},
    {"vision_tower.embeddings.", "vision_tower.vision_model.embeddings."},
    {"vision_tower.pre_layrnorm.", "vision_tower.vision_model.pre_layrnorm."},
    {"vision_tower.encoder.", "vision_tower.vision_model.encoder."},
    {"vision_tower.post_layernorm.", "vision_tower.vision_model.post_layernorm."},
    {"vision_tower.head.", "vision_tower.vision_model.head."},
    {"model.multi_modal_projector.", "multi_modal_projector."},
    {"model.vision_model.", "vision_tower.vision_model."},
    {"model.connector.modality_projection.proj.", "multi_modal_projector.linear_1."},
    {"model.text_model.", "language_model.model."},
    {"model.language_model.", "language_model.model."},
    {"lm_head.", "language_model.lm_head."},
    {"vision_model.", "vision_tower.vision_model."},
    {"model.decoder.", "language_model.model.decoder."},
    {"model.embed_tokens.", "language_model.model.embed_tokens."},
    {"model.layers.", "language_model.model.layers."},
    {"model.norm.", "language_model.model.norm."},
    // GIT
    {"git.image_encoder.", "vision_tower."},
    {"git.visual_projection.visual_projection.0.", "multi_modal_projector.linear_1."},
    {"git.visual_projection.visual_projection.1.", "multi_modal_projector.norm."},
    {"git.", "language_model.git."},
    {"output.", "language_model.output."},
};

}  // namespace detail

SHARPEYE_BODY std::string model_tensor_name(const std::string& name) {
  for (const auto& [theirs, ours] : detail::kNamePrefixes) {
    const std::string beginning = theirs;
    if (name.compare(0, beginning.size(), beginning) == 0) return ours + name.substr(beginning.size());
  }
  return name;
}

SHARPEYE_BODY std::shared_ptr<const TensorSource> open_model_weights(const std::string& folder, LoadMode mode) {
  auto source = std::make_shared<const SafetensorsFolder>(folder, mode);
  const std::vector<std::string> names = source->names();
  const bool is_ours =
      std::all_of(names.begin(), names.end(), [](const std::string& name) { return model_tensor_name(name) == name; });
  if (is_ours) return source;
  return std::make_shared<const RenamedSource>(std::move(source), model_tensor_name);
}

SHARPEYE_NAMESPACE_END
