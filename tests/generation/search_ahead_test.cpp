// Beam search after an earlier one, or with a draft: the text of beam search alone.

#include "sharpeye/generation/search_ahead.hpp"

#include "generation/scripted.hpp"
#include "models/small_models.hpp"
#include "sharpeye/core/random.hpp"
#include "sharpeye/formats/declaring_loader.hpp"
#include "sharpeye/generation/candidates.hpp"
#include "sharpeye/generation/causal_lm_next_token.hpp"
#include "sharpeye/models/opt.hpp"
#include "sharpeye/ops/counting.hpp"
#include "support/golden.hpp"
#include "support/random_weights.hpp"

using namespace sharpeye;
using test::Scripted;

namespace {

/// Token 0 ends; the others take turns.
std::vector<float> round_robin(const std::vector<std::int32_t>& ids) {
  std::vector<float> logits(5, 0.0f);
  logits[ids.size() % 4 + 1] = 3;
  return logits;
}

}  // namespace

TEST_CASE("a draft gives the ids of plain beam search, whatever it says, in fewer passes") {
  Index plain_steps = 0, passes = 0, passes_after_search = 0, fewer = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    // Likely next tokens depend on the last one, all on the whole sequence; some are near ties, and some exact ones.
    const double sharpness = seed % 2 == 0 ? 1 : 3;
    const auto logits_of = [seed, sharpness](const std::vector<std::int32_t>& ids, double shift) {
      Random whole(seed, ids.size()), rest(seed + 1000, ids.empty() ? 77 : static_cast<std::uint64_t>(ids.back()));
      std::uint64_t state = seed;
      for (const std::int32_t id : ids) state = state * 6364136223846793005u + static_cast<std::uint64_t>(id) + 1;
      Random exact(state);
      std::vector<float> result(12);
      for (float& logit : result) {
        logit =
            static_cast<float>(sharpness * (2 * rest.normal() + 1.5 * whole.normal() + 0.3 * exact.normal() + shift));
        shift = -shift;
      }
      if (seed % 4 == 0) {
        for (float& logit : result) logit = std::round(logit);  // ties
      }
      if (seed % 4 == 1 && exact.uniform() < 0.3) result[3] = result[5] + 1e-5f;
      if (ids.size() < 9) result[0] = -9;
      return result;
    };
    const auto logits = [&](const std::vector<std::int32_t>& ids) { return logits_of(ids, 0); };
    const auto similar = [&](const std::vector<std::int32_t>& ids) { return logits_of(ids, 0.1); };
    GenerationConfig config;
    config.num_beams = 2 + static_cast<Index>(seed % 3);
    config.max_new_tokens = seed % 5 == 0 ? 7 : 24;
    config.eos_token_ids = {0};
    config.length_penalty = seed % 2 == 0 ? 0 : 1;
    config.no_repeat_ngram_size = seed % 7 == 0 ? 2 : 0;
    if (seed % 11 == 0) config.repetition_penalty = 1.3;
    if (seed % 13 == 0) config.early_stopping = EarlyStopping::kNever;
    Index steps = 0;
    GenerationHooks counting;
    counting.on_step = [&](const auto&) { return ++steps, true; };
    Scripted plain(logits);
    const GeneratedSequence expected = generate(plain, config, counting);
    std::vector<std::int32_t> edited = expected.ids, other{4, 4, 8, 1, 2, 9, 0};
    if (edited.size() > 5) edited[4] = edited[4] % 11 + 1;
    const auto passes_for = [&](TokenTree& tree, float margin) {
      Scripted model(logits);
      DraftStatistics statistics;
      const GeneratedSequence actual = beam_search_from_draft(model, config, tree, margin, {}, &statistics);
      CHECK(actual.ids == expected.ids);
      CHECK(actual.log_probabilities == expected.log_probabilities);
      CHECK(statistics.passes <= (margin == 0 ? 1 : 2) * steps);
      return statistics.passes;
    };
    for (const auto& draft : {expected.ids, edited, other, {}}) {
      TokenTree tree = TokenTree::of_draft(draft), exact_tree = tree;
      passes_for(exact_tree, 0);
      const Index needed = passes_for(tree, kBeamMargin);
      if (draft != expected.ids || seed % 4 != 3) continue;  // sure of itself, and without ties
      plain_steps += steps;
      passes += needed;
      fewer += needed < steps;
      CHECK(passes_for(tree, 0) <= needed);  // it knows more by now
    }
    // The search of a similar model tells more than its best text.
    Scripted first_model(similar);
    TokenTree record;
    generate(first_model, config, {}, &record);
    if (const Index needed = passes_for(record, 0); seed % 4 == 3) passes_after_search += needed;
    // A hook ends both at the same place.
    const auto ended = [&](auto search) {
      GenerationHooks hooks;
      Index left = 4;
      hooks.on_step = [&](const auto&) { return --left > 0; };
      return search(hooks).ids;
    };
    Scripted first(logits), second(logits);
    TokenTree tree = TokenTree::of_draft(expected.ids);
    const auto drafted =
        ended([&](const auto& hooks) { return beam_search_from_draft(first, config, tree, kBeamMargin, hooks); });
    // Where it was done again the hook had already ended it.
    CHECK(drafted.size() <= ended([&](const auto& hooks) { return beam_search(second, config, hooks); }).size());
  }
  MESSAGE("passes ", passes, " from drafts, ", passes_after_search, " after a similar search, for ", plain_steps,
          " steps of plain beam search");
  CHECK(passes < plain_steps);
  CHECK(2 * passes_after_search < plain_steps);
  CHECK(fewer > 10);
  GenerationConfig greedy;
  greedy.num_beams = 1;
  Scripted model(round_robin);
  TokenTree tree;
  CHECK_THROWS_AS(beam_search_from_draft(model, greedy, tree, 0), Error);
}

