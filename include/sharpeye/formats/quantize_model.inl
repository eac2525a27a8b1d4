#pragma once

/// @file
/// Bodies of quantize_model.hpp.

#include "sharpeye/formats/quantize_model.hpp"

#include <string_view>
#include <utility>

#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/formats/int8.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Buffers of integers that old files keep: they count up from 0, which is checked where they are read.
inline bool is_position_ids(std::string_view name) {
  constexpr std::string_view kEnd = ".position_ids";
  return name.size() >= kEnd.size() && name.substr(name.size() - kEnd.size()) == kEnd;
}

}  // namespace detail

SHARPEYE_BODY const WeightCodec* format_in_model(const TensorInfo& tensor, const WeightCodec& wanted) {
  if (!wanted.has_scales()) return &wanted;
  const auto contains = [&](const char* part) { return tensor.name.find(part) != std::string::npos; };
  constexpr Index kFewColumns = 8;  // the scales would outweigh them
  if (tensor.shape.size() < 2 || matrix_extents(tensor.shape).second < kFewColumns || contains("position") ||
      contains("queries")) {
    return nullptr;
  }
  const bool is_layer = contains("language_model.") && (contains(".layers.") || contains(".layer."));
  return wanted.bits() >= 8 || (is_layer && wanted.can_hold(tensor.shape)) ? &wanted : &int8_codec();
}

SHARPEYE_BODY MemorySource quantize_model(const TensorSource& model, const WeightCodec& wanted,
                                          const std::function<bool()>& is_cancelled) {
  MemorySource result;
  for (const std::string& name : model.names()) {
    require(!is_cancelled || !is_cancelled(), ErrorCode::kCancelled, "quantize: cancelled");
    const StoredTensor tensor = model.read(name);
    if (detail::is_position_ids(name)) {
      result.add(tensor);
      continue;
    }
    require(find_float_codec(tensor.dtype) != nullptr, ErrorCode::kInvalidArgument, model.where(), ": ", name,
            ": expected floating-point weights, actual ", to_string(tensor.dtype));
    TensorInfo info = model.info(name);
    info.name = name;  // by our name it is known as a layer's; the source may keep the file's own
    const WeightCodec* codec = format_in_model(info, wanted);
    if (codec == nullptr || codec->dtype() == tensor.dtype) {
      result.add(tensor);
      continue;
    }
    for (StoredTensor& part : encode_weight(tensor, *codec)) result.add(std::move(part));
  }
  return result;
}

SHARPEYE_NAMESPACE_END
