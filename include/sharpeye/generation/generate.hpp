#pragma once

/// @file
/// Decoding: from a prompt that has been read to the ids of a text.

#include <vector>

#include "sharpeye/generation/generation_config.hpp"
#include "sharpeye/generation/next_token.hpp"
#include "sharpeye/generation/token_tree.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The sequence that `config` asks for: beam search, sampling or greedy.
/// @param record receives what a beam search finds likely after each token that it reads; may be null
/// @throws Error kConfig for settings that exclude each other.
GeneratedSequence generate(NextToken& model, const GenerationConfig& config, const GenerationHooks& hooks = {},
                           TokenTree* record = nullptr);

/// One token after the other: the likeliest (the lowest id of equals), or one drawn with `config.seed`.
GeneratedSequence generate_one_by_one(NextToken& model, const GenerationConfig& config, const GenerationHooks& hooks);

/// Keeps the `num_beams` likeliest sequences, sets finished ones aside, and returns the best of those by
/// log-probability / length^length_penalty. At the limit of tokens the running ones count as finished.
GeneratedSequence beam_search(NextToken& model, const GenerationConfig& config, const GenerationHooks& hooks,
                              TokenTree* record = nullptr);

/// Whether the last of `ids` ends a sequence.
bool is_finished(const GenerationConfig& config, const GenerationHooks& hooks, const std::vector<std::int32_t>& ids);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/generation/beam_search.inl"
#include "sharpeye/generation/generate.inl"
#endif
