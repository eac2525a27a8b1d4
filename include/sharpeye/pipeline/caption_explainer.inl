#pragma once

/// @file
/// Bodies of caption_explainer.hpp.

#include "sharpeye/pipeline/caption_explainer.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sharpeye/models/observed_glance.hpp"
#include "sharpeye/ops/attention_probabilities.hpp"
#include "sharpeye/ops/inference.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// An observer is there as long as this is.
class Observing {
 public:
  Observing(Inference<float>& ops, AttentionObserver& observer) : ops_(ops) { ops_.observe(&observer); }
  Observing(const Observing&) = delete;
  Observing& operator=(const Observing&) = delete;
  ~Observing() { ops_.observe(nullptr); }

 private:
  Inference<float>& ops_;
};

/// Keeps the attention of the last rows of a sequence that is read whole.
class LastRows final : public AttentionObserver {
 public:
  LastRows(Index num_rows, Index num_keys, AttentionMaps& maps) : num_rows_(num_rows), maps_(maps) {
    maps_.num_queries = num_rows;
    maps_.num_keys = num_keys;
  }

  void attend(const AttentionCall& call) override {
    if (call.num_keys != maps_.num_keys) return;  // of the visual tokens among themselves, where they come first
    require(call.num_queries >= num_rows_, ErrorCode::kUnsupported,
            "explain: expected text between the image and the caption");
    maps_.num_heads = call.num_heads;
    ++maps_.num_layers;
    for (Index head = 0; head < call.num_heads; ++head) {
      for (Index query = call.num_queries - num_rows_; query < call.num_queries; ++query) {
        std::vector<float> row = attention_probabilities(call, head, query);
        row.resize(static_cast<std::size_t>(maps_.num_keys));
        maps_.values.insert(maps_.values.end(), row.begin(), row.end());
      }
    }
  }

 private:
  Index num_rows_;
  AttentionMaps& maps_;
};

/// Sums up what the blocks of a SeR-Connector attend to.
class ConnectorReading final : public AttentionObserver {
 public:
  using Variant = SerConnectorConfig::Variant;

  ConnectorReading(const SerConnectorConfig& config, ConnectorExplanation& found)
      : has_queries_(config.variant == Variant::kQueryDecoder),
        found_(found),
        words_(static_cast<Index>(found.caption_ids.size())),
        visual_(found.num_patches * found.num_levels),
        outputs_(has_queries_ ? config.num_queries : visual_) {
    for (AttentionMaps* maps : {&found.shares, &found.read_by_words, &found.read_of_words}) {
      maps->num_heads = config.num_attention_heads;
      maps->num_queries = words_;
    }
    found.shares.num_queries = 1;
    found.shares.num_keys = found.num_levels + 1;
    found.read_by_words.num_keys = visual_;
    found.read_of_words.num_keys = found.num_patches;
  }

  void attend(const AttentionCall& call) override {
    const bool is_cross = has_queries_ && calls_++ % 2 == 1;
    if (!is_cross) begin_block();
    for (Index head = 0; head < call.num_heads; ++head) {
      for (Index query = 0; query < call.num_queries; ++query) {
        const std::vector<float> row = attention_probabilities(call, head, query);
        if (query < outputs_) {
          take_output(row, head, query, is_cross);
        } else if (is_cross || !has_queries_) {
          std::copy_n(row.begin(), visual_, at(found_.read_by_words, head, query - outputs_));
        }
      }
    }
  }

 private:
  void begin_block() {
    const auto add = [](AttentionMaps& maps) {
      ++maps.num_layers;
      maps.values.resize(static_cast<std::size_t>(maps.num_layers * maps.num_heads * maps.num_queries * maps.num_keys));
    };
    add(found_.shares);
    add(found_.read_by_words);
    if (!has_queries_) add(found_.read_of_words);
  }

  // a row of the newest block
  static float* at(AttentionMaps& maps, Index head, Index query) {
    return maps.values.data() +
           (((maps.num_layers - 1) * maps.num_heads + head) * maps.num_queries + query) * maps.num_keys;
  }

  // A row that becomes a visual token: keys are the image's where the attention is to it, and then the words.
  void take_output(const std::vector<float>& row, Index head, Index query, bool is_cross) {
    const bool sees_image = is_cross || !has_queries_, sees_words = !is_cross;
    float* shares = at(found_.shares, head, 0);
    const float weight = 1 / static_cast<float>(outputs_);
    auto key = row.begin();
    for (Index level = 0; sees_image && level < found_.num_levels; ++level, key += found_.num_patches) {
      shares[level] += weight * std::accumulate(key, key + found_.num_patches, 0.0f);
    }
    if (!sees_words) return;
    if (has_queries_) key += outputs_;
    shares[found_.num_levels] += weight * std::accumulate(key, row.end(), 0.0f);
    for (Index word = 0; !has_queries_ && word < words_; ++word, ++key) {
      at(found_.read_of_words, head, word)[query % found_.num_patches] += *key / static_cast<float>(found_.num_levels);
    }
  }

  bool has_queries_;
  ConnectorExplanation& found_;
  Index words_, visual_, outputs_;
  Index calls_ = 0;
};

