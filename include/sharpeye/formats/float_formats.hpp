#pragma once

/// @file
/// Weights that are stored as floating-point numbers. F64 is for reading: the kernels compute with F32.

#include "sharpeye/formats/weight_codec.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Rows: the shape as it is. Panels [ceil(n / 16), k, 16].
const WeightCodec& f32_codec() noexcept;
const WeightCodec& f16_codec() noexcept;
const WeightCodec& bf16_codec() noexcept;
/// Its panels are F32.
const WeightCodec& f64_codec() noexcept;

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/formats/float_formats.inl"
#endif
