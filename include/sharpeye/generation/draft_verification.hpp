#pragma once

/// @file
/// Decoding with a draft: one pass reads a stretch of the draft and keeps the tokens that the model would have written
/// itself, greedily or with beams. The second glance mostly repeats the initial caption, which is therefore its draft.

#include <vector>

#include "sharpeye/generation/generate.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Logits of one token differ by less than this between passes over one and over several tokens, also with quantized
/// weights (where a last bit can change how an activation is rounded).
inline constexpr float kDraftMargin = 0.02f;

/// The same of log-probabilities in beam search, with float weights. Beam search adds log-probabilities up, so that the
/// margin for quantized weights would leave hardly a choice certain: those search without a draft.
inline constexpr float kBeamMargin = 1e-4f;

/// How many tokens of the draft a pass of beam search reads after each beam: with them as many as the kernels read
/// weights once for, but at least one.
inline constexpr Index beam_ahead(Index num_beams) {
  constexpr Index kRows = 6;
  return kRows / num_beams > 2 ? kRows / num_beams - 1 : 1;
}

/// How a caption was decoded.
struct DraftStatistics {
  Index passes = 0;    ///< of the language model, besides the one that read the prompt (and with it the draft)
  Index accepted = 0;  ///< tokens that were taken from the draft
};

/// The ids of plain greedy decoding (generate() with `config`), in fewer passes.
///
/// A pass over several tokens rounds differently from one over a single token. Where the best token of such a pass does
/// not lead by `kDraftMargin`, the token is decided by a pass over one token, as plain decoding does.
/// The log-probabilities are those of the pass that decided a token: they may differ by less than `kDraftMargin`.
/// @param model its prefill may have read `draft` already. @param config one beam, no sampling
/// @throws Error kConfig for a wrong combination.
GeneratedSequence generate_from_draft(NextToken& model, const GenerationConfig& config,
                                      const std::vector<std::int32_t>& draft, const GenerationHooks& hooks = {},
                                      DraftStatistics* statistics = nullptr);

/// The ids of beam_search(), in fewer passes: each pass also reads, after each beam, how the draft goes on where it is
/// like that beam (speculative beam search). A beam that goes on so needs no pass of its own; a pass is made when one
/// of the beams does not.
///
/// Passes over other numbers of tokens round differently. As long as each choice of beams, and the best of the finished
/// ones, leads by more than log-probabilities can be wrong (`kBeamMargin` a token), beam_search() chooses the same;
/// where one does not, or `config` has another early stopping than kTrue or a repetition penalty, all is done again by
/// beam_search() itself.
/// @param model its prefill may have read `draft` already; made for 1 + beam_ahead() tokens a step
/// @param config two beams or more; for float weights
/// @throws Error kConfig for a wrong combination.
GeneratedSequence beam_search_from_draft(NextToken& model, const GenerationConfig& config,
                                         const std::vector<std::int32_t>& draft, const GenerationHooks& hooks = {},
                                         DraftStatistics* statistics = nullptr);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/generation/draft_verification.inl"
#endif
