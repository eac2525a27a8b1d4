// What a stage refuses before it reads any data, by the names of its options.

#include <doctest/doctest.h>

#include <string>

#include "sharpeye/training/caption_stage.hpp"
#include "sharpeye/training/vision_stage.hpp"
#include "support/paths.hpp"

using namespace sharpeye;
using namespace sharpeye::training;

namespace {

template <class Train>
std::string refusal(const StageOptions& options, const Train& train) {
  try {
    train(options, TrainingEvents{});
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kInvalidArgument);
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("a stage names the field of its options that is wrong") {
  StageOptions options;
  options.stage = "vision";
  options.trainer.optimization.batch_size = 1;
  CHECK(refusal(options, train_vision) == "batch_size: expected 2 or more for the stage vision, actual 1");

  options.stage = "caption";
  options.model = test::fixture("models/mmser_self_attention_tiny");
  options.rates_data = "held-out";
  CHECK(refusal(options, train_captions) == "rates_data: expected for the stage refine only, actual the stage caption");
}
