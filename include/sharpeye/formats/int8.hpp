#pragma once

/// @file
/// Weights as 8-bit integers with a scale for each row.

#include "sharpeye/formats/weight_codec.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// number = round(weight / scale) in [-63, 63] with scale = max|row| / 63, for each row of the matrix [n, k]. Seven
/// bits, so that no instruction set's sums can overflow (see simd::kByteLimit).
///
/// Rows: I8 of the matrix' shape, scales F32 [n]. Panels: U8 [ceil(n / 16), ceil(k / 4), 64], scales F32 [n], and the
/// sums of each row's weights F32 [n].
const WeightCodec& int8_codec() noexcept;

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/formats/int8.inl"
#endif