TEST_CASE("what is expected of a token comes from where the same tokens stood before") {
  GenerationConfig config;
  config.num_beams = 2;
  TokenTree tree;
  const auto add = [&](std::size_t parent, std::int32_t id, std::int32_t next) {
    const std::size_t node = tree.after(parent, id);
    std::vector<float> logits(9, 0.0f);
    logits[static_cast<std::size_t>(next)] = 5;
    tree.learn(node, logits, config);
    return node;
  };
  const std::size_t a = add(0, 1, 2), ab = add(a, 2, 3), abc = add(ab, 3, 4), abcb = add(abc, 2, 5);
  CHECK(tree.after(0, 1) == a);
  const auto expected = [&](std::size_t node) { return tree.expected_after(node).front().id; };
  CHECK(expected(ab) == 3);
  const std::size_t other = tree.after(0, 7);
  CHECK(expected(tree.after(other, 2)) == 3);                                // after one 2, the nearer one
  CHECK(expected(tree.after(tree.after(tree.after(other, 7), 3), 2)) == 5);  // after 3 2
  CHECK(expected(tree.after(tree.after(other, 1), 2)) == 3);                 // after 1 2
  CHECK(expected(tree.after(tree.after(tree.after(other, 2), 2), 8)) == 5);  // nothing alike: the same depth
  tree.read(abcb, 0);
  CHECK(expected(tree.after(other, 2)) == 5);  // one that was read before others
  CHECK(tree.is_read(abcb));
  tree.forget_reading();
  CHECK(!tree.is_read(abcb));
  CHECK(tree.is_read(0));
  // Of the likeliest as many as a step may choose, without what only pads the vocabulary; none without numbers.
  CHECK(tree[abc].likely.size() == 4);
  CHECK(tree[abc].likely[1].id == 0);
  CHECK(tree[abc].likely[0].log_probability == doctest::Approx(5 - std::log(std::exp(5) + 8)));
  config.num_tokens = 3;
  tree.learn(abc, {0, 1, 2, 9, 9}, config);
  CHECK(tree[abc].likely.size() == 3);
  CHECK(tree[abc].likely[0].id == 2);
  tree.learn(abc, {0, std::nanf(""), 2}, config);
  CHECK(tree[abc].likely.empty());
}

