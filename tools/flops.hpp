#pragma once

/// @file
/// What captioning one image costs, counted by running the model's own data flow without numbers.

#include <algorithm>

#include "sharpeye/generation/opt_next_token.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/ops/counting.hpp"

namespace tool {

using namespace sharpeye;

/// What is assumed about the image's captions.
struct CaptionLengths {
  Index initial_prompt;  ///< text tokens of the first prompt, BOS included, the image excluded
  Index refine_prompt;   ///< of the second, initial caption included
  Index caption_tokens;  ///< of the initial caption, as the SeR-Connector sees it (BOS excluded)
  Index new_tokens;      ///< that each pass generates
  Index num_beams;
};

/// Floating-point operations of each stage, named as in CaptionTimings.
struct StageFlops {
  double vision_one_glance = 0;  ///< the vision tower as far as the first glance needs it
  double vision = 0, connector = 0, pass1_prefill = 0, pass1_decode = 0;
  double ser_connector = 0, pass2_prefill = 0, pass2_decode = 0;

  double one_glance() const { return vision_one_glance + connector + pass1_prefill + pass1_decode; }
  double two_glances() const {
    return vision + connector + pass1_prefill + pass1_decode + ser_connector + pass2_prefill + pass2_decode;
  }
};

/// Follows Captioner, stage by stage.
class FlopCounter {
 public:
  FlopCounter(const MmSer<Counting>& model, const CaptionLengths& lengths) : model_(model), lengths_(lengths) {}

  StageFlops count() {
    StageFlops flops;
    const MmSerConfig& config = model_.config();
    std::vector<Index> wanted = config.connector.vision_feature_layers;
    const auto own = static_cast<std::ptrdiff_t>(wanted.size());
    flops.vision_one_glance = cost([&] { look(wanted); });
    if (config.ser_connector) {
      const auto& layers = config.ser_connector->vision_feature_layers;
      wanted.insert(wanted.end(), layers.begin(), layers.end());
    }
    std::vector<Tensor> states;
    flops.vision = cost([&] { states = look(wanted); });

    Tensor visual;
    flops.connector = cost([&] {
      const std::vector<Tensor> features(states.begin(), states.begin() + own);
      visual = model_.connector()(ops_, gather_features(ops_, features, FeatureConcat::kChannel));
    });
    write(model_.language_model(), visual, lengths_.initial_prompt, flops.pass1_prefill, flops.pass1_decode);
    if (!config.ser_connector) return flops;

    const SerConnector<Counting>& ser = *model_.ser_connector();
    flops.ser_connector = cost([&] {
      const Index bos = config.ser_connector->caption_bos ? 1 : 0;
      const Tensor features = ser.features(ops_, {states.begin() + own, states.end()});
      visual =
          ser(ops_, features, ids(std::min(bos + lengths_.caption_tokens, config.ser_connector->max_caption_tokens)),
              [&](const auto& tokens) { return model_.refine_language_model().embed(ops_, tokens); });
    });
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

  std::vector<Tensor> look(const std::vector<Index>& wanted) {
    const Index size = model_.config().vision_config.image_size;
    return model_.vision()(ops_, std::vector<float>(static_cast<std::size_t>(3 * size * size)), wanted);
  }

  void write(const Opt<Counting>& language_model, const Tensor& visual, Index text_tokens, double& prefill,
             double& decode) {
    const Tensor prompt = ops_.concat_rows({language_model.embed(ops_, ids(text_tokens)), visual});
    OptNextToken<Counting> next_token(ops_, language_model, prompt, lengths_.num_beams, lengths_.new_tokens);
    prefill = cost([&] { next_token.prefill(); });
    decode = cost([&] {
      next_token.start();
      std::vector<Index> parents(static_cast<std::size_t>(lengths_.num_beams), 0);
      for (Index token = 1; token < lengths_.new_tokens; ++token) {
        next_token.step(parents, ids(lengths_.num_beams));
        for (std::size_t beam = 0; beam < parents.size(); ++beam) parents[beam] = static_cast<Index>(beam);
      }
    });
  }

  const MmSer<Counting>& model_;
  CaptionLengths lengths_;
  Counting ops_;
};

}  // namespace tool
