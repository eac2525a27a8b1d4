#pragma once

/// @file
/// What the stages minimise: the cross-entropy of a caption's tokens after the prompt of the first glance, or of the
/// second one with a draft (arXiv 2508.21451, section 3.3).

#include <string>
#include <vector>

#include "sharpeye/generation/generation_config.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/text/prompt.hpp"
#include "sharpeye/text/tokenizer.hpp"
#include "sharpeye/training/autodiff.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// The losses of one model. Immutable; its functions run in parallel, each on a tape of its own.
template <class S>
class CaptionObjective {
 public:
  using Ops = Autodiff<S>;
  using Tensor = typename Ops::Tensor;

  /// @param model gives configuration, tokenizer and prompts. @param network has the weights under training
  CaptionObjective(const CaptionModel& model, const MmSer<Ops>& network) : model_(model), network_(network) {}

  /// The tokens that a caption is to be written with: after a space, as the language model goes on after its prompt,
  /// and with the end token. They count in the loss, whose mean over a batch is over tokens.
  std::vector<std::int32_t> target_ids(const std::string& caption) const {
    std::vector<std::int32_t> ids = model_.tokenizer().encode(" " + caption, {false, false});
    const auto eos = static_cast<std::int32_t>(model_.config().text_config.eos_token_id());
    ids.push_back(eos >= 0 ? eos : model_.generation().eos_token_ids.front());
    return ids;
  }

  /// The hidden states of a frozen tower, as inputs.
  static std::vector<Tensor> constants(Ops& ops, const std::vector<Matrix<float>>& states) {
    std::vector<Tensor> tensors;
    for (const Matrix<float>& state : states) tensors.push_back(ops.constant(state));
    return tensors;
  }

  /// -log p(target | image) of the first glance, times `scale` in the backward pass.
  /// @param states of the connector's layers, [1 + N, d] each: constants(), or the tower's own, which is then trained
  /// too
  double initial_loss(Ops& ops, const std::vector<Tensor>& states, const std::vector<std::int32_t>& target,
                      S scale) const {
    return loss(ops, network_.language_model(), model_.initial_prompt().tokenize(model_.tokenizer()),
                network_.first_glance(ops, states), target, scale);
  }

  /// -log p(target | image, draft) of the second glance.
  /// @param states of the SeR-Connector's layers
  /// @param first of the connector's layers, for a SeR-Connector that is told how sure the first glance is of the
  /// draft: its present weights say so, and nothing flows back into them; else not used
  double refine_loss(Ops& ops, const std::vector<Tensor>& states, const std::string& draft,
                     const std::vector<std::int32_t>& target, S scale, const std::vector<Tensor>& first = {}) const {
    const std::vector<std::int32_t> ids = network_.caption_ids(model_.tokenizer(), draft);
    const auto visual = network_.second_glance(
        ops, network_.second_features(ops, states), ids,
        network_.reads_confidence() ? confidence(ops, first, draft, ids) : std::vector<std::int32_t>(),
        network_.visual_token_share());
    return loss(ops, network_.refine_language_model(), model_.refine_prompt().tokenize(model_.tokenizer(), draft),
                visual.tokens, target, scale, visual.merged);
  }

 private:
  std::vector<std::int32_t> confidence(Ops& ops, const std::vector<Tensor>& first, const std::string& draft,
                                       const std::vector<std::int32_t>& ids) const {
    const Tokenizer& tokenizer = model_.tokenizer();
    const auto written = MmSer<Ops>::written_ids(tokenizer, draft);
    const auto log_probabilities = network_.log_probabilities(ops, model_.initial_prompt().tokenize(tokenizer),
                                                              network_.first_glance(ops, first), written);
    return confidence_levels(tokenizer, written, log_probabilities, ids,
                             model_.config().ser_connector->caption_confidence);
  }

  static double loss(Ops& ops, const CausalLm<Ops>& language_model, const PromptTokens& prompt, const Tensor& visual,
                     const std::vector<std::int32_t>& target, S scale, const MergedTokens& merged = {}) {
    const Tensor sequence = MmSer<Ops>::prompt(ops, language_model, prompt, visual, {target.begin(), target.end() - 1});
    auto cache = language_model.make_prompt_cache(sequence.rows(), visual.rows());
    if (!merged.groups.empty()) cache.place(MmSer<Ops>::prompt_places(prompt, merged));
    // The hidden state of each token predicts the next token: the prompt's last one predicts the caption's first.
    const Tensor states = language_model.step(ops, sequence, cache, static_cast<Index>(target.size()));
    return ops.cross_entropy(language_model.logits(ops, states), target, scale);
  }

  const CaptionModel& model_;
  const MmSer<Ops>& network_;
};

}  // namespace training
SHARPEYE_NAMESPACE_END
