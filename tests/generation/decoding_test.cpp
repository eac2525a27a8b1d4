// Greedy and beam search against Hugging Face's generate(), and the processors against Hugging Face's.

#include "generation/scripted.hpp"
#include "sharpeye/generation/causal_lm_next_token.hpp"
#include "sharpeye/generation/draft_verification.hpp"
#include "sharpeye/generation/generate.hpp"
#include "sharpeye/generation/logits_processors.hpp"
#include "sharpeye/models/opt.hpp"
#include "support/golden.hpp"

using namespace sharpeye;
using test::Scripted;

namespace {

/// log softmax(logits)[id] of the first `size` logits, in double.
double log_softmax(const std::vector<float>& logits, std::size_t size, std::int32_t id) {
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += std::exp(static_cast<double>(logits[i]));
  return static_cast<double>(logits[static_cast<std::size_t>(id)]) - std::log(sum);
}

/// Token 0 ends; the others take turns.
std::vector<float> round_robin(const std::vector<std::int32_t>& ids) {
  std::vector<float> logits(5, 0.0f);
  logits[ids.empty() ? 1 : static_cast<std::size_t>(ids.back() % 4 + 1)] = 5.0f;
  return logits;
}

}  // namespace

TEST_CASE("greedy and beam search give Hugging Face's ids in every setting") {
  int cases = 0;
  for (const char* name : {"opt_pre", "opt_post"}) {
    const test::Golden golden(name, "decoding");
    test::Session session;
    const auto config = OptConfig::from_json(golden.json().object("text_config"));
    WeightLoader loader = golden.weights();
    const Opt<Inference<float>> opt(config, loader.root("language_model.model.decoder"));
    const Matrix<float> prompts = golden.matrix("prompts");
    const JsonReader settings = golden.json("decoding.json");
    const auto run = [&](const GenerationConfig& generation, Index prompt) {
      std::vector<std::int32_t> ids;
      for (Index i = 0; i < prompts.cols() && prompts(prompt, i) >= 0; ++i) {
        ids.push_back(static_cast<std::int32_t>(prompts(prompt, i)));
      }
      CausalLmNextToken<Inference<float>> model(session.ops, opt, opt.embed(session.ops, ids), generation.num_beams,
                                                generation.max_new_tokens);
      model.prefill();
      const GeneratedSequence sequence = generate(model, generation);
      // The search's own log-probabilities are those of reading the finished sequence, whatever beam it came from and
      // whatever a penalty did to the scores.
      const std::vector<std::int32_t>& written = sequence.ids;
      REQUIRE(sequence.log_probabilities.size() == written.size());
      CausalLmNextToken<Inference<float>> reader(session.ops, opt, opt.embed(session.ops, ids), 1,
                                                 generation.max_new_tokens);
      reader.prefill();
      std::vector<std::vector<float>> logits = reader.read(0, written);
      logits.insert(logits.begin(), reader.start());
      for (std::size_t i = 0; i < written.size(); ++i) {
        const auto size = std::min(logits[i].size(), static_cast<std::size_t>(generation.num_tokens));
        CHECK(std::fabs(static_cast<double>(sequence.log_probabilities[i]) - log_softmax(logits[i], size, written[i])) <
              1e-4);
      }
      return written;
    };
    const auto expected_ids = [&](const Matrix<float>& rows, Index row) {
      std::vector<std::int32_t> ids;
      for (Index i = 0; i < rows.cols() && rows(row, i) >= 0; ++i)
        ids.push_back(static_cast<std::int32_t>(rows(row, i)));
      return ids;
    };
    for (const std::string& tensor : golden.names()) {
      if (tensor.find(".prompts") == std::string::npos || tensor.rfind("padding", 0) == 0) continue;
      const std::string setting = tensor.substr(0, tensor.find('.'));
      CAPTURE(name);
      CAPTURE(setting);
      GenerationConfig generation = GenerationConfig::from_json(settings.object(setting), config.vocab_size);
      generation.num_tokens = 600;
      const std::vector<std::int32_t> used = golden.ids(tensor);
      const Matrix<float> expected = golden.matrix(setting + ".ids");
      for (std::size_t i = 0; i < used.size(); ++i) {
        ++cases;
        CAPTURE(used[i]);
        CHECK(run(generation, used[i]) == expected_ids(expected, static_cast<Index>(i)));
      }
    }
    // Where it matters how padding ids are kept out, we do as the authors' code: their softmax does not see them.
    if (golden.has("padding.prompts")) {
      const std::vector<std::int32_t> used = golden.ids("padding.prompts"), which = golden.ids("padding.settings");
      std::vector<std::string> names;
      const Json all = read_json_file(golden.path("decoding.json"), 1 << 20);
      for (const auto& item : all.items()) names.push_back(item.key);  // the numbers count them in this order
      for (std::size_t i = 0; i < used.size(); ++i) {
        GenerationConfig generation =
            GenerationConfig::from_json(settings.object(names[static_cast<std::size_t>(which[i])]), config.vocab_size);
        generation.num_tokens = 600;
        ++cases;
        CHECK(run(generation, used[i]) == expected_ids(golden.matrix("padding.resized_ids"), static_cast<Index>(i)));
      }
    }
  }
  CHECK(cases >= 200);
}

