#pragma once

/// @file
/// Bodies of flops.hpp.

#include "sharpeye/pipeline/flops.hpp"

#include <algorithm>
#include <vector>

#include "sharpeye/formats/declaring_loader.hpp"
#include "sharpeye/generation/causal_lm_next_token.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/ops/counting.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Takes the stages of a Captioner, one after another.
class FlopCounter {
 public:
  FlopCounter(const MmSer<Counting>& model, const CaptionLengths& lengths) : model_(model), lengths_(lengths) {}

  StageFlops count() {
    StageFlops flops;
    const MmSerConfig& config = model_.config();
    const Index size = config.vision_config.image_size();
    const std::vector<float> pixels(static_cast<std::size_t>(3 * size * size));
    Sight<Counting> sight;
    const auto num_squares = static_cast<double>(lengths_.num_squares);
    const double one = cost([&] { model_.look(ops_, pixels, {false, false}); });
    flops.vision_one_glance = num_squares * one;
    flops.vision = (num_squares - 1) * one + cost([&] { sight = model_.look(ops_, pixels); });
    Tensor visual;
    flops.connector = num_squares * cost([&] { visual = model_.first_glance(ops_, sight.first); });
    visual = Tensor(lengths_.num_squares * visual.rows(), visual.columns());
    const Index read_again = model_.reads_confidence() ? lengths_.caption_tokens : 0;
    flops.pass1_prompt = write(model_.language_model(), visual, lengths_.initial_prompt, flops.pass1_prefill,
                               flops.pass1_decode, read_again);
    if (!model_.refines()) return flops;
    flops.ser_connector = cost([&] {
      const Index bos = config.ser_connector->caption_bos ? 1 : 0;
      const Index caption = std::min(bos + lengths_.caption_tokens, config.ser_connector->max_caption_tokens);
      visual = model_
                   .second_glance(ops_, model_.second_features(ops_, sight.second), ids(caption),
                                  ids(model_.reads_confidence() ? caption : 0), model_.visual_token_share())
                   .tokens;
    });
    flops.pass2_prompt =
        write(model_.refine_language_model(), visual, lengths_.refine_prompt, flops.pass2_prefill, flops.pass2_decode);
    return flops;
  }

 private:
  using Tensor = Counting::Tensor;

  static std::vector<std::int32_t> ids(Index count) {
    return std::vector<std::int32_t>(static_cast<std::size_t>(count), 0);
  }

  template <class Stage>
  double cost(const Stage& stage) {
    const double before = ops_.flops();
    stage();
    return ops_.flops() - before;
  }

  // @return tokens of the prompt
  Index write(const CausalLm<Counting>& language_model, const Tensor& visual, Index text_tokens, double& prefill,
              double& decode, Index read_again = 0) {
    std::vector<std::int32_t> prompt = ids(text_tokens);
    prompt.insert(prompt.begin(), kImageToken);
    const Tensor embeddings = model_.prompt(ops_, language_model, {prompt, 0}, visual);
    CausalLmNextToken<Counting> next_token(ops_, language_model, embeddings, lengths_.num_beams, lengths_.new_tokens,
                                           visual.rows());
    prefill = cost([&] { next_token.prefill(); });
    decode = cost([&] {
      next_token.start();
      std::vector<Index> parents(static_cast<std::size_t>(lengths_.num_beams), 0);
      for (Index token = 1; token < lengths_.new_tokens; ++token) {
        next_token.step(parents, ids(lengths_.num_beams));
        for (std::size_t beam = 0; beam < parents.size(); ++beam) parents[beam] = static_cast<Index>(beam);
      }
      next_token.log_probabilities(ids(read_again));
    });
    return embeddings.rows();
  }

  const MmSer<Counting>& model_;
  CaptionLengths lengths_;
  Counting ops_;
};

}  // namespace detail

SHARPEYE_BODY StageFlops count_flops(const MmSerConfig& config, WeightLoader& loader, const CaptionLengths& lengths) {
  const MmSer<Counting> model(config, loader);
  return detail::FlopCounter(model, lengths).count();
}

SHARPEYE_BODY StageFlops count_flops(const MmSerConfig& config, const CaptionLengths& lengths) {
  DeclaringLoader loader;
  return count_flops(config, loader, lengths);
}

SHARPEYE_NAMESPACE_END
