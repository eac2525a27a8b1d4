#pragma once

/// @file
/// Attention as a picture: where in the image it lies, how far it is spread, how much of it falls on a region.

#include <optional>
#include <vector>

#include "sharpeye/core/types.hpp"
#include "sharpeye/pipeline/caption_explainer.hpp"
#include "sharpeye/vision/image_processor.hpp"

SHARPEYE_NAMESPACE_BEGIN

struct MmSerConfig;

/// Some of a glance's attention, of which the mean is wanted.
struct AttentionChoice {
  Index first_token, end_token;      ///< of the caption
  std::optional<Index> layer, head;  ///< empty: all of them
};

/// The mean attention of the chosen tokens, layers and heads to each visual token; where some were merged, each of them
/// has an equal part of what they got. @return [GlanceExplanation::num_visual_tokens()], which sum to their share of
/// all attention @throws Error kInvalidArgument for a token, layer or head that is not there
std::vector<double> image_attention(const GlanceExplanation& glance, const AttentionChoice& choice);

/// To what kind of key attention goes; together 1.
struct AttentionShares {
  double image, prompt, caption;  ///< visual tokens, other tokens of the prompt, tokens that were written before
};
AttentionShares attention_shares(const GlanceExplanation& glance, const AttentionChoice& choice);

/// -sum p log2 p of a map divided by its sum, in bits; from 0 to log2 of its size.
double entropy(const std::vector<double>& map);

/// Where visual tokens stand in an image, turned upright if the processor does so, of the given size. What has no place
/// (a class token, a caption's token, a learned query) has a box of no size.
/// @param round 0 for the first glance @param num_visual_tokens of that glance
std::vector<PixelBox> visual_token_boxes(const ImageProcessor& processor, const ImageSize& image,
                                         const MmSerConfig& config, Index round, Index num_visual_tokens);

/// The part of each box that lies in `region`, from 0 to 1.
std::vector<double> overlaps(const std::vector<PixelBox>& boxes, const PixelBox& region);

/// The share of a map that falls on a region: sum map * overlap / sum map over what has a place; 0 where that is 0.
double mass_in(const std::vector<double>& map, const std::vector<PixelBox>& boxes, const PixelBox& region);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/pipeline/attention_map.inl"
#endif
