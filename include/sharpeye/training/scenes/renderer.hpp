#pragma once

/// @file
/// Paints a scene.

#include "sharpeye/core/image.hpp"
#include "sharpeye/training/scenes/scene.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training::scenes {

/// The picture of a scene: size x size pixels, each the mean of 4 x 4 samples, with a little noise.
/// @throws Error kInvalidArgument unless `size` is 16 to 1024
Image render(const Scene& scene, Index size = 64);

}  // namespace training::scenes
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/scenes/renderer.inl"
#endif