TEST_CASE("processors give Hugging Face's scores, warpers its distributions") {
  const test::Golden golden("logits");
  const Json json = read_json_file(golden.path("logits.json"), 1 << 20);
  const Matrix<float> logits = golden.matrix("logits"), seen = golden.matrix("input_ids");
  const auto row_of = [](const Matrix<float>& matrix, Index row) {
    std::vector<float> values(static_cast<std::size_t>(matrix.cols()));
    for (Index i = 0; i < matrix.cols(); ++i) values[static_cast<std::size_t>(i)] = matrix(row, i);
    return values;
  };
  for (std::size_t i = 0; i < json["process"].size(); ++i) {
    CAPTURE(i);
    const Matrix<float> expected = golden.matrix(concat("process.", i, ".scores"));
    const auto config = GenerationConfig::from_json(JsonReader(json["process"][i], "logits.json"), logits.cols());
    for (Index row = 0; row < logits.rows(); ++row) {
      std::vector<float> scores = row_of(golden.matrix("log_softmax"), row);
      std::vector<std::int32_t> ids;
      for (const float id : row_of(seen, row)) ids.push_back(static_cast<std::int32_t>(id));
      process_scores(config, ids, scores);
      for (Index id = 0; id < logits.cols(); ++id) {
        const float actual = scores[static_cast<std::size_t>(id)];
        if (expected(row, id) == kImpossible) {
          CHECK(actual == kImpossible);
        } else {
          CHECK(actual == doctest::Approx(expected(row, id)).epsilon(1e-6));
        }
      }
    }
  }
  for (std::size_t i = 0; i < json["warp"].size(); ++i) {
    CAPTURE(i);
    const Matrix<float> expected = golden.matrix(concat("warp.", i, ".probabilities"));
    GenerationConfig config;
    config.temperature = json["warp"][i]["temperature"].get<double>();
    config.top_k = json["warp"][i]["top_k"].get<Index>();
    config.top_p = json["warp"][i]["top_p"].get<double>();
    for (Index row = 0; row < logits.rows(); ++row) {
      const std::vector<double> actual = sampling_distribution(config, row_of(logits, row));
      for (Index id = 0; id < logits.cols(); ++id) {
        CHECK(std::fabs(actual[static_cast<std::size_t>(id)] - expected(row, id)) < 1e-6);
        CHECK((actual[static_cast<std::size_t>(id)] == 0) == (expected(row, id) == 0));
      }
    }
  }
}

TEST_CASE("sampling follows its seed and its distribution") {
  GenerationConfig config;
  config.num_beams = 1;
  config.do_sample = true;
  config.max_new_tokens = 2000;
  config.top_k = 0;
  config.eos_token_ids = {4};
  const auto fixed = [](const std::vector<std::int32_t>&) {
    return std::vector<float>{std::log(0.5f), std::log(0.3f), std::log(0.2f), kImpossible, kImpossible};
  };
  Scripted model(fixed), again(fixed), other(fixed);
  const auto ids = generate(model, config).ids;
  CHECK(ids == generate(again, config).ids);
  double counts[3] = {};
  for (const std::int32_t id : ids) counts[id] += 1.0 / 2000;
  CHECK(counts[0] == doctest::Approx(0.5).epsilon(0.1));
  CHECK(counts[1] == doctest::Approx(0.3).epsilon(0.1));
  config.seed = 1;
  CHECK(ids != generate(other, config).ids);
}

TEST_CASE("a hook ends generation, a complete sequence ends its beam") {
  GenerationConfig config;
  config.eos_token_ids = {0};
  config.max_new_tokens = 20;
  config.early_stopping = EarlyStopping::kFalse;  // else three unlikely ends are enough
  for (const Index beams : {1, 3}) {
    config.num_beams = beams;
    GenerationHooks hooks;
    std::size_t steps = 0;
    hooks.on_step = [&](const std::vector<std::int32_t>& ids) { return (steps = ids.size()) < 4; };
    Scripted model(round_robin), second(round_robin);
    CHECK(generate(model, config, hooks).ids == std::vector<std::int32_t>{1, 2, 3, 4});
    CHECK(steps == 4);
    hooks.on_step = nullptr;
    hooks.is_complete = [](const std::vector<std::int32_t>& ids) { return ids.back() == 3; };
    CHECK(generate(second, config, hooks).ids == std::vector<std::int32_t>{1, 2, 3});
  }
}

