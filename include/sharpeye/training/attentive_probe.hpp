#pragma once

/// @file
/// An attentive probe: what can be read from a vision tower's features by one who is asked about each thing.

#include <cstdint>
#include <vector>

#include "sharpeye/training/feature_decoder.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// A question is a row of its own, an embedding of what is asked about, which attends to the features' patches (a
/// FeatureDecoder); a linear classifier for each kind of answer reads what became of it.
template <class Ops>
class AttentiveProbe {
 public:
  using Tensor = typename Ops::Tensor;

  /// @param num_subjects what can be asked about. @param num_answers of each kind of answer
  AttentiveProbe(const FeatureDecoderConfig& config, Index num_subjects, const std::vector<Index>& num_answers,
                 WeightLoader& loader)
      : decoder_(config, loader), subjects_(loader.root("probe.subjects"), num_subjects, config.hidden_size) {
    for (std::size_t i = 0; i < num_answers.size(); ++i) {
      answers_.emplace_back(loader.root("probe.answers") / static_cast<Index>(i), config.hidden_size, num_answers[i]);
    }
  }

  /// @param features of each layer [num_patches, feature_size]. @param subjects of the n questions
  /// @return logits of each kind of answer [n, num_answers]
  std::vector<Tensor> operator()(Ops& ops, const std::vector<Tensor>& features,
                                 const std::vector<std::int32_t>& subjects) const {
    const Tensor read = decoder_(ops, features, subjects_(ops, subjects));
    std::vector<Tensor> logits;
    for (const auto& answer : answers_) logits.push_back(answer(ops, read));
    return logits;
  }

 private:
  FeatureDecoder<Ops> decoder_;
  nn::Embedding<Ops> subjects_;
  std::vector<nn::Linear<Ops>> answers_;
};

}  // namespace training
SHARPEYE_NAMESPACE_END
