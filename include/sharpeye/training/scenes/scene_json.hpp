#pragma once

/// @file
/// Scenes and words as JSON: the ground truth of a scene, and the lexicon of the captions' words.

#include "sharpeye/io/json.hpp"
#include "sharpeye/training/scenes/scene.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training::scenes {

/// {"shape", "size", "colour", "texture", "action" (or null), "count", "centre": [x, y], "box": [x, y, width, height],
/// "held_out"}; positions in pixels of a picture of `picture_size`. The box holds all figures' circles.
Json to_json(const Object& object, Index picture_size);

/// {"background": {"colour", "kind"}, "objects": [...], "relations": [{"subject", "relation", "object"}]}: the relation
/// of the first object to the second, and of the third to one of them; subject and object count from 0.
Json to_json(const Scene& scene, Index picture_size);

/// The captions' words in groups of alternatives, for a perturber:
/// {"groups": [{"kind": "entity|attribute|relation|action", "name": "size", "words": [["small", "little"], ...]}]}.
/// An alternative is a list of words, or of runs of words, that mean the same. Another alternative of the same group in
/// its place leaves a caption grammatical and makes it false. Where several match at one place, the longest counts
/// ("above it" before "above").
Json lexicon();

}  // namespace training::scenes
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/scenes/scene_json.inl"
#endif
