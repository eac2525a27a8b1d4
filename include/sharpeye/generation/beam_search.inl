#pragma once

/// @file
/// Bodies of generate.hpp: beam search.

#include "sharpeye/generation/beams.hpp"
#include "sharpeye/generation/generate.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY GeneratedSequence beam_search(NextToken& model, const GenerationConfig& config,
                                            const GenerationHooks& hooks, TokenTree* record) {
  detail::StepByStep reader(model, config, record);
  return *detail::search_beams(reader, config, hooks);
}

SHARPEYE_NAMESPACE_END
