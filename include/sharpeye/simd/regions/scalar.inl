#pragma once

/// @file
/// Plain C++, for every CPU.

#include "sharpeye/simd/kernels.hpp"
#include "sharpeye/simd/region.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace simd {

namespace scalar {
// NOLINTBEGIN(bugprone-suspicious-include)
#include "sharpeye/simd/kernels/vec_scalar.inl"
//
#include "sharpeye/simd/kernels/bodies.inl"
// NOLINTEND(bugprone-suspicious-include)
}  // namespace scalar

SHARPEYE_BODY KernelTable scalar_kernels() noexcept {
  return scalar::table(Isa::kScalar);
}

}  // namespace simd
SHARPEYE_NAMESPACE_END
