#pragma once

/// @file
/// The list of weight formats, and ways to find one: by name, by what a file holds, by what the kernels compute with.

#include <string>
#include <vector>

#include "sharpeye/formats/weight_codec.hpp"
#include "sharpeye/io/tensor_source.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// All formats. Where two have the same panels, the first one is what they are called.
const std::vector<const WeightCodec*>& weight_codecs();

/// @param name for example "f16". @throws Error kInvalidArgument
const WeightCodec& codec_named(const std::string& name);
/// The format whose panels these kernels read.
const WeightCodec& codec_of(WeightFormat format);
/// The format of floats that are stored as this; null for others.
const WeightCodec* find_float_codec(DType dtype);
/// The format of a weight in rows, or in panels, by its elements' kind and whether scales stand beside; null for none.
const WeightCodec* find_rows_codec(DType dtype, bool has_scales);
const WeightCodec* find_panels_codec(DType dtype, bool has_scales);

/// What the formats of weights in rows, or in panels, are stored as, for messages, for example "F32, F16 or U8".
std::string rows_dtypes_text(bool has_scales);
std::string panels_dtypes_text();

/// The same numbers (rounded) in another format: the tensors of its rows_layout(), elements first.
/// @throws Error kNotFinite, kShape where the format cannot hold them
std::vector<StoredTensor> encode_weight(const StoredTensor& tensor, const WeightCodec& codec);
/// The same numbers as floats of this kind; the tensor itself where it is of this kind.
StoredTensor stored_as(const StoredTensor& tensor, DType dtype);

/// Whether the source has this matrix in panels only.
bool is_packed(const TensorSource& source, const std::string& name);
/// What a source holds of this weight, in rows or in panels; empty when there is nothing.
std::vector<const TensorInfo*> find_parts(const TensorSource& source, const std::string& name);
/// @throws Error kUnsupported where the source has packed matrices: for those who change weights.
void require_plain(const TensorSource& source);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/formats/codecs.inl"
#endif
