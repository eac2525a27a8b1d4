#pragma once

/// @file
/// Bodies of packing_loader.hpp.

#include "sharpeye/formats/packing_loader.hpp"

#include <utility>

#include "sharpeye/formats/packed_matrix.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY PackingLoader::PackingLoader(std::shared_ptr<const TensorSource> source,
                                           std::function<bool()> is_cancelled)
    : WeightLoader(std::move(source)), is_cancelled_(std::move(is_cancelled)) {}

SHARPEYE_BODY WeightTensor PackingLoader::get(const std::string& name, const std::vector<Index>& shape) {
  require(!is_cancelled_ || !is_cancelled_(), ErrorCode::kCancelled, "pack: cancelled");
  WeightTensor tensor = WeightLoader::get(name, shape);
  if (shape.size() >= 2) {
    for (StoredTensor& part : stored_panels(name, PackedMatrix(tensor))) packed_.add(std::move(part));
  } else {
    packed_.add(source().read(name));
  }
  return tensor;
}

SHARPEYE_NAMESPACE_END
