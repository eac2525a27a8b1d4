#pragma once

/// @file
/// What a glance has just done, for those who look on (pipeline/caption_observer.hpp).

#include <vector>

#include "sharpeye/models/mm_ser.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The SeR-Connector has looked. All references are valid during the call that hands them over.
template <class Ops>
struct ObservedConnector {
  Index round;  ///< 0: a single pass (Ablation::kSinglePass), else the refinement
  Ops& ops;
  const MmSer<Ops>& network;
  const std::vector<typename Ops::Tensor>& states;  ///< Sight::second
  const std::vector<std::int32_t>& caption_ids;     ///< the caption that it read
  const std::vector<std::int32_t>& confidence;      ///< see MmSer::second_glance()
};

/// The language model has written a caption.
template <class Ops>
struct ObservedCaption {
  Index round;  ///< 0: the initial caption, n: the n-th refinement
  Ops& ops;
  const MmSer<Ops>& network;
  const CausalLm<Ops>& language_model;
  const PromptTokens& prompt;
  const typename Ops::Tensor& visual;    ///< the prompt's visual tokens [n, embedding_size]
  const std::vector<std::int32_t>& ids;  ///< what it wrote, the end token included if there is one
  Index num_tokens;                      ///< of the tokenizer: ids from here on only pad the vocabulary
  /// The logits that chose each of `ids` [ids, vocab_size], where this glance did not write alone
  /// (CaptionOptions::first_share); else empty.
  std::vector<std::vector<float>> mixed_logits = {};
  /// Which of the second glance's visual tokens stand for several; empty where each stands for itself.
  MergedTokens merged = {};
};

SHARPEYE_NAMESPACE_END
