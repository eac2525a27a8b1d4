// What words attend to, against Hugging Face's attention (tests/reference/make_attention_goldens.py), and that looking
// on changes no caption.

#include "sharpeye/pipeline/caption_explainer.hpp"

#include <cmath>

#include "sharpeye/io/stb_image_decoder.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/models/observed_glance.hpp"
#include "sharpeye/ops/attention_probabilities.hpp"
#include "sharpeye/pipeline/captioner.hpp"
#include "support/golden.hpp"

using namespace sharpeye;

namespace {

const char* const kModels[] = {"mmser_self_attention_tiny", "mmser_query_decoder_tiny"};

Image image_of(const std::string& name) {
  return read_image(test::fixture("models/" + name + "/image.png"), StbImageDecoder{});
}

// Captions the model's image, greedily unless `beams` says otherwise, with and without looking on.
struct Explained {
  Caption plain, seen;
  CaptionExplanation explanation;

  explicit Explained(const std::string& name, CaptionOptions options = {}, Index beams = 1) {
    ThreadPool pool(2);
    Captioner captioner(CaptionModel::load(test::fixture("models/" + name)), pool);
    if (!options.generation) {
      options.generation = captioner.model().generation();
      options.generation->num_beams = beams;
    }
    const Image image = image_of(name);
    plain = captioner(image, options);
    CaptionExplainer explainer(4);
    options.observer = &explainer;
    seen = captioner(image, options);
    explanation = explainer.take();
    CHECK(explainer.explanation().glances.empty());
  }
};

// The first rows of a glance's attention against [layers, heads * rows * keys] of the golden file.
void check_attention(const GlanceExplanation& glance, const Matrix<float>& expected, Index golden_rows) {
  const AttentionMaps& maps = glance.attention;
  REQUIRE(maps.num_layers == expected.rows());
  const Index rows = std::min(golden_rows, maps.num_queries);
  REQUIRE(maps.num_heads * rows * maps.num_keys == expected.cols());
  double largest = 0;
  for (Index layer = 0; layer < maps.num_layers; ++layer) {
    for (Index head = 0; head < maps.num_heads; ++head) {
      for (Index row = 0; row < rows; ++row) {
        for (Index key = 0; key < maps.num_keys; ++key) {
          const float value = expected(layer, (head * rows + row) * maps.num_keys + key);
          largest = std::max(largest, std::abs(static_cast<double>(maps.row(layer, head, row)[key] - value)));
        }
      }
    }
  }
  CHECK(largest < 1e-5);
}

void check_maps(const AttentionMaps& maps, const Matrix<float>& expected) {
  REQUIRE(static_cast<Index>(maps.values.size()) == expected.size());
  REQUIRE(maps.num_layers == expected.rows());
  CHECK((Eigen::Map<const Matrix<float>>(maps.values.data(), expected.rows(), expected.cols()) - expected)
            .cwiseAbs()
            .maxCoeff() < 1e-5f);
}

void check_rows_sum_to_one(const GlanceExplanation& glance) {
  const AttentionMaps& maps = glance.attention;
  for (Index i = 0; i < maps.num_layers * maps.num_heads * maps.num_queries; ++i) {
    double sum = 0;
    for (Index key = 0; key < maps.num_keys; ++key) {
      const float value = maps.values[static_cast<std::size_t>(i * maps.num_keys + key)];
      const bool comes_later = key >= glance.num_prompt_keys + i % maps.num_queries;
      CHECK((comes_later ? value == 0 : value >= 0));
      sum += static_cast<double>(value);
    }
    CHECK(sum == doctest::Approx(1).epsilon(1e-6));
  }
}

}  // namespace

