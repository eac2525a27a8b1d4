#pragma once

/// @file
/// Floats or integers.

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// What a model's matrices are made of.
enum class NumberKinds {
  kFloats,
  kIntegers,  ///< all that quantization would make integers
  kMixed,
};

SHARPEYE_NAMESPACE_END
