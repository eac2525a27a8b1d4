#pragma once

/// @file
/// Bodies of second_as_first.hpp.

#include "sharpeye/models/second_as_first.hpp"

#include <string>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"
#include "sharpeye/io/renamed_source.hpp"
#include "sharpeye/models/initialize.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

inline void check_second_as_first(const MmSerConfig& config) {
  require(config.ser_connector.has_value(), ErrorCode::kConfig, "ser_connector: expected one, actual none");
  const SerConnectorConfig& ser = *config.ser_connector;
  const ConnectorConfig& connector = config.connector;
  const auto expect = [](bool condition, const char* key, const auto&... expected) {
    require(condition, ErrorCode::kConfig, "a second glance that begins as the first: ", key, ": expected ",
            expected...);
  };
  expect(ser.variant == SerConnectorConfig::Variant::kSelfAttention, "ser_connector.variant", "self_attention");
  expect(ser.norm_placement == NormPlacement::kPre, "ser_connector.norm_placement", "pre");
  expect(!ser.final_layer_norm, "ser_connector.final_layer_norm", "false");
  expect(ser.feature_concat == FeatureConcat::kChannel, "ser_connector.feature_concat", "channel");
  expect(!ser.type_embedding, "ser_connector.type_embedding", "false");
  expect(ser.visual_position_embedding != PositionKind::kSine2d, "ser_connector.visual_position_embedding",
         "learned or none");
  expect(ser.hidden_size == config.text_config.embedding_size(), "ser_connector.hidden_size",
         config.text_config.embedding_size(), ", the width of the language model's embeddings");
  expect(connector.vision_feature_layers.size() == 1 &&
             connector.vision_feature_layers.back() == ser.vision_feature_layers.back(),
         "ser_connector.vision_feature_layers", "the connector's only layer in the last place");
  expect(ser.visual_projector.to_text() == connector.type.to_text() && !connector.type.norm && connector.bias,
         "ser_connector.visual_projector", "connector.type, of matrices with biases and without a norm");
  expect(connector.select == FeatureSelect::kPatches && connector.pixel_shuffle == 1, "connector", "one token a patch");
}

/// The values of a tensor of such a SeR-Connector; empty for one that stays as it is. @param name below ser_connector
inline std::vector<float> second_as_first_values(const std::string& name, const TensorDeclaration& tensor,
                                                 const TensorSource& weights) {
  const auto ends_with = [&](const std::string& end) {
    return name.size() >= end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
  };
  std::vector<float> values(static_cast<std::size_t>(tensor.size()), 0.0f);
  const std::string projector = "visual_projector.";
  if (name.compare(0, projector.size(), projector) == 0) {
    const StoredTensor known = weights.read("multi_modal_projector." + name.substr(projector.size()));
    std::vector<float> own(static_cast<std::size_t>(known.size()));
    known.copy_to(own.data());
    // The connector's layer is the last: its columns are the last ones of each row.
    const std::size_t rows = static_cast<std::size_t>(tensor.shape.front());
    const std::size_t width = values.size() / rows, own_width = own.size() / rows;
    for (std::size_t i = 0; i < own.size(); ++i) {
      values[i / own_width * width + width - own_width + i % own_width] = own[i];
    }
    return values;
  }
  if (name == "output_projection.weight") {
    for (std::size_t i = 0; i < values.size(); i += static_cast<std::size_t>(tensor.shape.back()) + 1) values[i] = 1;
    return values;
  }
  const bool is_zero = name == "output_projection.bias" || name == "visual_position_embedding.weight" ||
                       ends_with("out_proj.weight") || ends_with("out_proj.bias") || ends_with("fc2.weight") ||
                       ends_with("fc2.bias");
  return is_zero ? values : std::vector<float>();
}

}  // namespace detail

SHARPEYE_BODY std::shared_ptr<const TensorSource> second_as_first(const MmSerConfig& config,
                                                                  const std::shared_ptr<const TensorSource>& weights) {
  detail::check_second_as_first(config);
  const std::string root = "ser_connector.";
  auto own = std::make_shared<MemorySource>();
  for (const TensorDeclaration& tensor : declare_tensors(config)) {
    if (tensor.name.compare(0, root.size(), root) != 0) continue;
    std::vector<float> values = detail::second_as_first_values(tensor.name.substr(root.size()), tensor, *weights);
    if (!values.empty()) own->add(tensor.name, tensor.shape, std::move(values));
  }
  auto others = std::make_shared<RenamedSource>(
      weights, [&](const std::string& name) { return own->find(name) == nullptr ? name : std::string(); });
  return std::make_shared<JoinedSource>(std::vector<std::shared_ptr<const TensorSource>>{own, others},
                                        weights->where());
}

SHARPEYE_NAMESPACE_END
