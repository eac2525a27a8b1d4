#pragma once

/// @file
/// The paper's figure (MM-SeR, arXiv 2508.21451): one vision tower, one language model, two connectors, two glances.
///
///     image -> tower -+-> connector ------------------------------> language model -> initial caption
///                     +-> layers {13, 18, 23} + initial caption
///                              -> SeR-Connector ------------------> language model -> refined caption
///
/// The two glances are put together here and nowhere else, for every ops policy: captioning, counting, training and the
/// tests call look(), first_glance(), second_glance() and prompt().

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sharpeye/models/causal_lms.hpp"
#include "sharpeye/models/draft_confidence.hpp"
#include "sharpeye/models/mlp_connector.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/models/pixel_shuffle.hpp"
#include "sharpeye/models/ser_connector.hpp"
#include "sharpeye/models/unused_tensors.hpp"
#include "sharpeye/models/vision_towers.hpp"
#include "sharpeye/text/prompt.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// What was seen of one image: hidden states of the vision tower [prefix + N, d].
template <class Ops>
struct Sight {
  std::vector<typename Ops::Tensor> first;   ///< of the layers that the first glance reads
  std::vector<typename Ops::Tensor> second;  ///< of those that the second glance reads; empty if it was not asked for
  std::vector<typename Ops::Tensor> all;     ///< of all layers from the embedding on, if they were asked for
};

/// What look() is to keep.
struct SightOptions {
  bool second = true;  ///< for the second glance, where the model has one
  bool all = false;    ///< every hidden state that is loaded, for those who study the model
};

/// The model's parts with their weights. Immutable; shared between threads.
template <class Ops>
class MmSer {
 public:
  using Tensor = typename Ops::Tensor;

  /// @throws Error as WeightLoader::get(), and kUnreadTensor for tensors that belong to no part.
  MmSer(const MmSerConfig& config, WeightLoader& loader)
      : config_(config),
        tower_(make_vision_tower<Ops>(config.vision_config, loader.root("vision_tower"), config.num_vision_blocks())),
        connector_(config.connector.type, loader.root("multi_modal_projector"),
                   static_cast<Index>(config.connector.vision_feature_layers.size()) *
                       config.vision_config.hidden_size() * config.connector.pixel_shuffle *
                       config.connector.pixel_shuffle,
                   config.text_config.embedding_size(), config.connector.layer_norm_eps, config.connector.bias),
        language_model_(make_causal_lm<Ops>(config.text_config, loader.root("language_model"))) {
    if (config.ser_connector) {
      const VisionConfig& vision = config.vision_config;
      ser_connector_.emplace(*config.ser_connector,
                             SerSurroundings{vision.hidden_size(), vision.grid_size(), vision.num_prefix_tokens(),
                                             config.text_config.vocab_size(), config.text_config.embedding_size()},
                             loader.root("ser_connector"));
    }
    if (config.own_refine_language_model) {
      refine_language_model_ = make_causal_lm<Ops>(config.text_config, loader.root("refine_language_model"));
    }
    skip_unused_tensors(loader, config);
    loader.require_all_read();
  }

  const MmSerConfig& config() const { return config_; }
  /// Whether there is a second glance.
  bool refines() const { return ser_connector_.has_value(); }
  const VisionTower<Ops>& tower() const { return *tower_; }
  /// The first glance's language model, and the one for refinements: the same unless the configuration says "own".
  const CausalLm<Ops>& language_model() const { return *language_model_; }
  const CausalLm<Ops>& refine_language_model() const {
    return refine_language_model_ ? *refine_language_model_ : *language_model_;
  }

  /// Runs the tower once for both glances.
  /// @param pixel_values normalised image [3, image_size, image_size]
  Sight<Ops> look(Ops& ops, const std::vector<float>& pixel_values, const SightOptions& options = {}) const {
    std::vector<Index> wanted = config_.connector.vision_feature_layers;
    const std::size_t first = wanted.size();
    if (options.second && refines()) {
      const auto& layers = config_.ser_connector->vision_feature_layers;
      wanted.insert(wanted.end(), layers.begin(), layers.end());
    }
    const std::size_t second = wanted.size();
    for (Index index = 0; options.all && index <= config_.num_vision_blocks(); ++index) wanted.push_back(index);
    const std::vector<Tensor> states = (*tower_)(ops, pixel_values, wanted);
    const auto at = [&](std::size_t place) { return states.begin() + static_cast<std::ptrdiff_t>(place); };
    return {{at(0), at(first)}, {at(first), at(second)}, {at(second), states.end()}};
  }

  /// The first glance's visual tokens. @param states Sight::first @return [n, embedding_size]: N patches, or N divided
  /// by the square of the connector's pixel shuffle
  Tensor first_glance(Ops& ops, const std::vector<Tensor>& states) const {
    const Index skipped = config_.connector.num_skipped_tokens(config_.vision_config.num_prefix_tokens());
    Tensor features = gather_features(ops, states, FeatureConcat::kChannel, skipped);
    const Index factor = config_.connector.pixel_shuffle;
    if (factor > 1) features = pixel_shuffle(ops, features, config_.vision_config.grid_size(), factor);
    return connector_(ops, features);
  }

  /// What the second glance looks at. @param states Sight::second @return [N, m * d] or [m * N, d]
  Tensor second_features(Ops& ops, const std::vector<Tensor>& states) const {
    return ser_connector_->features(ops, states);
  }

