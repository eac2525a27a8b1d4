#pragma once

/// @file
/// A model's weights in another format: which tensor gets which.

#include <functional>
#include <string>

#include "sharpeye/formats/weight_codec.hpp"
#include "sharpeye/io/tensor_source.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The format of a tensor in a model that is written in `wanted`; null for one that stays as it is. A format of floats
/// is for all. Integers are for matrices: vectors and tables of positions are small and are added to activations. Fewer
/// than 8 bits are for the language model's layers, which each new token reads whole; what runs once an image, and the
/// head, whose errors choose the words, gets int8.
const WeightCodec* format_in_model(const TensorInfo& tensor, const WeightCodec& wanted);

/// All tensors of a floating-point model in another format, but for position ids, which are no weights. @param
/// is_cancelled is asked before each tensor
/// @throws Error kInvalidArgument (tensors that are not floating-point), kNotFinite, kCancelled, as the source
MemorySource quantize_model(const TensorSource& model, const WeightCodec& wanted,
                            const std::function<bool()>& is_cancelled = {});

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/formats/quantize_model.inl"
#endif
