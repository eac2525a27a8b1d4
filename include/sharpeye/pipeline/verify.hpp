#pragma once

/// @file
/// One image's captions compared with what another implementation computed, stage by stage.

#include <string>
#include <vector>

#include "sharpeye/core/image.hpp"

SHARPEYE_NAMESPACE_BEGIN

class Captioner;
class TensorSource;

/// How one stage compares.
struct StageCheck {
  std::string stage;         ///< as `sharpeye dump` names it, or "ids.N" for the ids that N beams write
  std::vector<Index> shape;  ///< of the expected values
  double difference = 0;     ///< numbers: |actual - expected| / |expected|, of the norms; else how many differ
  double allowed = 0;
  Index differing = 0;      ///< elements that are not equal
  Index first = -1;         ///< the first of them that counts: of numbers, the first beyond `allowed` times the largest
  std::string explanation;  ///< what is there and what was expected, at `first`; empty where the stage is right

  bool is_right() const { return difference <= allowed; }
};

/// Captions an image of a golden file and compares each of its tensors with ours. `golden` has for the image number i:
/// - "i.image" [height, width, 3], U8: the decoded samples, compared with `image`
/// - "i.pixel_values", "i.vision.hidden_states.N", "i.connector.output", "i.pass1.logits", F32, by the names of
///   `sharpeye dump` ("i.tiles.T.pixel_values" of an image that is split); of logits the last rows are enough
/// - "i.pass1.input_ids", I32: the prompt, the image or each of its tiles as one kImageToken
/// - "i.ids.N", I32: what N beams write without end token, with the defaults of transformers' `generate`
///
/// Right are samples, pixel values and ids that are equal, hidden states and visual tokens within 1e-4, logits within
/// 1e-3 (relative to the norm).
/// @param image as decoded, not yet turned upright @param prompt of the golden file; empty: the model's own
/// @return in the order of the network @throws Error kMissingTensor where the golden file has nothing for the image
std::vector<StageCheck> verify_image(Captioner& captioner, const ImageView& image, const TensorSource& golden,
                                     Index number, const std::string& prompt, Index max_new_tokens);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/pipeline/verify.inl"
#endif