inline Matrix<float> values_of(const Inference<float>& ops, const Inference<float>::Tensor& tensor) {
  Matrix<float> values(tensor.rows(), tensor.columns());
  ops.copy_out(tensor, values.data(), values.cols());
  return values;
}

}  // namespace detail

SHARPEYE_BODY void CaptionExplainer::write(const ObservedCaption<Inference<float>>& glance) {
  GlanceExplanation found{};
  found.round = glance.round;
  found.ids = glance.ids;
  const auto count = static_cast<Index>(glance.ids.size());
  const Index share = glance.visual.rows() / glance.prompt.num_image_places();
  for (const std::int32_t id : glance.prompt.ids) {
    for (Index i = 0; i < (id == kImageToken ? share : 1); ++i) {
      if (id == kImageToken) found.visual_keys.push_back(static_cast<Index>(found.key_ids.size()));
      found.key_ids.push_back(id);
    }
  }
  found.num_prompt_keys = static_cast<Index>(found.key_ids.size());
  found.visual_groups = glance.merged.groups;
  if (count == 0) {
    explanation_.glances.push_back(std::move(found));
    return;
  }
  found.key_ids.insert(found.key_ids.end(), glance.ids.begin(), glance.ids.end() - 1);

  const auto sequence = MmSer<Inference<float>>::prompt(glance.ops, glance.language_model, glance.prompt, glance.visual,
                                                        {glance.ids.begin(), glance.ids.end() - 1});
  auto cache = glance.language_model.make_prompt_cache(sequence.rows(), glance.visual.rows());
  if (!glance.merged.groups.empty()) {
    cache.place(MmSer<Inference<float>>::prompt_places(glance.prompt, glance.merged));
  }
  detail::LastRows rows(count, sequence.rows(), found.attention);
  const auto states = [&] {
    const detail::Observing observing(glance.ops, rows);
    return glance.language_model.step(glance.ops, sequence, cache, count);
  }();
  const Matrix<float> logits = detail::values_of(glance.ops, glance.language_model.logits(glance.ops, states));
  const Index size = glance.num_tokens > 0 ? std::min(glance.num_tokens, logits.cols()) : logits.cols();
  std::vector<std::int32_t> order(static_cast<std::size_t>(size));
  for (Index token = 0; token < count; ++token) {
    const float* row = glance.mixed_logits.empty() ? logits.row(token).data()
                                                   : glance.mixed_logits[static_cast<std::size_t>(token)].data();
    found.log_probabilities.push_back(log_probability_of(row, size, glance.ids[static_cast<std::size_t>(token)]));
    std::iota(order.begin(), order.end(), 0);
    const auto end = order.begin() + std::min(num_alternatives_, size);
    std::partial_sort(order.begin(), end, order.end(),
                      [&](std::int32_t a, std::int32_t b) { return row[a] != row[b] ? row[a] > row[b] : a < b; });
    auto& likeliest = found.alternatives.emplace_back();
    for (auto id = order.begin(); id != end; ++id) likeliest.push_back({*id, log_probability_of(row, size, *id)});
  }
  explanation_.glances.push_back(std::move(found));
}

SHARPEYE_BODY void CaptionExplainer::look(const ObservedConnector<Inference<float>>& glance) {
  const MmSerConfig& model = glance.network.config();
  const SerConnectorConfig& config = *model.ser_connector;
  ConnectorExplanation found{};
  found.round = glance.round;
  if (config.use_caption) found.caption_ids = glance.caption_ids;
  found.num_patches = model.vision_config.grid_size() * model.vision_config.grid_size();
  found.layers = config.vision_feature_layers;
  const auto visual_tokens = [&](const std::vector<Inference<float>::Tensor>& states,
                                 const std::vector<std::int32_t>& caption,
                                 const std::vector<std::int32_t>& confidence) {
    const auto features = glance.network.second_features(glance.ops, states);
    return detail::values_of(glance.ops, glance.network.second_glance(glance.ops, features, caption, confidence));
  };
  found.num_levels = config.has_separate_levels() ? static_cast<Index>(found.layers.size()) : 1;
  detail::ConnectorReading reading(config, found);
  const Matrix<float> seen = [&] {
    const detail::Observing observing(glance.ops, reading);
    return visual_tokens(glance.states, glance.caption_ids, glance.confidence);
  }();
  const auto influence = [&](const Matrix<float>& changed) {
    const Index rows = std::min(seen.rows(), changed.rows());  // (the caption may have rows of its own behind them)
    const auto before = seen.topRows(rows).cast<double>();
    return (changed.topRows(rows).cast<double>() - before).norm() / before.norm();
  };
  for (std::size_t layer = 0; layer < glance.states.size(); ++layer) {
    std::vector<Inference<float>::Tensor> states = glance.states;
    Matrix<float> values = detail::values_of(glance.ops, states[layer]);
    auto patches = values.bottomRows(found.num_patches);
    patches.rowwise() = patches.colwise().mean().eval();
    states[layer] = glance.ops.constant(values);
    found.layer_influence.push_back(influence(visual_tokens(states, glance.caption_ids, glance.confidence)));
  }
  found.caption_influence = influence(visual_tokens(glance.states, {}, {}));
  explanation_.connectors.push_back(std::move(found));
}

SHARPEYE_NAMESPACE_END
