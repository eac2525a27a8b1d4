#pragma once

/// @file
/// What c_api.h keeps of a caption's attention.

#include <algorithm>
#include <cstddef>
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

/// The smallest box around those of each group; no groups: the boxes as they are.
inline std::vector<PixelBox> join_boxes(std::vector<PixelBox> boxes,
                                        const std::vector<std::vector<std::int32_t>>& groups) {
  if (groups.empty()) return boxes;
  std::vector<PixelBox> joined;
  for (const auto& group : groups) {
    PixelBox all{};
    for (const std::int32_t member : group) {
      const PixelBox& box = boxes[static_cast<std::size_t>(member)];
      if (box.width <= 0 || box.height <= 0) continue;  // it has no place
      if (all.width <= 0) all = box;
      const double right = std::max(all.left + all.width, box.left + box.width);
      const double bottom = std::max(all.top + all.height, box.top + box.height);
      all.left = std::min(all.left, box.left);
      all.top = std::min(all.top, box.top);
      all.width = right - all.left;
      all.height = bottom - all.top;
    }
    joined.push_back(all);
  }
  return joined;
}

/// @param image as the captioner got it
inline std::vector<KeptAttention> keep_attention(CaptionExplanation explanation, const Captioner& captioner,
                                                 const ImageView& image) {
  static_assert(sizeof(PixelBox) == 4 * sizeof(double));
  const bool lies = captioner.processor().config().apply_exif && image.orientation >= 5;  // EXIF's turns by 90 degrees
  const ImageSize upright = lies ? ImageSize{image.height, image.width} : ImageSize{image.width, image.height};
  std::vector<KeptAttention> all;
  for (GlanceExplanation& one : explanation.glances) {
    std::vector<PixelBox> boxes = visual_token_boxes(captioner.processor(), upright, captioner.model().config(),
                                                     one.round, one.num_visual_tokens());
    all.push_back({static_cast<std::int32_t>(one.round + 1),
                   std::move(one.attention),
                   {one.visual_keys.begin(), one.visual_keys.end()},
                   join_boxes(std::move(boxes), one.visual_groups)});
  }
  return all;
}

}  // namespace c_api
SHARPEYE_NAMESPACE_END
