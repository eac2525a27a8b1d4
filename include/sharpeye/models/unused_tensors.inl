#pragma once

/// @file
/// Bodies of unused_tensors.hpp.

#include "sharpeye/models/unused_tensors.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "sharpeye/models/clip_vision_config.hpp"
#include "sharpeye/models/idefics3_vision_config.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/models/siglip_vision_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

inline void check_position_ids(WeightLoader& loader, const std::string& name, Index count) {
  const TensorInfo& info = loader.source().info(name);
  require(num_elements(info.shape) == count && !info.shape.empty() && info.shape.back() == count, ErrorCode::kShape,
          loader.source().where(), ": ", name, ": expected [1, ", count, "], file has ", shape_text(info.shape));
  const StoredTensor ids = loader.get_stored(name);
  std::vector<float> values(static_cast<std::size_t>(count));
  ids.copy_to(values.data());
  if (size_of(ids.dtype) < 4) return;  // (a model saved in 16 bits may have rounded them)
  for (Index i = 0; i < count; ++i) {
    const float value = values[static_cast<std::size_t>(i)];
    require(value == static_cast<float>(i), ErrorCode::kUnsupported, loader.source().where(), ": ", name, ": expected ",
            i, " at ", i, ", actual ", value);
  }
}

// Of two weights of one shape: where the first elements differ, or -1.
inline Index first_difference(const WeightTensor& a, const WeightTensor& b) {
  const auto same_floats = [](const WeightTensor::Floats& x, const WeightTensor::Floats& y) {
    return x == y || (x && y && *x == *y);
  };
  if (a.codec == b.codec && a.in_panels == b.in_panels && same_floats(a.scales, b.scales) &&
      same_floats(a.sums, b.sums)) {
    const WeightLayout layout = a.in_panels ? a.codec->panels_layout({}, a.shape) : a.codec->rows_layout({}, a.shape);
    const auto bytes = static_cast<std::size_t>(layout.elements.size() * size_of(layout.elements.dtype));
    if (std::memcmp(a.data, b.data, bytes) == 0) return -1;
  }
  if (a.in_panels || b.in_panels) return 0;
  std::vector<float> left(static_cast<std::size_t>(a.size())), right(left.size());
  a.copy_to(left.data());
  b.copy_to(right.data());
  const auto found = std::mismatch(left.begin(), left.end(), right.begin()).first;
  return found == left.end() ? -1 : found - left.begin();
}

}  // namespace detail

SHARPEYE_BODY void skip_unused_tensors(WeightLoader& loader, const MmSerConfig& config) {
  std::visit(
      [&](const auto& vision) { skip_unused_vision(loader, "vision_tower", vision, config.num_vision_blocks()); },
      config.vision_config.any);
  std::visit(
      [&](const auto& text) {
        skip_unused_head(loader, "language_model", text);
        if (config.own_refine_language_model) skip_unused_head(loader, "refine_language_model", text);
      },
      config.text_config.any);
}

SHARPEYE_BODY void skip_unused_head(WeightLoader& loader, const std::string& model, const OptConfig& config) {
  if (!config.tie_word_embeddings) return;
  check_tied_head(loader, model + ".lm_head.weight", model + ".model.decoder.embed_tokens.weight", config.vocab_size,
                  config.word_embed_proj_dim);
}

SHARPEYE_BODY void skip_unused_head(WeightLoader& loader, const std::string& model, const LlamaConfig& config) {
  for (Index layer = 0; layer < config.num_hidden_layers; ++layer) {
    const std::string frequencies = concat(model, ".model.layers.", layer, ".self_attn.rotary_emb.inv_freq");
    if (loader.has(frequencies)) loader.skip(frequencies, {config.head_dim / 2});
  }
  if (!config.tie_word_embeddings) return;
  check_tied_head(loader, model + ".lm_head.weight", model + ".model.embed_tokens.weight", config.vocab_size,
                  config.hidden_size);
}

SHARPEYE_BODY void skip_unused_head(WeightLoader& loader, const std::string& model, const GitTextConfig& config) {
  const std::string embeddings = model + ".git.embeddings.", ids = embeddings + "position_ids";
  if (loader.source().find(ids) != nullptr) {
    detail::check_position_ids(loader, ids, config.max_position_embeddings);
  }
  if (!config.tie_word_embeddings) return;
  check_tied_head(loader, model + ".output.weight", embeddings + "word_embeddings.weight", config.vocab_size,
                  config.hidden_size);
}

