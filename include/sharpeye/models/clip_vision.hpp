#pragma once

/// @file
/// The CLIP vision tower (Hugging Face's CLIPVisionModel): patches, class token, pre-norm Transformer blocks.

#include <algorithm>
#include <vector>

#include "sharpeye/core/tensor.hpp"
#include "sharpeye/models/config_limits.hpp"
#include "sharpeye/nn/transformer.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// `vision_config`, with Hugging Face's keys.
struct ClipVisionConfig {
  Index hidden_size = 1024;
  Index intermediate_size = 4096;
  Index num_hidden_layers = 24;
  Index num_attention_heads = 16;
  Index image_size = 336;
  Index patch_size = 14;
  Activation hidden_act = Activation::kQuickGelu;
  double layer_norm_eps = 1e-5;

  /// @throws Error kConfig naming the key.
  static ClipVisionConfig from_json(const JsonReader& json) {
    ClipVisionConfig config;
    json.one_of("model_type", {"clip_vision_model"}, "clip_vision_model");
    config.hidden_size = json.integer("hidden_size", 1, kMaxHiddenSize);
    config.intermediate_size = json.integer("intermediate_size", 1, kMaxIntermediateSize);
    config.num_hidden_layers = json.integer("num_hidden_layers", 1, kMaxLayers);
    config.num_attention_heads = json.integer("num_attention_heads", 1, config.hidden_size);
    check_heads(config.hidden_size, config.num_attention_heads, json.where("num_attention_heads"));
    config.image_size = json.integer("image_size", 1, kMaxImageSize);
    config.patch_size = json.integer("patch_size", 1, config.image_size);
    require(config.image_size % config.patch_size == 0, ErrorCode::kConfig, json.where("patch_size"),
            ": expected a divisor of image_size ", config.image_size, ", actual ", config.patch_size);
    require(config.num_patches() <= kMaxPatches, ErrorCode::kConfig, json.where("patch_size"), ": expected at most ",
            kMaxPatches, " patches, actual ", config.num_patches());
    json.integer("num_channels", 3, 3, 3);
    config.hidden_act = read_activation(json, "hidden_act", "quick_gelu");
    config.layer_norm_eps = json.number("layer_norm_eps", 0, 1, 1e-5);
    return config;
  }

  /// Patches along one side of the image.
  Index grid_size() const { return image_size / patch_size; }
  Index num_patches() const { return grid_size() * grid_size(); }
  /// Values of one patch: channels x rows x columns.
  Index patch_values() const { return 3 * patch_size * patch_size; }
  /// A hidden state's index as Hugging Face counts: 0 is the embedding, i the output of block i, -1 the last.
  Index layer_index(Index index) const { return index < 0 ? num_hidden_layers + 1 + index : index; }
};

/// The image [3, size, size] cut into patches [grid * grid, 3 * p * p]: patch after patch in reading order, in each the
/// channels, rows and columns in the order of a convolution's weight.
inline Matrix<float> extract_patches(const std::vector<float>& pixel_values, Index image_size, Index patch_size) {
  const Index grid = image_size / patch_size;
  Matrix<float> patches(grid * grid, 3 * patch_size * patch_size);
  for (Index patch = 0; patch < patches.rows(); ++patch) {
    float* out = patches.data() + patch * patches.cols();
    const Index top = patch / grid * patch_size, left = patch % grid * patch_size;
    for (Index channel = 0; channel < 3; ++channel) {
      for (Index y = 0; y < patch_size; ++y) {
        const float* row = pixel_values.data() + (channel * image_size + top + y) * image_size + left;
        out = std::copy_n(row, patch_size, out);
      }
    }
  }
  return patches;
}

/// The tower's first `num_blocks` blocks. Immutable; shared between threads.
template <class Ops>
class ClipVision {
 public:
  using Tensor = typename Ops::Tensor;

  /// @param weights the scope `vision_model`. @param num_blocks the last hidden state anyone will read; later blocks
  /// are neither loaded nor run.
  ClipVision(const ClipVisionConfig& config, const WeightScope& weights, Index num_blocks)
      : config_(config),
        class_embedding_(as_row((weights / "embeddings").get("class_embedding", {config.hidden_size}))),
        patch_embedding_((weights / "embeddings" / "patch_embedding")
                             .get("weight", {config.hidden_size, 3, config.patch_size, config.patch_size})),
        position_embedding_(weights / "embeddings" / "position_embedding", 1 + config.num_patches(),
                            config.hidden_size),
        pre_layrnorm_(weights / "pre_layrnorm", config.hidden_size, config.layer_norm_eps),
        layers_(nn::make_layers<Ops>(weights / "encoder" / "layers", num_blocks,
                                     {config.hidden_size, config.num_attention_heads, config.intermediate_size,
                                      config.hidden_act, config.layer_norm_eps, nn::NormPlacement::kPre},
                                     nn::kClipLayerNames)) {}

  /// @param pixel_values normalised image [3, image_size, image_size]
  /// @param wanted indices in Hugging Face's numbering, each in [0, num_blocks]
  /// @return the wanted hidden states [1 + num_patches, hidden_size] in the order asked; row 0 is the class token
  std::vector<Tensor> operator()(Ops& ops, const std::vector<float>& pixel_values,
                                 const std::vector<Index>& wanted) const {
    const Tensor patches = ops.linear(
        ops.constant(extract_patches(pixel_values, config_.image_size, config_.patch_size)), patch_embedding_);
    Tensor x = ops.add(ops.concat_rows({ops.rows(class_embedding_, {0}), patches}),
                       position_embedding_.range(ops, 0, 1 + config_.num_patches()));
    x = pre_layrnorm_(ops, x);
    std::vector<Tensor> states(wanted.size());
    const Index last = *std::max_element(wanted.begin(), wanted.end());
    for (Index index = 0;; ++index) {
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (wanted[i] == index) states[i] = x;
      }
      if (index == last) return states;
      x = layers_[static_cast<std::size_t>(index)](ops, x);
    }
  }

 private:
  static WeightTensor as_row(WeightTensor vector) {
    vector.shape.insert(vector.shape.begin(), 1);
    return vector;
  }

  ClipVisionConfig config_;
  typename Ops::Matrix class_embedding_;
  typename Ops::Matrix patch_embedding_;
  nn::Embedding<Ops> position_embedding_;
  nn::LayerNorm<Ops> pre_layrnorm_;
  std::vector<nn::TransformerLayer<Ops>> layers_;
};

SHARPEYE_NAMESPACE_END
