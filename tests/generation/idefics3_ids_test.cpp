// What Idefics3 writes, against Hugging Face transformers 5 (tests/reference/make_idefics3_goldens.py).

#include "sharpeye/generation/causal_lm_next_token.hpp"
#include "sharpeye/generation/generate.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "support/golden.hpp"
#include "support/tile_pixels.hpp"

using namespace sharpeye;
using Ops = Inference<float>;

TEST_CASE("Idefics3 writes Hugging Face's ids, with tiles and without, greedily and with three beams") {
  const test::Golden golden("idefics3_tiny");
  test::Session session;
  WeightLoader loader(open_model_weights(golden.folder()));
  const MmSer<Ops> model(MmSerConfig::from_json(golden.json()), loader);
  const auto see = [&](bool split) {
    std::vector<Ops::Tensor> parts;
    for (const std::vector<float>& pixels : test::tile_pixels(split)) {
      parts.push_back(model.first_glance(session.ops, model.look(session.ops, pixels).first));
    }
    return session.ops.concat_rows(parts);
  };
  const Ops::Tensor tiles = see(true), whole = see(false);
  int num_split = 0;
  for (int number = 0; number < 8; ++number) {
    PromptTokens prompt{golden.ids(concat("prompts.", number)), 0};
    while (prompt.ids[prompt.image_position] != kImageToken) ++prompt.image_position;
    const bool split = golden.ids(concat("splits.", number)).front() == 1;
    num_split += split ? 1 : 0;
    for (const Index beams : {1, 3}) {
      CAPTURE(number);
      CAPTURE(beams);
      GenerationConfig generation;
      generation.num_beams = beams;
      generation.max_new_tokens = 32;
      generation.length_penalty = 1;
      generation.early_stopping = EarlyStopping::kFalse;
      generation.eos_token_ids = golden.ids("eos");
      const auto embeds = model.prompt(session.ops, model.language_model(), prompt, split ? tiles : whole);
      CausalLmNextToken<Ops> next(session.ops, model.language_model(), embeds, beams, 32);
      next.prefill();
      CHECK(generate(next, generation).ids == golden.ids(concat("ids.", number, '.', beams)));
    }
  }
  CHECK(num_split > 0);
  CHECK(num_split < 8);
}
