#pragma once

/// @file
/// Bodies of attention_map.hpp.

#include "sharpeye/pipeline/attention_map.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sharpeye/core/error.hpp"
#include "sharpeye/models/mm_ser_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// The mean attention of what is chosen to each key.
inline std::vector<double> mean_attention(const AttentionMaps& maps, const AttentionChoice& choice) {
  const auto range = [](const char* name, const std::optional<Index>& one, Index count) {
    require(!one || (*one >= 0 && *one < count), ErrorCode::kInvalidArgument, name, ": expected 0 to ", count - 1,
            ", actual ", one.value_or(0));
    return one ? std::pair(*one, *one + 1) : std::pair(Index{0}, count);
  };
  const auto [first_layer, end_layer] = range("layer", choice.layer, maps.num_layers);
  const auto [first_head, end_head] = range("head", choice.head, maps.num_heads);
  require(choice.first_token >= 0 && choice.first_token < choice.end_token && choice.end_token <= maps.num_queries,
          ErrorCode::kInvalidArgument, "tokens: expected some of ", maps.num_queries, ", actual ", choice.first_token,
          " to ", choice.end_token);
  std::vector<double> mean(static_cast<std::size_t>(maps.num_keys));
  for (Index layer = first_layer; layer < end_layer; ++layer) {
    for (Index head = first_head; head < end_head; ++head) {
      for (Index token = choice.first_token; token < choice.end_token; ++token) {
        const float* row = maps.row(layer, head, token);
        for (std::size_t key = 0; key < mean.size(); ++key) mean[key] += static_cast<double>(row[key]);
      }
    }
  }
  const auto count = static_cast<double>((end_layer - first_layer) * (end_head - first_head) *
                                         (choice.end_token - choice.first_token));
  for (double& value : mean) value /= count;
  return mean;
}

/// A square's tokens, grid after grid: `leading` without a place, then side x side of them.
inline void append_grid(std::vector<PixelBox>& boxes, const PixelBox& square, Index leading, Index side) {
  boxes.resize(boxes.size() + static_cast<std::size_t>(leading), {0, 0, 0, 0});
  const double width = square.width / static_cast<double>(side), height = square.height / static_cast<double>(side);
  for (Index i = 0; i < side * side; ++i) {
    const Index column = i % side, row = i / side;
    boxes.push_back({square.left + static_cast<double>(column) * width, square.top + static_cast<double>(row) * height,
                     width, height});
  }
}

}  // namespace detail

SHARPEYE_BODY std::vector<double> image_attention(const GlanceExplanation& glance, const AttentionChoice& choice) {
  return glance.to_visual_tokens(detail::mean_attention(glance.attention, choice).data());
}

SHARPEYE_BODY AttentionShares attention_shares(const GlanceExplanation& glance, const AttentionChoice& choice) {
  const std::vector<double> mean = detail::mean_attention(glance.attention, choice);
  AttentionShares shares{};
  for (std::size_t key = 0; key < mean.size(); ++key) {
    (key < static_cast<std::size_t>(glance.num_prompt_keys) ? shares.prompt : shares.caption) += mean[key];
  }
  for (const Index key : glance.visual_keys) shares.image += mean[static_cast<std::size_t>(key)];
  shares.prompt = std::max(0.0, shares.prompt - shares.image);
  return shares;
}

SHARPEYE_BODY double entropy(const std::vector<double>& map) {
  double sum = 0, bits = 0;
  for (const double value : map) sum += value;
  for (const double value : map) {
    if (value > 0) bits -= value / sum * std::log2(value / sum);
  }
  return std::max(0.0, bits);
}

SHARPEYE_BODY std::vector<PixelBox> visual_token_boxes(const ImageProcessor& processor, const ImageSize& image,
                                                       const MmSerConfig& config, Index round,
                                                       Index num_visual_tokens) {
  const std::vector<PixelBox> squares = processor.boxes(image);
  std::vector<PixelBox> boxes;
  const Index grid = config.vision_config.grid_size();
  if (round == 0) {
    const Index of_square = num_visual_tokens / static_cast<Index>(squares.size());
    const Index side = grid / config.connector.pixel_shuffle;
    for (const PixelBox& square : squares) detail::append_grid(boxes, square, of_square - side * side, side);
  } else if (config.ser_connector->variant == SerConnectorConfig::Variant::kSelfAttention) {
    const Index levels = num_visual_tokens / (grid * grid);
    for (Index level = 0; level < levels; ++level) detail::append_grid(boxes, squares.back(), 0, grid);
  }
  boxes.resize(static_cast<std::size_t>(num_visual_tokens), {0, 0, 0, 0});
  return boxes;
}

SHARPEYE_BODY std::vector<double> overlaps(const std::vector<PixelBox>& boxes, const PixelBox& region) {
  const auto common = [](double a, double a_length, double b, double b_length) {
    return std::max(0.0, std::min(a + a_length, b + b_length) - std::max(a, b));
  };
  std::vector<double> shares;
  for (const PixelBox& box : boxes) {
    const double area = box.width * box.height;
    shares.push_back(area <= 0 ? 0
                               : common(box.left, box.width, region.left, region.width) *
                                     common(box.top, box.height, region.top, region.height) / area);
  }
  return shares;
}

SHARPEYE_BODY double mass_in(const std::vector<double>& map, const std::vector<PixelBox>& boxes,
                             const PixelBox& region) {
  const std::vector<double> parts = overlaps(boxes, region);
  double inside = 0, all = 0;
  for (std::size_t i = 0; i < map.size(); ++i) {
    if (boxes[i].width * boxes[i].height <= 0) continue;
    inside += map[i] * parts[i];
    all += map[i];
  }
  return all > 0 ? inside / all : 0;
}

SHARPEYE_NAMESPACE_END
