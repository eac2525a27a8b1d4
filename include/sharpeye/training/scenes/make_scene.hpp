#pragma once

/// @file
/// Draws a scene.

#include "sharpeye/training/scenes/scene.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training::scenes {

/// What scenes show: two or three things and how they stand to each other, or one thing alone.
enum class SceneKind { kRelated, kLone };

/// Scene `index` of a split: it depends on nothing but these four. No two splits of a seed share a random stream.
/// @throws Error kInvalidArgument unless `index` is in [0, 2^32)
Scene make_scene(Split split, std::uint64_t seed, Index index, SceneKind kind = SceneKind::kRelated);

}  // namespace training::scenes
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/scenes/make_scene.inl"
#endif
