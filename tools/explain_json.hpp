#pragma once

/// @file
/// What `sharpeye explain` found, as JSON and as arrays.

#include "sharpeye/io/json.hpp"
#include "sharpeye/io/tensor_source.hpp"
#include "tools/explain_image.hpp"

namespace tool {

/// explain.json: captions, words, tokens, alternatives, entropy and masses by layer and head, the means of the
/// attention to each visual token, what the connectors read, shapes and costs.
Json to_json(const ExplainedImage& found, const CaptionModel& model);

/// attention.safetensors: all attention, "glances.N.attention" [layers, heads, tokens, keys] beside
/// "glances.N.visual_keys", and "connectors.N.shares", ".read_by_words", ".read_of_words".
MemorySource to_tensors(const ExplainedImage& found);

/// A number rounded to `digits` significant decimal digits; null where it is none.
Json rounded(double value, int digits = 6);

}  // namespace tool