  /// The second glance's visual tokens, looked for with the initial caption in mind. The model must have one.
  /// @param features what second_features() gave
  /// @param caption_ids the initial caption as the connector was trained to read it, see caption_ids()
  /// @param confidence see confidence_levels(); empty unless the connector has `caption_confidence`
  /// @return [n, embedding_size]
  Tensor second_glance(Ops& ops, const Tensor& features, const std::vector<std::int32_t>& caption_ids,
                       const std::vector<std::int32_t>& confidence = {}) const {
    return second_glance(ops, features, caption_ids, confidence, 1).tokens;
  }

  /// The same with fewer visual tokens: a share of them in (0, 1], in which alike ones are merged.
  VisualTokens<Ops> second_glance(Ops& ops, const Tensor& features, const std::vector<std::int32_t>& caption_ids,
                                  const std::vector<std::int32_t>& confidence, double share) const {
    return (*ser_connector_)(
        ops, features, caption_ids, confidence,
        [&](const std::vector<std::int32_t>& ids) { return refine_language_model().embed(ops, ids); }, share);
  }

  /// The share of its visual tokens that the second glance uses when the caller does not say.
  double visual_token_share() const { return config_.ser_connector->visual_token_share; }

  /// An initial caption as the SeR-Connector reads it: tokens of its text, cut at max_caption_tokens. (Not the ids that
  /// the language model wrote: those go on after a prompt and begin with a space, and training shows the connector
  /// captions by themselves.)
  std::vector<std::int32_t> caption_ids(const Tokenizer& tokenizer, std::string_view initial) const {
    const SerConnectorConfig& connector = *config_.ser_connector;
    std::vector<std::int32_t> ids = tokenizer.encode(initial, {connector.caption_bos, false});
    if (static_cast<Index>(ids.size()) > connector.max_caption_tokens) {
      ids.resize(static_cast<std::size_t>(connector.max_caption_tokens));
    }
    return ids;
  }

  /// Whether the second glance is told how sure the first one is of the initial caption.
  bool reads_confidence() const {
    return refines() && config_.ser_connector->use_caption && config_.ser_connector->caption_confidence > 0;
  }

  /// An initial caption as the first glance would write it after its prompt, without the end token.
  static std::vector<std::int32_t> written_ids(const Tokenizer& tokenizer, std::string_view initial) {
    if (initial.empty()) return {};
    return tokenizer.encode(concat(" ", initial), {false, false});
  }

  /// ln p(id | image, the ids before it) in the first glance, of each id of a caption.
  /// @param visual what first_glance() gave @param prompt_tokens the first glance's
  std::vector<double> log_probabilities(Ops& ops, const PromptTokens& prompt_tokens, const Tensor& visual,
                                        const std::vector<std::int32_t>& ids) const {
    std::vector<double> result;
    if (ids.empty()) return result;
    const Tensor sequence = prompt(ops, language_model(), prompt_tokens, visual, {ids.begin(), ids.end() - 1});
    auto cache = language_model().make_prompt_cache(sequence.rows(), visual.rows());
    const auto count = static_cast<Index>(ids.size());
    const Tensor logits = language_model().logits(ops, language_model().step(ops, sequence, cache, count));
    Matrix<typename Ops::Scalar> rows(logits.rows(), logits.columns());
    ops.copy_out(logits, rows.data(), rows.cols());
    for (Index i = 0; i < count; ++i) {
      result.push_back(log_probability_of(rows.row(i).data(), rows.cols(), ids[static_cast<std::size_t>(i)]));
    }
    return result;
  }

  /// The embeddings of a prompt, its image replaced by visual tokens, and of the text that continues it. Where the
  /// image stands in several places, each has its share of the visual tokens, in order.
  /// @return [prompt - places + visual + continuation, embedding_size]
  static Tensor prompt(Ops& ops, const CausalLm<Ops>& language_model, const PromptTokens& tokens, const Tensor& visual,
                       const std::vector<std::int32_t>& continuation = {}) {
    std::vector<Tensor> parts;
    std::vector<std::int32_t> text;
    const auto add_text = [&] {
      if (!text.empty()) parts.push_back(language_model.embed(ops, text));
      text.clear();
    };
    const Index share = visual.rows() / tokens.num_image_places();
    Index begin = 0;
    for (const std::int32_t id : tokens.ids) {
      if (id != kImageToken) {
        text.push_back(id);
        continue;
      }
      add_text();
      parts.push_back(ops.slice_rows(visual, begin, share));
      begin += share;
    }
    text.insert(text.end(), continuation.begin(), continuation.end());
    add_text();
    return ops.concat_rows(parts);
  }

  /// What a cache has to know of a prompt whose visual tokens were merged, before it is read: the positions of all its
  /// tokens, and how many each stands for. Nothing where none was.
  /// @param tokens with one image place
  static nn::PlacedTokens prompt_places(const PromptTokens& tokens, const MergedTokens& merged) {
    nn::PlacedTokens placed;
    if (merged.groups.empty()) return placed;
    std::int32_t next = 0;
    for (const std::int32_t id : tokens.ids) {
      const std::int32_t first = next;
      if (id != kImageToken) {
        placed.positions.push_back(next++);
        placed.log_counts.push_back(0);
        continue;
      }
      for (std::size_t i = 0; i < merged.groups.size(); ++i) {
        const auto count = static_cast<std::int32_t>(merged.groups[i].size());
        placed.positions.push_back(first + merged.places[i]);
        placed.log_counts.push_back(std::log(static_cast<float>(count)));
        next += count;
      }
    }
    return placed;
  }

 private:
  MmSerConfig config_;
  std::unique_ptr<VisionTower<Ops>> tower_;
  Mlp<Ops> connector_;
  std::unique_ptr<CausalLm<Ops>> language_model_;
  std::optional<SerConnector<Ops>> ser_connector_;
  std::unique_ptr<CausalLm<Ops>> refine_language_model_;
};

SHARPEYE_NAMESPACE_END