TEST_CASE("the attention of written tokens is Hugging Face's") {
  for (const char* name : kModels) {
    CAPTURE(name);
    const test::Golden golden(name), attention(name, "attention");
    CaptionOptions first;
    first.rounds = 0;
    const Explained initial(name, first);
    REQUIRE(initial.explanation.glances.size() == 1);
    CHECK(initial.explanation.glances[0].ids == golden.ids("greedy.initial_ids"));
    check_attention(initial.explanation.glances[0], attention.matrix("pass1.attention"), 8);
    CHECK(initial.explanation.connectors.empty());

    CaptionOptions second;
    second.initial = golden.text("initial_text");
    const Explained refined(name, second);
    REQUIRE(refined.explanation.glances.size() == 1);
    CHECK(refined.explanation.glances[0].round == 1);
    CHECK(refined.explanation.glances[0].ids == golden.ids("greedy.refined_ids"));
    check_attention(refined.explanation.glances[0], attention.matrix("pass2.attention"), 8);
    check_rows_sum_to_one(refined.explanation.glances[0]);
    REQUIRE(refined.explanation.connectors.size() == 1);
    const ConnectorExplanation& connector = refined.explanation.connectors[0];
    CHECK(connector.caption_ids == golden.ids("ser.caption_ids"));
    check_maps(connector.shares, attention.matrix("ser.shares"));
    check_maps(connector.read_by_words, attention.matrix("ser.read_by_words"));
    CHECK(connector.read_of_words.values.empty() != attention.has("ser.read_of_words"));
    if (attention.has("ser.read_of_words")) {
      check_maps(connector.read_of_words, attention.matrix("ser.read_of_words"));
    }
  }
}

TEST_CASE("so it is with LLaMA's and Qwen2's grouped queries and rotary positions") {
  for (const char* name : {"llava_clip_llama", "llava_siglip_qwen2"}) {
    CAPTURE(name);
    const test::Golden golden(name);
    test::Session session;
    const MmSerConfig config = MmSerConfig::from_json(golden.json());
    WeightLoader loader(open_model_weights(golden.folder()));
    const MmSer<Inference<float>> model(config, loader);
    const Sight<Inference<float>> sight = model.look(session.ops, golden.floats("pixel_values"));
    const auto visual = model.first_glance(session.ops, sight.first);
    const PromptTokens prompt{golden.ids("prompts.0"), 0};
    const std::vector<std::int32_t> ids = golden.ids("ids.0.1");
    CaptionExplainer explainer;
    explainer.write({0, session.ops, model, model.language_model(), prompt, visual, ids, 0});
    const GlanceExplanation& glance = explainer.explanation().glances.at(0);
    check_attention(glance, test::Golden(name, "attention").matrix("attention"), 8);
    check_rows_sum_to_one(glance);
    for (std::size_t t = 0; t < ids.size(); ++t) CHECK(glance.alternatives[t].front().id == ids[t]);  // greedy
  }
}

TEST_CASE("looking on changes no caption, and sees the probabilities of the tokens as they were written") {
  for (const char* name : kModels) {
    for (const auto& [beams, first_share] :
         std::vector<std::pair<Index, double>>{{1, 0.0}, {3, 0.0}, {1, 0.4}, {3, 0.4}}) {
      CAPTURE(name);
      CAPTURE(beams);
      CAPTURE(first_share);  // above 0: what chose the tokens is a mixture
      CaptionOptions options;
      options.rounds = 2;
      options.first_share = first_share;
      const Explained one(name, options, beams);
      CHECK(one.seen.initial_ids == one.plain.initial_ids);
      CHECK(one.seen.refined_ids == one.plain.refined_ids);
      CHECK(one.seen.initial_confidence.log_probabilities == one.plain.initial_confidence.log_probabilities);
      CHECK(one.seen.refined_confidence.log_probabilities == one.plain.refined_confidence.log_probabilities);
      CHECK(one.seen.pass1_steps == one.plain.pass1_steps);
      CHECK(one.seen.pass2_steps == one.plain.pass2_steps);
      REQUIRE(one.explanation.glances.size() == 3);
      REQUIRE(one.explanation.connectors.size() == 2);
      const auto check_glance = [](const GlanceExplanation& glance, const std::vector<std::int32_t>& ids,
                                   const CaptionConfidence& confidence) {
        CHECK(glance.ids == ids);
        CHECK(glance.key_ids.size() == static_cast<std::size_t>(glance.num_prompt_keys) + ids.size() - 1);
        for (const Index key : glance.visual_keys) CHECK(glance.key_ids[static_cast<std::size_t>(key)] == kImageToken);
        for (std::size_t t = 0; t < ids.size(); ++t) {
          CHECK(glance.log_probabilities[t] ==
                doctest::Approx(static_cast<double>(confidence.log_probabilities[t])).epsilon(1e-4));
          REQUIRE(glance.alternatives[t].size() == 4);
          for (std::size_t i = 1; i < 4; ++i) {
            CHECK(glance.alternatives[t][i - 1].log_probability >= glance.alternatives[t][i].log_probability);
          }
          CHECK(glance.alternatives[t][0].log_probability >= glance.log_probabilities[t]);
          for (const TokenAlternative& other : glance.alternatives[t]) {
            CHECK(other.id < 600);  // what only pads the vocabulary is none
            if (other.id == ids[t]) CHECK(other.log_probability == glance.log_probabilities[t]);
          }
        }
        check_rows_sum_to_one(glance);
      };
      check_glance(one.explanation.glances[0], one.seen.initial_ids, one.seen.initial_confidence);
      check_glance(one.explanation.glances[2], one.seen.refined_ids, one.seen.refined_confidence);
    }
  }
}

