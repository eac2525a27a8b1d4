#pragma once

/// @file
/// A second glance that begins as the first one.

#include <memory>

#include "sharpeye/io/tensor_source.hpp"
#include "sharpeye/models/mm_ser_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Weights with which the second glance gives the language model the first glance's own visual tokens, until it is
/// trained: what stage 2 learns comes on top of what stage 1 has learnt, instead of learning to see anew.
///
///     visual_projector  = the connector, for its layer; 0 for the other layers
///     each block        = x + 0     output matrices of attention and feed-forward are 0
///     positions         = 0         output_projection = identity
///
/// The other tensors are those of `weights`.
/// @throws Error kConfig where the SeR-Connector cannot hold the connector: it must be of pre-norm self-attention
/// without a final layer norm, as wide as the language model's embeddings, with a visual_projector of the connector's
/// type, concatenate layers by channel and read the connector's layer last
std::shared_ptr<const TensorSource> second_as_first(const MmSerConfig& config,
                                                    const std::shared_ptr<const TensorSource>& weights);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/second_as_first.inl"
#endif
