// What GIT writes, against Hugging Face transformers 5 (tests/reference/make_git_goldens.py).

#include "sharpeye/generation/causal_lm_next_token.hpp"
#include "sharpeye/generation/generate.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "support/golden.hpp"

using namespace sharpeye;
using Ops = Inference<float>;

TEST_CASE("GIT writes Hugging Face's ids, greedily and with three beams") {
  for (const char* name : {"git_base", "git_tied"}) {
    CAPTURE(name);
    const test::Golden golden(name);
    test::Session session;
    WeightLoader loader(open_model_weights(golden.folder()));
    const MmSer<Ops> model(MmSerConfig::from_json(golden.json()), loader);
    for (int number = 0; number < 8; ++number) {
      const auto sight = model.look(session.ops, golden.floats(concat("pixel_values.", number)));
      const auto visual = model.first_glance(session.ops, sight.first);
      const PromptTokens prompt{golden.ids(concat("prompts.", number)), 0};
      for (const Index beams : {1, 3}) {
        CAPTURE(number);
        CAPTURE(beams);
        GenerationConfig generation;
        generation.num_beams = beams;
        generation.max_new_tokens = 32;
        generation.length_penalty = 1;
        generation.early_stopping = EarlyStopping::kFalse;
        generation.eos_token_ids = golden.ids("eos");
        CausalLmNextToken<Ops> next(session.ops, model.language_model(),
                                    model.prompt(session.ops, model.language_model(), prompt, visual), beams, 32,
                                    visual.rows());
        next.prefill();
        CHECK(generate(next, generation).ids == golden.ids(concat("ids.", number, '.', beams)));
      }
    }
  }
}
