#pragma once

/// @file
/// Which tensors a configuration asks for, and seeded random values for them. There is no list of names: the model's
/// own constructors are asked.

#include <cstdint>
#include <memory>
#include <vector>

#include "sharpeye/io/stored_tensor.hpp"
#include "sharpeye/io/tensor_source.hpp"
#include "sharpeye/models/mm_ser_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Every tensor that a model of this configuration reads.
std::vector<TensorDeclaration> declare_tensors(const MmSerConfig& config);

/// Random values of one tensor: norms start as the identity, biases at zero, matrices with variance 1 / fan-in. Tables
/// have deviation 0.02, as the language model's tied head asks for; but positions that are added to projections of
/// about unit size have 0.4, or training would not see them for a long time. Projections back into a residual stream
/// are scaled by 0.3, so that a stack of blocks begins near the identity (GPT-2 and CLIP scale by depth). The values
/// depend on the seed and the name only.
std::vector<float> initial_values(const TensorDeclaration& tensor, std::uint64_t seed);

/// These values of all tensors that a model asks for.
std::shared_ptr<MemorySource> initial_source(const std::vector<TensorDeclaration>& tensors, std::uint64_t seed);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/initialize.inl"
#endif
