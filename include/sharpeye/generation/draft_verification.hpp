#pragma once

/// @file
/// Greedy decoding with a draft: one pass reads a stretch of the draft and keeps the tokens that the model would have
/// written itself. The second glance mostly repeats the initial caption, which is therefore its draft. With beams:
/// search_ahead.hpp.

#include <vector>

#include "sharpeye/generation/generate.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Logits of one token differ by less than this between passes over one and over several tokens, also with quantized
/// weights (where a last bit can change how an activation is rounded).
inline constexpr float kDraftMargin = 0.02f;

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

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/generation/draft_verification.inl"
#endif
