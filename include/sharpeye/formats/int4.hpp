#pragma once

/// @file
/// Weights as 4-bit integers with a scale for each 32 of a row.

#include "sharpeye/formats/weight_codec.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Numbers in [-8, 7], two a byte (number + 8, the first one in the lower half), in groups of 32 along a row that share
/// an F16 scale: 4.5 bits a weight.
///
/// Rows: U8 [n, k / 2], scales F16 [n, k / 32]. Panels: U8 [ceil(n / 16), k / 32, 288], which hold the scales too, and
/// the sums of each row's weights F32 [n].
const WeightCodec& int4_codec() noexcept;

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/formats/int4.inl"
#endif
