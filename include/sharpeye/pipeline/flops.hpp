#pragma once

/// @file
/// What captioning one image costs, counted by running the model's own data flow without numbers.

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

struct MmSerConfig;
class WeightLoader;

/// What is assumed about the image's captions.
struct CaptionLengths {
  Index initial_prompt;  ///< text tokens of the first prompt, BOS included, the image excluded
  Index refine_prompt;   ///< of the second, initial caption included
  Index caption_tokens;  ///< of the initial caption, as the SeR-Connector sees it (BOS excluded)
  Index new_tokens;      ///< that each pass generates
  Index num_beams;
  Index num_squares = 1;  ///< that the tower sees: tiles and the whole image; the second glance reads the last
};

/// Floating-point operations of each stage, named as in CaptionTimings.
struct StageFlops {
  double vision_one_glance = 0;  ///< the vision tower as far as the first glance needs it
  double vision = 0, connector = 0, pass1_prefill = 0, pass1_decode = 0;
  double ser_connector = 0, pass2_prefill = 0, pass2_decode = 0;
  Index pass1_prompt = 0, pass2_prompt = 0;  ///< tokens, visual ones included

  double one_glance() const { return vision_one_glance + connector + pass1_prefill + pass1_decode; }
  double two_glances() const {
    return vision + connector + pass1_prefill + pass1_decode + ser_connector + pass2_prefill + pass2_decode;
  }
};

/// The operations of captioning one image with a model of this configuration.
/// @param loader whose tensors are bound, so that a file is checked too; a DeclaringLoader needs none
/// @throws Error as MmSer's constructor
StageFlops count_flops(const MmSerConfig& config, WeightLoader& loader, const CaptionLengths& lengths);

/// As above, for a configuration alone.
StageFlops count_flops(const MmSerConfig& config, const CaptionLengths& lengths);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/pipeline/flops.inl"
#endif