TEST_CASE("the largest of many numbers, of equals the first") {
  for (const std::size_t size : {0u, 3u, 64u, 200u, 1000u}) {
    Random random(size);
    std::vector<float> x(size);
    for (float& value : x) value = static_cast<float>(random.below(40));
    if (size > 100) x[70] = std::nanf(""), x[90] = -INFINITY;
    std::vector<std::pair<float, std::int32_t>> all;
    for (std::size_t i = 0; i < size; ++i) {
      if (!std::isnan(x[i])) all.push_back({x[i] - 3.5f, static_cast<std::int32_t>(i)});
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    all.resize(std::min<std::size_t>(all.size(), 7));
    CHECK(detail::largest(x.data(), size, -3.5f, 7) == all);
  }
}

TEST_CASE("language models with random weights: beams from a draft give the ids of plain beam search") {
  Index plain_steps = 0, passes = 0;
  const test::Golden golden("opt_pre", "decoding");
  const auto known = OptConfig::from_json(golden.json().object("text_config"));
  for (unsigned seed = 0; seed < 24; ++seed) {
    CAPTURE(seed);
    OptConfig config = known;
    config.vocab_size = 40;
    config.hidden_size = config.word_embed_proj_dim = 48;
    config.num_attention_heads = 4;
    config.num_hidden_layers = 2;
    config.ffn_dim = 64;
    config.max_position_embeddings = 48;
    DeclaringLoader declaring;
    const Opt<Counting> declared(config, declaring.root("decoder"));
    // A tied head with large weights is sure of most tokens, as trained models are.
    const auto random_source = test::random_weights(declaring.declared(), seed);
    const auto source = std::make_shared<MemorySource>();
    for (const std::string& name : random_source->names()) {
      const StoredTensor tensor = random_source->read(name);
      std::vector<float> values(static_cast<std::size_t>(tensor.size()));
      tensor.copy_to(values.data());
      if (name.find("embed_tokens") != std::string::npos) {
        for (float& value : values) value *= 4;
      }
      source->add(name, tensor.shape, values);
    }
    WeightLoader loader(source);
    const Opt<Inference<float>> opt(config, loader.root("decoder"));
    test::Session session;
    Random random(seed);
    std::vector<std::int32_t> prompt;
    for (int i = 0; i < 9; ++i) prompt.push_back(static_cast<std::int32_t>(random.below(40)));
    GenerationConfig generation;
    generation.max_new_tokens = 30;
    generation.eos_token_ids = {static_cast<std::int32_t>(seed % 40)};
    generation.num_beams = 3;
    const auto run = [&](const std::vector<std::int32_t>& draft, DraftStatistics& statistics) {
      CausalLmNextToken<Inference<float>> model(session.ops, opt, opt.embed(session.ops, prompt), 3, 30, 0,
                                                kSpareTokens);
      model.prefill();
      TokenTree tree = TokenTree::of_draft(draft);
      return beam_search_from_draft(model, generation, tree, kBeamMargin, {}, &statistics).ids;
    };
    DraftStatistics plain;
    const std::vector<std::int32_t> expected = run({}, plain);
    plain_steps += plain.passes;
    std::vector<std::int32_t> edited = expected;
    for (std::size_t i = 3; i < edited.size(); i += 6) edited[i] = static_cast<std::int32_t>(random.below(40));
    for (const auto& draft : {expected, edited, std::vector<std::int32_t>(30, 7)}) {
      DraftStatistics statistics;
      CHECK(run(draft, statistics) == expected);
      if (draft == expected) passes += statistics.passes;
    }
  }
  MESSAGE("passes ", passes, " for ", plain_steps, " steps of plain beam search");
  CHECK(passes < plain_steps);
}

TEST_CASE("with integer weights, beams after an earlier search have the bits of plain beam search") {
  test::Session session;
  Index plain_steps = 0, passes = 0;
  for (const MmSerConfig& config : {test::opt_config(), test::llama_config(), test::git_config()}) {
    for (const char* format : {"int8", "int4"}) {
      const auto network = test::random_model<Inference<float>>(config, format);
      const auto& lm = network.language_model();
      GenerationConfig generation;
      generation.max_new_tokens = 20;
      generation.eos_token_ids = {3};
      const auto prompt = [&](std::int32_t id) {
        const Index visual = lm.limits().image_first ? 4 : 0;
        CausalLmNextToken<Inference<float>> model(session.ops, lm, lm.embed(session.ops, {2, 9, 33, id, 50, 12, 7}), 3,
                                                  20, visual, kSpareTokens);
        model.prefill();
        return model;
      };
      TokenTree record;
      auto first = prompt(4);
      generate(first, generation, {}, &record);
      Index steps = 0;
      GenerationHooks counting;
      counting.on_step = [&](const auto&) { return ++steps, true; };
      auto plain = prompt(5), ahead = prompt(5);
      const GeneratedSequence expected = generate(plain, generation, counting);
      DraftStatistics statistics;
      const GeneratedSequence actual = beam_search_from_draft(ahead, generation, record, 0, {}, &statistics);
      CHECK(actual.ids == expected.ids);
      CHECK(actual.log_probabilities == expected.log_probabilities);
      plain_steps += steps;
      passes += statistics.passes;
    }
  }
  MESSAGE("passes ", passes, " for ", plain_steps, " steps of plain beam search");
  CHECK(passes < plain_steps);
}
