#pragma once

/// @file
/// The order in which a run walks through its data.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// Walks through a data set in an order that is new in each epoch and depends on the seed only.
class ShuffledOrder {
 public:
  ShuffledOrder(std::size_t size, std::uint64_t seed) : seed_(seed), order_(size) {}
  /// The example at this position of an endless walk; cheap as long as the epoch is that of the last call.
  std::size_t at(std::uint64_t position);

 private:
  std::uint64_t seed_, epoch_ = ~std::uint64_t{0};
  std::vector<std::size_t> order_;
};

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/shuffled_order.inl"
#endif
