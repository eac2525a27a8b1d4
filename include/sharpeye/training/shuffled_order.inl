#pragma once

/// @file
/// Bodies of shuffled_order.hpp.

#include "sharpeye/training/shuffled_order.hpp"

#include "sharpeye/core/random.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

SHARPEYE_BODY std::size_t ShuffledOrder::at(std::uint64_t position) {
  const std::uint64_t epoch = position / order_.size();
  if (epoch != epoch_) {
    for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = i;
    Random(seed_, epoch).shuffle(order_);
    epoch_ = epoch;
  }
  return order_[position % order_.size()];
}

}  // namespace training
SHARPEYE_NAMESPACE_END
