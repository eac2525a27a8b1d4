#pragma once

/// @file
/// Beam search after an earlier one: a pass reads all tokens that the search is expected to choose in its next steps,
/// and the search goes on without a pass for as long as it chooses among them.

#include <vector>

#include "sharpeye/generation/draft_verification.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// With float weights the log-probability of a token differs by less than this between passes over other numbers of
/// tokens. With integer weights alone it does not differ at all.
inline constexpr float kBeamMargin = 1e-4f;

/// How many tokens beam_search_from_draft() may have read at any time beyond those of beam_search(): what it expects
/// wrongly costs memory.
inline constexpr Index kSpareTokens = 96;

/// The ids of beam_search(), in fewer passes (speculative beam search, of a tree of tokens).
///
/// Where one of the beams has a token that no pass has read, the search is played ahead: what will follow a token is
/// taken from where the same tokens stood before, in `expected` or in what has been read. One pass then reads the
/// tokens of all beams that this comes by, each after its own predecessors. What it says of them is what counts; a
/// wrong guess costs its own reading only.
///
/// Passes over other numbers of tokens round differently with float weights. As long as each choice of beams, and the
/// best of the finished ones, leads by more than log-probabilities can be wrong (`margin` a token), beam_search()
/// chooses the same; where one does not, or `config` has another early stopping than kTrue, a repetition penalty or
/// more than eight beams, all is done by beam_search() itself.
/// @param model made for kSpareTokens more
/// @param config two beams or more
/// @param expected what an earlier search left (generate()), or TokenTree::of_draft(); what this one reads is added
/// @param margin kBeamMargin, or 0 where all weights are integers
/// @throws Error kConfig for a wrong combination.
GeneratedSequence beam_search_from_draft(NextToken& model, const GenerationConfig& config, TokenTree& expected,
                                         float margin, const GenerationHooks& hooks = {},
                                         DraftStatistics* statistics = nullptr);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/generation/search_ahead.inl"
#endif
