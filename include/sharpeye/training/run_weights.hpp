#pragma once

/// @file
/// The weights that a run begins with, and those that it has reached.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sharpeye/io/tensor_source.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

template <class S>
class Parameters;

/// The initial values of everything that a network declares, and all else that the model's file holds: from that file,
/// or random where it has none. @param tied_head whether the head is the token table: one that is stored once more is
/// left out. @throws Error
std::shared_ptr<MemorySource> initial_weights(const std::string& folder, bool tied_head,
                                              const std::vector<TensorDeclaration>& declared, std::uint64_t seed);

/// The weights as they are now: those of `source`, replaced where they are parameters.
MemorySource current_weights(const MemorySource& source, const Parameters<float>& parameters);

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/run_weights.inl"
#endif
