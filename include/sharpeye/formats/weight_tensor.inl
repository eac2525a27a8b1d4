#pragma once

/// @file
/// Bodies of weight_tensor.hpp.

#include "sharpeye/formats/weight_tensor.hpp"

#include <utility>

#include "sharpeye/formats/codecs.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY WeightTensor::WeightTensor(StoredTensor tensor)
    : name(std::move(tensor.name)),
      shape(std::move(tensor.shape)),
      codec(find_float_codec(tensor.dtype)),
      data(tensor.data),
      owner(std::move(tensor.owner)) {
  require(codec != nullptr, ErrorCode::kShape, name, ": expected floating-point weights, actual ",
          to_string(tensor.dtype));
}

namespace detail {

template <class S>
void copy_weight(const WeightTensor& tensor, S* out) {
  require(
      !tensor.in_panels, ErrorCode::kUnsupported, tensor.name,
      ": expected plain weights, actual packed ones, which only captioning reads: take the model they were made of");
  tensor.codec->decode(tensor, out);
}

}  // namespace detail

SHARPEYE_BODY void WeightTensor::copy_to(float* out) const {
  detail::copy_weight(*this, out);
}
SHARPEYE_BODY void WeightTensor::copy_to(double* out) const {
  detail::copy_weight(*this, out);
}

SHARPEYE_NAMESPACE_END
