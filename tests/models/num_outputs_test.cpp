// Steps of which only the last rows are asked for: they are those rows of a whole step, and leave the same cache
// behind.

#include <doctest/doctest.h>

#include "models/small_models.hpp"
#include "sharpeye/formats/declaring_loader.hpp"
#include "sharpeye/ops/counting.hpp"
#include "sharpeye/ops/inference.hpp"
#include "sharpeye/ops/naive.hpp"

using namespace sharpeye;

namespace {

using Ids = std::vector<std::int32_t>;

constexpr Index kVisual = 4;  // tokens that see one another, in GIT

std::vector<MmSerConfig> configs() {
  MmSerConfig post_norm = test::opt_config();
  post_norm.text_config.as<OptConfig>().do_layer_norm_before = false;
  return {test::opt_config(), post_norm, test::llama_config(), test::git_config()};
}

template <class Ops>
Matrix<double> values_of(Ops& ops, const typename Ops::Tensor& tensor) {
  Matrix<typename Ops::Scalar> values(tensor.rows(), tensor.columns());
  ops.copy_out(tensor, values.data(), values.cols());
  return values.template cast<double>();
}

/// What a model gives for a prompt, for three tokens after it in each of two sequences, and for one more in both. Of
/// the first two steps the last so many rows are asked for.
template <class Ops>
struct Run {
  Run(Ops& ops, const MmSerConfig& config, const char* format, std::optional<Index> of_prompt,
      std::optional<Index> of_others) {
    const auto model = test::random_model<Ops>(config, format);
    const CausalLm<Ops>& lm = model.language_model();
    auto cache = lm.make_prompt_cache(64, config.text_config.image_first() ? kVisual : 0);
    std::vector<typename Ops::Tensor> states;
    const auto last = lm.step(ops, lm.embed(ops, {2, 9, 33, 4, 50, 12, 7, 8}), cache, of_prompt, &states);
    prompt = values_of(ops, lm.logits(ops, last));
    for (const auto& state : states) hidden_states.push_back(values_of(ops, state));
    cache.select({0, 0});
    others = values_of(ops, lm.logits(ops, lm.step(ops, lm.embed(ops, {3, 1, 5, 6, 40, 21}), cache, of_others)));
    next = values_of(ops, lm.logits(ops, lm.step(ops, lm.embed(ops, {30, 31}), cache)));
  }

  Matrix<double> prompt, others, next;
  std::vector<Matrix<double>> hidden_states;
};

bool near(const Matrix<double>& a, const Matrix<double>& b, double tolerance) {
  return (a - b).norm() <= tolerance * b.norm();
}

/// @param of_rows tolerance of the rows asked for, relative to their norm: few rows take other kernels than many
/// @param of_cache tolerance of what comes after them
template <class Ops>
void check_rows(Ops& ops, const char* format, double of_rows, double of_cache = 0) {
  CAPTURE(std::string(format));
  for (const MmSerConfig& config : configs()) {
    const Run<Ops> whole(ops, config, format, {}, {});
    for (const Index count : {1, 2, 3, 4, 5, 6, 8}) {  // of GIT's prompt, those above 4 reach into the image
      CAPTURE(count);
      const Index of_others = std::min<Index>(count, 6);
      const Run<Ops> part(ops, config, format, count, of_others);
      CHECK(near(part.prompt, whole.prompt.bottomRows(count), of_rows));
      CHECK(near(part.others, whole.others.bottomRows(of_others), of_rows));
      CHECK(near(part.next, whole.next, of_cache));
      REQUIRE(part.hidden_states.size() == whole.hidden_states.size());
      for (std::size_t i = 0; i + 1 < part.hidden_states.size(); ++i) {
        CHECK(near(part.hidden_states[i], whole.hidden_states[i], of_cache));
      }
      CHECK(part.hidden_states.back().rows() == count);
    }
  }
}

}  // namespace

TEST_CASE("the last rows of a step are those of a whole step, and what comes after it has the same bits") {
  Naive<double> exact;
  check_rows(exact, "f32", 1e-13, 1e-13);
  for (const int threads : {1, 2}) {
    ThreadPool pool(threads);
    Arena arena;
    Inference<float> fast(pool, arena);
    for (const char* format : {"f32", "f16", "bf16"}) check_rows(fast, format, 1e-6);
    // A last bit may move an activation to the next integer.
    for (const char* format : {"int8", "int4"}) check_rows(fast, format, 5e-3);
  }
}

TEST_CASE("the last rows of a step cost the last layer's keys and values, and their own share of everything else") {
  for (const MmSerConfig& config : configs()) {
    double layers = 0;
    const auto cost = [&](std::optional<Index> num_outputs) {
      DeclaringLoader loader;
      const MmSer<Counting> model(config, loader);
      Counting ops;
      const auto& lm = model.language_model();
      auto cache = lm.make_prompt_cache(64, config.text_config.image_first() ? kVisual : 0);
      lm.step(ops, lm.embed(ops, Ids(16, 1)), cache, num_outputs);
      layers = static_cast<double>(lm.cache_shape().num_layers);
      return ops.flops();
    };
    const double of_layer = cost({}) / layers;
    CHECK(cost(16) == cost({}));
    CHECK(cost(1) < cost({}) - 0.5 * of_layer);
    CHECK(cost(1) > cost({}) - of_layer);
    CHECK(cost(2) > cost(1));
  }
}
