#pragma once

/// @file
/// The templates of training in float, compiled once.

#include "sharpeye/training/gradient_shards.hpp"
#include "sharpeye/training/optimization.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

#if defined(SHARPEYE_COMPILED)
template class Parameters<float>;
template class AdamW<float>;
template class Tape<float>;
template class Autodiff<float>;
template class GradientShards<float>;
template class Optimization<float>;
#endif

}  // namespace training
SHARPEYE_NAMESPACE_END