TEST_CASE("logits that are not finite are an error, not a caption") {
  const auto nan = [](const std::vector<std::int32_t>&) {
    return std::vector<float>(5, std::numeric_limits<float>::quiet_NaN());
  };
  GenerationConfig config;
  config.max_new_tokens = 6;
  for (const Index beams : {1, 3}) {
    config.num_beams = beams;
    for (const bool sample : {false, true}) {
      if (sample && beams > 1) continue;
      config.do_sample = sample;
      Scripted model(nan);
      try {
        generate(model, config);
        FAIL("expected an error");
      } catch (const Error& error) {
        CHECK(error.code() == ErrorCode::kNotFinite);
      }
    }
  }
}

TEST_CASE("generation_config.json: hostile values are refused by name") {
  const auto refused = [](const char* text, const char* key) {
    constexpr ErrorCode code = ErrorCode::kConfig;
    try {
      GenerationConfig::from_json(JsonReader(parse_json(text, "generation_config.json"), "generation_config.json"),
                                  100);
    } catch (const Error& error) {
      return error.code() == code && std::string(error.what()).find(key) != std::string::npos;
    }
    return false;
  };
  CHECK(refused(R"({"num_beams": 0})", "num_beams"));
  CHECK(refused(R"({"num_beams": 1e9})", "num_beams"));
  CHECK(refused(R"({"max_new_tokens": -1})", "max_new_tokens"));
  CHECK(refused(R"({"temperature": 0})", "temperature"));
  CHECK(refused(R"({"top_p": 1.5})", "top_p"));
  CHECK(refused(R"({"eos_token_id": 100})", "eos_token_id"));
  CHECK(refused(R"({"eos_token_id": [3, -1]})", "eos_token_id"));
  CHECK(refused(R"({"early_stopping": "always"})", "early_stopping"));
  CHECK(refused(R"({"num_beams": 2, "do_sample": true})", "num_beams"));
  CHECK(refused(R"({"stop_strings": [""]})", "stop_strings"));
  CHECK(refused(R"({"max_new_token": 3})", "did you mean \"max_new_tokens\"?"));
}

TEST_CASE(
    "generation_config.json: what would change the text and is not carried out is refused, what is unset is not") {
  const auto read = [](const std::string& text) {
    return GenerationConfig::from_json(JsonReader(parse_json(text, "g.json"), "g.json"), 100);
  };
  const auto refused = [&](const std::string& text, const std::string& part) {
    try {
      read(text);
    } catch (const Error& error) {
      return error.code() == ErrorCode::kUnsupported && std::string(error.what()).find(part) != std::string::npos;
    }
    return false;
  };
  CHECK(refused(R"({"max_length": 4})", "max_length: expected max_new_tokens"));
  CHECK(refused(R"({"min_length": 4})", "min_length: expected min_new_tokens"));
  CHECK(refused(R"({"suppress_tokens": [1]})", "suppress_tokens: expected [] or nothing"));
  CHECK(refused(R"({"bad_words_ids": [[1]]})", "bad_words_ids"));
  CHECK(refused(R"({"num_beam_groups": 2})", "num_beam_groups: expected 1"));
  CHECK(refused(R"({"forced_eos_token_id": 2})", "forced_eos_token_id"));
  // As transformers 5 writes them, and what says nothing about the text.
  const GenerationConfig config =
      read(R"({"num_beams": null, "min_new_tokens": null, "length_penalty": null, "max_length": 20,
      "max_new_tokens": 7, "suppress_tokens": null, "num_beam_groups": 1, "min_length": 0, "transformers_version": "5.0",
      "use_cache": true, "bos_token_id": 1, "pad_token_id": 1, "typical_p": 1.0})");
  CHECK(config.max_new_tokens == 7);
  CHECK(config.num_beams == GenerationConfig().num_beams);
  CHECK(config.length_penalty == 0);
}

