#pragma once

/// @file
/// NEON, which every 64-bit ARM has: no target options.

#include "sharpeye/simd/kernels.hpp"
#include "sharpeye/simd/region.hpp"

#if SHARPEYE_ARM64
SHARPEYE_NAMESPACE_BEGIN
namespace simd {

namespace neon {
// NOLINTBEGIN(bugprone-suspicious-include)
#include "sharpeye/simd/kernels/vec_neon.inl"
//
#include "sharpeye/simd/kernels/bodies.inl"
// NOLINTEND(bugprone-suspicious-include)
}  // namespace neon

SHARPEYE_BODY KernelTable neon_kernels() noexcept {
  return neon::table(Isa::kNeon);
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
#endif