TEST_CASE("influences are distances of visual tokens") {
  const Explained one("mmser_self_attention_tiny");
  const ConnectorExplanation& connector = one.explanation.connectors.at(0);
  CHECK(connector.layers == std::vector<Index>{2, 3, 4});
  REQUIRE(connector.layer_influence.size() == 3);
  for (const double influence : connector.layer_influence) CHECK((influence > 1e-3 && influence < 3));
  CHECK((connector.caption_influence > 1e-3 && connector.caption_influence < 3));
  // Without the caption there is none to take away.
  CaptionOptions options;
  options.ablation = Ablation::kFeaturesOnly;
  const Explained blind("mmser_self_attention_tiny", options);
  CHECK(blind.explanation.connectors.at(0).caption_ids.empty());
  CHECK(blind.explanation.connectors.at(0).caption_influence == 0);
  CHECK(blind.explanation.connectors.at(0).shares.row(0, 0, 0)[1] == 0);
  options.ablation = Ablation::kSinglePass;
  const Explained single("mmser_self_attention_tiny", options);
  CHECK(single.explanation.glances.size() == 1);
  CHECK(single.explanation.connectors.at(0).round == 0);
}

TEST_CASE("probabilities over a cache are those over its rows") {
  const Matrix<float> q = Matrix<float>::Random(2, 8);
  Matrix<float> store = Matrix<float>::Random(5, 4);
  std::vector<float16> halves;  // the same numbers
  for (Index i = 0; i < store.size(); ++i) {
    halves.emplace_back(store.data()[i]);
    store.data()[i] = static_cast<float>(halves.back());
  }
  const std::vector<std::int32_t> rows{3, 0, 4};
  const std::vector<RowSpan> spans{{rows.data(), 3}, {rows.data(), 2}};
  // Four query heads of two elements; two of them share a head of the keys.
  const AttentionCall call{4, 2, 2, 3, 2, q.data(), 8, store.data(), nullptr, 4, 2, AttentionMask::kNone, spans.data()};
  AttentionCall in_halves = call;
  in_halves.keys = nullptr;
  in_halves.half_keys = halves.data();
  for (Index head = 0; head < 4; ++head) {
    for (Index query = 0; query < 2; ++query) {
      const std::vector<float> found = attention_probabilities(call, head, query);
      REQUIRE(found.size() == (query == 0 ? 3u : 2u));
      CHECK(attention_probabilities(in_halves, head, query) == found);
      double sum = 0;
      std::vector<double> expected;
      for (std::size_t i = 0; i < found.size(); ++i) {
        double product = 0;
        for (Index j = 0; j < 2; ++j) {
          product +=
              static_cast<double>(q(query, 2 * head + j)) * static_cast<double>(store(rows[i], head / 2 * 2 + j));
        }
        expected.push_back(std::exp(product / std::sqrt(2.0)));
        sum += expected.back();
      }
      for (std::size_t i = 0; i < found.size(); ++i) {
        CHECK(static_cast<double>(found[i]) == doctest::Approx(expected[i] / sum).epsilon(1e-6));
      }
    }
  }
}
