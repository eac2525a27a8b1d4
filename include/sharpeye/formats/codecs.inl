#pragma once

/// @file
/// Bodies of codecs.hpp, and the list of formats.

#include "sharpeye/formats/codecs.hpp"

#include <algorithm>

#include "sharpeye/formats/finite.hpp"
#include "sharpeye/formats/float_formats.hpp"
#include "sharpeye/formats/int4.hpp"
#include "sharpeye/formats/int8.hpp"

SHARPEYE_NAMESPACE_BEGIN

// A new format is a line here.
SHARPEYE_BODY const std::vector<const WeightCodec*>& weight_codecs() {
  static const std::vector<const WeightCodec*> codecs{
      &f32_codec(), &f16_codec(), &bf16_codec(), &f64_codec(), &int8_codec(), &int4_codec(),
  };
  return codecs;
}

namespace detail {

template <class Condition>
const WeightCodec* find_codec(const Condition& condition) {
  const auto& codecs = weight_codecs();
  const auto found = std::find_if(codecs.begin(), codecs.end(), [&](const auto* codec) { return condition(*codec); });
  return found == codecs.end() ? nullptr : *found;
}

// Each once, as "A, B or C".
inline std::string alternatives_text(const std::vector<std::string>& words) {
  std::vector<std::string> once;
  for (const std::string& word : words) {
    if (std::find(once.begin(), once.end(), word) == once.end()) once.push_back(word);
  }
  std::string text;
  for (std::size_t i = 0; i < once.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == once.size() ? " or " : ", ") + once[i];
  }
  return text;
}

}  // namespace detail

SHARPEYE_BODY const WeightCodec& codec_named(const std::string& name) {
  const WeightCodec* found = detail::find_codec([&](const WeightCodec& codec) { return codec.name() == name; });
  if (found == nullptr) {
    std::vector<std::string> names;
    for (const WeightCodec* codec : weight_codecs()) names.push_back(codec->name());
    fail(ErrorCode::kInvalidArgument, "weight format: expected ", detail::alternatives_text(names), ", actual \"", name,
         "\"");
  }
  return *found;
}

SHARPEYE_BODY const WeightCodec& codec_of(WeightFormat format) {
  return *detail::find_codec([&](const WeightCodec& codec) { return codec.kernel_format() == format; });
}

SHARPEYE_BODY const WeightCodec* find_float_codec(DType dtype) {
  return find_rows_codec(dtype, false);
}

SHARPEYE_BODY const WeightCodec* find_rows_codec(DType dtype, bool has_scales) {
  return detail::find_codec([&](const WeightCodec& codec) {
    const WeightLayout layout = codec.rows_layout({}, {});
    return layout.elements.dtype == dtype && layout.scales.has_value() == has_scales;
  });
}

SHARPEYE_BODY const WeightCodec* find_panels_codec(DType dtype, bool has_scales) {
  return detail::find_codec([&](const WeightCodec& codec) {
    const WeightLayout layout = codec.panels_layout({}, {});
    return layout.elements.dtype == dtype && layout.scales.has_value() == has_scales;
  });
}

SHARPEYE_BODY std::string rows_dtypes_text(bool has_scales) {
  std::vector<std::string> names;
  for (const WeightCodec* codec : weight_codecs()) {
    if (codec->has_scales() == has_scales) names.push_back(to_string(codec->dtype()));
  }
  return detail::alternatives_text(names);
}

SHARPEYE_BODY std::string panels_dtypes_text() {
  std::vector<std::string> names;
  for (const WeightCodec* codec : weight_codecs()) {
    names.push_back(to_string(codec->panels_layout({}, {}).elements.dtype));
  }
  return detail::alternatives_text(names);
}

SHARPEYE_BODY std::vector<StoredTensor> encode_weight(const StoredTensor& tensor, const WeightCodec& codec) {
  require(!codec.has_scales() || find_non_finite(tensor) < 0, ErrorCode::kNotFinite, tensor.name,
          ": expected finite weights");
  require(codec.can_hold(tensor.shape), ErrorCode::kShape, tensor.name, ": expected rows of whole groups of ",
          codec.group(), ", actual ", matrix_extents(tensor.shape).second);
  std::vector<float> values(static_cast<std::size_t>(tensor.size()));
  tensor.copy_to(values.data());
  return codec.encode(tensor.name, tensor.shape, values);
}

SHARPEYE_BODY StoredTensor stored_as(const StoredTensor& tensor, DType dtype) {
  if (tensor.dtype == dtype) return tensor;
  const WeightCodec* codec = find_float_codec(dtype);
  require(codec != nullptr, ErrorCode::kInvalidArgument, tensor.name, ": expected to be written as ",
          rows_dtypes_text(false), ", actual ", to_string(dtype));
  return encode_weight(tensor, *codec).front();
}

SHARPEYE_BODY bool is_packed(const TensorSource& source, const std::string& name) {
  return source.find(name) == nullptr && source.find(name + kPanelsSuffix) != nullptr;
}

SHARPEYE_BODY std::vector<const TensorInfo*> find_parts(const TensorSource& source, const std::string& name) {
  std::vector<const TensorInfo*> parts;
  const bool in_panels = is_packed(source, name);
  const std::string elements = name + (in_panels ? kPanelsSuffix : "");
  for (const std::string& part : {elements, name + kScaleSuffix, name + kSumsSuffix}) {
    const TensorInfo* info = source.find(part);
    if (info != nullptr) parts.push_back(info);
  }
  return parts;
}

SHARPEYE_BODY void require_plain(const TensorSource& source) {
  for (const std::string& name : source.names()) {
    require(
        !is_panels_name(name), ErrorCode::kUnsupported, source.where(), ": ", name,
        ": expected plain weights, actual packed ones, which only captioning reads: take the model they were made of");
  }
}

SHARPEYE_NAMESPACE_END