namespace detail {

/// The blocks from `num_blocks` on, the last norm, and `others`: of a tower of this kind.
template <class Config>
void skip_unused_tower(WeightLoader& loader, const std::string& tower, const Config& config, Index num_blocks,
                       std::vector<TensorDeclaration> others) {
  const Index size = config.hidden_size, inner = config.intermediate_size;
  for (Index block = num_blocks; block < config.num_hidden_layers; ++block) {
    const std::string path = tower + ".encoder.layers." + std::to_string(block) + ".";
    const auto add = [&](const char* part, Index rows, Index columns) {  // a matrix and its bias
      others.push_back({path + part + ".weight", DType::kF32, {rows, columns}});
      others.push_back({path + part + ".bias", DType::kF32, {rows}});
    };
    for (const char* part : {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj"}) {
      add(part, size, size);
    }
    add("mlp.fc1", inner, size);
    add("mlp.fc2", size, inner);
    for (const char* norm : {"layer_norm1.weight", "layer_norm1.bias", "layer_norm2.weight", "layer_norm2.bias"}) {
      others.push_back({path + norm, DType::kF32, {size}});
    }
  }
  for (const char* name : {".post_layernorm.weight", ".post_layernorm.bias"}) {
    others.push_back({tower + name, DType::kF32, {config.hidden_size}});
  }
  for (const TensorDeclaration& tensor : others) {
    if (loader.has(tensor.name)) loader.skip(tensor.name, tensor.shape);
  }
  const std::string ids = tower + ".embeddings.position_ids";
  if (loader.source().find(ids) != nullptr) {
    check_position_ids(loader, ids, config.num_prefix_tokens() + config.num_patches());
  }
}

}  // namespace detail

SHARPEYE_BODY void skip_unused_vision(WeightLoader& loader, const std::string& scope, const ClipVisionConfig& config,
                                      Index num_blocks) {
  detail::skip_unused_tower(loader, scope + ".vision_model", config, num_blocks, {});
}

SHARPEYE_BODY void skip_unused_vision(WeightLoader& loader, const std::string& scope, const GitVisionConfig& config,
                                      Index num_blocks) {
  detail::skip_unused_tower(loader, scope + ".vision_model", config, num_blocks, {});
}

SHARPEYE_BODY void skip_unused_vision(WeightLoader& loader, const std::string& scope, const SiglipVisionConfig& config,
                                      Index num_blocks) {
  const std::string tower = scope + ".vision_model", head = tower + ".head.";
  const Index size = config.hidden_size, inner = config.intermediate_size;
  detail::skip_unused_tower(loader, tower, config, num_blocks,
                            {{head + "probe", DType::kF32, {1, 1, size}},
                             {head + "attention.in_proj_weight", DType::kF32, {3 * size, size}},
                             {head + "attention.in_proj_bias", DType::kF32, {3 * size}},
                             {head + "attention.out_proj.weight", DType::kF32, {size, size}},
                             {head + "attention.out_proj.bias", DType::kF32, {size}},
                             {head + "layernorm.weight", DType::kF32, {size}},
                             {head + "layernorm.bias", DType::kF32, {size}},
                             {head + "mlp.fc1.weight", DType::kF32, {inner, size}},
                             {head + "mlp.fc1.bias", DType::kF32, {inner}},
                             {head + "mlp.fc2.weight", DType::kF32, {size, inner}},
                             {head + "mlp.fc2.bias", DType::kF32, {size}}});
}

SHARPEYE_BODY void skip_unused_vision(WeightLoader& loader, const std::string& scope,
                                      const Idefics3VisionConfig& config, Index num_blocks) {
  detail::skip_unused_tower(loader, scope + ".vision_model", config, num_blocks, {});
}

SHARPEYE_BODY void check_tied_head(WeightLoader& loader, const std::string& head, const std::string& table,
                                   Index vocab_size, Index size) {
  if (!loader.has(head)) return;
  // Not through a derived loader's get(): the head is no weight of the model.
  const WeightTensor a = loader.WeightLoader::get(head, {vocab_size, size});
  const WeightTensor b = loader.WeightLoader::get(table, {vocab_size, size});
  const Index element = detail::first_difference(a, b);
  require(element < 0, ErrorCode::kUnsupported, loader.source().where(), ": ", head, ": expected equal to ", table,
          ", for tie_word_embeddings is true, actual differs",
          a.in_panels || b.in_panels ? "" : concat(" at element ", element));
}

SHARPEYE_NAMESPACE_END
