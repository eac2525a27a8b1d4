#pragma once

/// @file
/// What c_api.h keeps of a caption's attention.

#include <cstdint>
#include <utility>
#include <vector>

#include "sharpeye/core/image.hpp"
#include "sharpeye/pipeline/attention_map.hpp"
#include "sharpeye/pipeline/captioner.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace c_api {

/// Of one glance.
struct KeptAttention {
  std::int32_t glance;
  AttentionMaps maps;
  std::vector<std::int64_t> visual_keys;
  std::vector<PixelBox> boxes;  // as C reads them: four numbers each
};

/// @param image as the captioner got it
inline std::vector<KeptAttention> keep_attention(CaptionExplanation explanation, const Captioner& captioner,
                                                 const ImageView& image) {
  static_assert(sizeof(PixelBox) == 4 * sizeof(double));
  const bool lies = captioner.processor().config().apply_exif && image.orientation >= 5;  // EXIF's turns by 90 degrees
  const ImageSize upright = lies ? ImageSize{image.height, image.width} : ImageSize{image.width, image.height};
  std::vector<KeptAttention> all;
  for (GlanceExplanation& one : explanation.glances) {
    const auto count = static_cast<Index>(one.visual_keys.size());
    all.push_back({static_cast<std::int32_t>(one.round + 1),
                   std::move(one.attention),
                   {one.visual_keys.begin(), one.visual_keys.end()},
                   visual_token_boxes(captioner.processor(), upright, captioner.model().config(), one.round, count)});
  }
  return all;
}

}  // namespace c_api
SHARPEYE_NAMESPACE_END
