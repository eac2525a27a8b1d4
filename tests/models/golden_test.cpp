// Every kind of model against Hugging Face transformers and the plain PyTorch twin of the SeR-Connector.

#include <filesystem>

#include "sharpeye/models/mm_ser.hpp"
#include "support/golden.hpp"

using namespace sharpeye;
using Ops = Inference<float>;

TEST_CASE("CLIP: every hidden state is Hugging Face's") {
  for (const char* name : {"clip_quick_gelu", "clip_gelu"}) {
    CAPTURE(name);
    const test::Golden golden(name);
    test::Session session;
    const auto config = ClipVisionConfig::from_json(golden.json().object("vision_config"));
    WeightLoader loader = golden.weights();
    const ClipVision<Ops> vision(config, loader.root("vision_tower.vision_model"), config.num_hidden_layers);
    loader.require_all_read({"vision_tower.vision_model.post_layernorm"});
    std::vector<Index> all;
    for (Index layer = 0; layer <= config.num_hidden_layers; ++layer) all.push_back(layer);
    const auto states = vision(session.ops, golden.floats("pixel_values"), all);
    for (const Index layer : all) {
      CAPTURE(layer);
      CHECK(test::relative_error(session.values(states[static_cast<std::size_t>(layer)]),
                                 golden.matrix(concat("vision.hidden_states.", layer))) < 1e-5);
    }
  }
}

TEST_CASE(
    "OPT, pre-norm, post-norm with projections, without final norm: hidden states and logits are Hugging Face's") {
  for (const char* name : {"opt_pre", "opt_post", "opt_no_final_norm"}) {
    CAPTURE(name);
    const test::Golden golden(name);
    test::Session session;
    const auto config = OptConfig::from_json(golden.json().object("text_config"));
    WeightLoader loader = golden.weights();
    const Opt<Ops> opt(config, loader.root("language_model.model.decoder"));
    loader.require_all_read({"language_model.lm_head"});
    for (const std::string input : {"ids", "embeds"}) {
      const auto embeds = input == "ids" ? opt.embed(session.ops, golden.ids("input_ids"))
                                         : session.ops.constant(golden.matrix("inputs_embeds"));
      std::vector<Ops::Tensor> states;
      auto cache = opt.make_cache(32);
      const auto last = opt.step(session.ops, embeds, cache, {}, &states);
      for (Index layer = 0; layer <= config.num_hidden_layers; ++layer) {
        CAPTURE(layer);
        // Hugging Face's last hidden state is the one after the final norm and the projection.
        const auto& state = layer == config.num_hidden_layers ? last : states[static_cast<std::size_t>(layer)];
        CHECK(test::relative_error(session.values(state), golden.matrix(concat(input, ".hidden_states.", layer))) <
              1e-5);
      }
      CHECK(test::relative_error(session.values(opt.logits(session.ops, last)), golden.matrix(input + ".logits")) <
            1e-5);
    }
  }
}

TEST_CASE("the SeR-Connector's features and output are the twin's, for each choice of its configuration") {
  int variants = 0;
  for (const auto& entry : std::filesystem::directory_iterator(test::fixture("models/ser_variants"))) {
    if (!entry.is_directory()) continue;
    const std::string name = "ser_variants/" + entry.path().filename().string();
    CAPTURE(name);
    ++variants;
    const test::Golden golden(name);
    test::Session session;
    const JsonReader json = golden.json();
    const auto config = SerConnectorConfig::from_json(json.object("ser_connector"));
    const auto vision = ClipVisionConfig::from_json(json.object("vision_config"));
    const auto text = OptConfig::from_json(json.object("text_config"));
    WeightLoader loader = golden.weights();
    const SerConnector<Ops> connector(
        config,
        {vision.hidden_size, vision.grid_size(), vision.num_prefix_tokens(), text.vocab_size, text.word_embed_proj_dim},
        loader.root("ser_connector"));
    const std::string table_name = "language_model.model.decoder.embed_tokens";
    std::optional<nn::Embedding<Ops>> table;
    if (loader.has_prefix(table_name))
      table.emplace(loader.root(table_name), text.vocab_size, text.word_embed_proj_dim);
    loader.require_all_read();
    std::vector<Ops::Tensor> states;
    for (const Index layer : config.vision_feature_layers) {
      const Index index = vision.layer_index(layer - config.layer_index_base);
      states.push_back(session.ops.constant(golden.matrix(concat("vision.hidden_states.", index))));
    }
    const auto features = connector.features(session.ops, states);
    CHECK(test::relative_error(session.values(features), golden.matrix("ser.features")) < 1e-6);
    const auto embed = [&](const auto& ids) { return (*table)(session.ops, ids); };
    const auto output = connector(session.ops, features, golden.ids("ser.caption_ids"), {}, embed, 1).tokens;
    CHECK(test::relative_error(session.values(output), golden.matrix("ser.output")) < 1e-5);
  }
  CHECK(variants >= 8);
}