TEST_CASE("log-probabilities are the model's own, before penalties, temperature and cuts") {
  const auto fixed = [](const std::vector<std::int32_t>&) {
    return std::vector<float>{std::log(0.5f), std::log(0.3f), std::log(0.2f), 9.0f};  // the last one pads
  };
  GenerationConfig config;
  config.eos_token_ids = {2};
  config.num_tokens = 3;
  config.max_new_tokens = 3;
  const auto probabilities = [&](const GenerationConfig& changed) {
    Scripted model(fixed);
    const GeneratedSequence sequence = generate(model, changed);
    std::vector<std::pair<std::int32_t, double>> result;
    for (std::size_t i = 0; i < sequence.ids.size(); ++i) {
      result.push_back({sequence.ids[i], std::round(1e4 * std::exp(sequence.log_probabilities[i])) / 1e4});
    }
    return result;
  };
  using Pairs = std::vector<std::pair<std::int32_t, double>>;
  for (const Index beams : {1, 2}) {
    config.num_beams = beams;
    CHECK(probabilities(config) == Pairs{{0, 0.5}, {0, 0.5}, {0, 0.5}});
    GenerationConfig other = config;
    other.no_repeat_ngram_size = 1;
    other.min_new_tokens = 2;
    // Two beams find 0 1 2 and 1 0 2 equally likely, and take the later one.
    CHECK(probabilities(other) ==
          (beams == 1 ? Pairs{{0, 0.5}, {1, 0.3}, {2, 0.2}} : Pairs{{1, 0.3}, {0, 0.5}, {2, 0.2}}));
    other = config;
    other.repetition_penalty = 100;  // logits are negative here, so a penalty makes them smaller
    other.min_new_tokens = 3;
    Pairs penalized = probabilities(other);
    std::sort(penalized.begin(), penalized.end());
    CHECK(penalized == Pairs{{0, 0.5}, {0, 0.5}, {1, 0.3}});
  }
  GenerationConfig sampled = config;
  sampled.num_beams = 1;
  sampled.do_sample = true;
  sampled.temperature = 0.01;
  CHECK(probabilities(sampled) == Pairs{{0, 0.5}, {0, 0.5}, {0, 0.5}});
}

TEST_CASE("a draft gives the ids of plain greedy decoding, whatever it says") {
  // The next token depends on all tokens before it, so that a token of the draft that was not verified would show.
  const auto logits = [](const std::vector<std::int32_t>& ids) {
    std::uint64_t state = 17;
    for (const std::int32_t id : ids) state = state * 6364136223846793005u + static_cast<std::uint64_t>(id) + 1;
    std::vector<float> result(9, 0.0f);
    result[(state >> 33) % 9] = 5.0f;
    if (state >> 40 & 1) result[(state >> 45) % 9] = 4.995f;  // a near tie, which the margin sends to a plain step
    if (ids.size() < 12) result[0] = -5.0f;
    return result;
  };
  GenerationConfig config;
  config.num_beams = 1;
  config.max_new_tokens = 40;
  config.eos_token_ids = {0};
  Scripted plain(logits);
  const auto [expected, expected_probabilities] = generate(plain, config);
  REQUIRE(expected.size() > 12);
  const auto edited = [&](std::size_t at, std::size_t erased, std::vector<std::int32_t> inserted) {
    std::vector<std::int32_t> draft = expected;
    const auto place = draft.begin() + static_cast<std::ptrdiff_t>(at);
    draft.erase(place, place + static_cast<std::ptrdiff_t>(erased));
    draft.insert(draft.begin() + static_cast<std::ptrdiff_t>(at), inserted.begin(), inserted.end());
    return draft;
  };
  std::vector<std::vector<std::int32_t>> drafts{{}, {1}, expected, std::vector<std::int32_t>(40, 3)};
  for (const std::size_t at : {0u, 1u, 5u, 11u}) {
    drafts.push_back(edited(at, 1, {8}));
    drafts.push_back(edited(at, 1, {}));
    drafts.push_back(edited(at, 0, {7, 7}));
    drafts.push_back(edited(at, 2, {6, 5, 4}));
  }
  for (const auto& draft : drafts) {
    Scripted model(logits);
    DraftStatistics statistics;
    const GeneratedSequence sequence = generate_from_draft(model, config, draft, {}, &statistics);
    CHECK(sequence.ids == expected);
    CHECK(sequence.log_probabilities == expected_probabilities);
    CHECK(statistics.passes <= static_cast<Index>(2 * expected.size()));
    GenerationConfig shorter = config;
    shorter.max_new_tokens = 7;
    Scripted again(logits), plain_again(logits);
    CHECK(generate_from_draft(again, shorter, draft).ids == generate(plain_again, shorter).ids);
  }
  // A right draft is read once; one wrong word costs two passes more.
  const auto smooth = [](const std::vector<std::int32_t>& ids) {
    std::vector<float> result(30, 0.0f);
    result[ids.size() < 20 ? ids.size() + 1 : 0] = 5.0f;
    return result;
  };
  std::vector<std::int32_t> draft;
  for (std::int32_t id = 1; id <= 20; ++id) draft.push_back(id);
  draft.push_back(0);
  for (const bool wrong : {false, true}) {
    if (wrong) draft[9] = 29;
    Scripted model(smooth);
    DraftStatistics statistics;
    CHECK(generate_from_draft(model, config, draft, {}, &statistics).ids.size() == 21);
    CHECK(statistics.passes == (wrong ? 2 : 0));
  }
}
