// Caches in half precision: who has them, and that every path reads the numbers that were rounded once.

#include <doctest/doctest.h>

#include <random>

#include "models/small_models.hpp"
#include "sharpeye/ops/inference.hpp"
#include "sharpeye/ops/naive.hpp"

using namespace sharpeye;
using nn::CachePrecision;
using test::git_config, test::llama_config, test::opt_config, test::random_model;

namespace {

using Ids = std::vector<std::int32_t>;

/// Logits of the last token, when these are read in steps of the given sizes.
template <class Ops>
Matrix<double> last_logits(Ops& ops, const CausalLm<Ops>& lm, const Ids& ids, const std::vector<Index>& steps,
                           CachePrecision precision, Index num_visual = 0) {
  auto cache = lm.make_prompt_cache(64, num_visual, precision);
  typename Ops::Tensor last;
  auto next = ids.begin();
  for (const Index step : steps) {
    last = lm.step(ops, lm.embed(ops, {next, next + step}), cache);
    next += step;
  }
  const auto logits = lm.logits(ops, ops.slice_rows(last, last.rows() - 1, 1));
  Matrix<typename Ops::Scalar> values(logits.rows(), logits.columns());
  ops.copy_out(logits, values.data(), values.cols());
  return values.template cast<double>();
}

struct Fast {
  ThreadPool pool{2};
  Arena arena;
  Inference<float> ops{pool, arena};
};

double difference(const Matrix<double>& a, const Matrix<double>& b) {
  return (a - b).norm() / b.norm();
}

const Ids kIds{2, 9, 33, 4, 50, 12, 7, 8, 40, 3, 21};

}  // namespace

TEST_CASE("a cache is in half precision where keys and values come from integers, for each language model") {
  for (const MmSerConfig& config : {opt_config(), llama_config(), git_config()}) {
    for (const char* format : {"f32", "f16", "bf16", "int8", "int4"}) {
      CAPTURE(std::string(format));
      const auto model = random_model<Inference<float>>(config, format);
      const nn::CacheShape shape = model.language_model().cache_shape();
      const bool is_integer = std::string(format).find("int") == 0;
      CHECK(shape.precision == (is_integer ? CachePrecision::kHalf : CachePrecision::kFull));
      CHECK(model.language_model().make_cache(3).precision() == shape.precision);
      CHECK(model.language_model().make_prompt_cache(3, 1, CachePrecision::kFull).precision() == CachePrecision::kFull);
      CHECK(shape.bytes_of_token() == 2 * shape.num_layers * shape.num_heads * shape.head_dim * (is_integer ? 2 : 4));
    }
    CHECK(random_model<Naive<double>>(config, "int8").language_model().cache_shape().precision ==
          CachePrecision::kFull);
  }
}

TEST_CASE("prompts, drafts and tokens one by one read the numbers that were rounded once, as the oracle does") {
  Fast fast;
  Naive<double> exact;
  for (const MmSerConfig& config : {opt_config(), llama_config(), git_config()}) {
    const Index visual = config.text_config.image_first() ? 4 : 0;
    const auto model = random_model<Inference<float>>(config, "f32");
    const auto oracle = random_model<Naive<double>>(config, "f32");
    for (const std::vector<Index>& steps : {std::vector<Index>{11}, {4, 7}, {6, 5}, {6, 1, 1, 1, 1, 1}}) {
      const auto run = [&](auto& ops, const auto& of, CachePrecision precision) {
        return last_logits(ops, of.language_model(), kIds, steps, precision, visual);
      };
      const Matrix<double> expected = run(exact, oracle, CachePrecision::kHalf);
      // Numbers at the edge of two halves may fall on either side; few do. A path that read what was not rounded would
      // be as far away as full precision is.
      const double of_rounding = difference(run(fast.ops, model, CachePrecision::kFull), expected);
      CHECK(of_rounding > 5e-6);
      CHECK(difference(run(fast.ops, model, CachePrecision::kHalf), expected) < 0.25 * of_rounding);
    }
  }
}

TEST_CASE("half precision costs integer models less than a tenth of what their integers cost") {
  Fast fast;
  Naive<double> exact;
  for (const char* format : {"int8", "int4"}) {
    for (const MmSerConfig& config : {opt_config(), llama_config()}) {
      const auto model = random_model<Inference<float>>(config, format);
      const auto oracle = random_model<Naive<double>>(config, format);
      const auto logits = [&](CachePrecision precision) {
        return last_logits(exact, oracle.language_model(), kIds, {6, 5}, precision);
      };
      const Matrix<double> right = logits(CachePrecision::kFull);
      const double of_integers =
          difference(last_logits(fast.ops, model.language_model(), kIds, {6, 5}, CachePrecision::kFull), right);
      const double of_halves = difference(logits(CachePrecision::kHalf), right);
      CHECK(of_halves > 0);
      CHECK(of_halves < 0.1 * of_integers);
    }
  }
}

TEST_CASE("with integers, the tokens of a step have the bits of one token after the other, in several sequences too") {
  Fast fast;
  for (const MmSerConfig& config : {opt_config(), llama_config()}) {
    for (const char* format : {"int8", "int4"}) {
      const auto model = random_model<Inference<float>>(config, format);
      const auto& lm = model.language_model();
      const auto run = [&](const std::vector<Index>& steps) {
        return last_logits(fast.ops, lm, kIds, steps, CachePrecision::kHalf);
      };
      const Matrix<double> alone = run({6, 1, 1, 1, 1, 1});
      CHECK(run({6, 5}) == alone);
      CHECK(run({6, 2, 3}) == alone);
      auto cache = lm.make_cache(64);
      lm.step(fast.ops, lm.embed(fast.ops, {kIds.begin(), kIds.begin() + 6}), cache);
      cache.select({0, 0, 0});
      Inference<float>::Tensor last;
      for (std::size_t i = 6; i < kIds.size(); ++i)
        last = lm.step(fast.ops, lm.embed(fast.ops, {9, kIds[i], 30}), cache);
      const auto logits = lm.logits(fast.ops, fast.ops.slice_rows(last, 1, 1));
      CHECK(Matrix<double>(view_matrix(logits.data(), 1, logits.columns(), logits.columns()).cast<double>()) == alone);
    }
  }
}

TEST_CASE("numbers beyond half precision stay the largest half, and NaN stays NaN") {
  Fast fast;
  Naive<double> exact;
  const auto check = [](auto& ops) {
    nn::KvCache<typename std::remove_reference_t<decltype(ops)>::Scalar> cache({1, 2, 4, CachePrecision::kHalf}, 4);
    const auto rows = [&](float a, float b) {
      Matrix<float> x(2, 8);
      x.row(0).setConstant(a);
      x.row(1).setConstant(b);
      return ops.constant(x);
    };
    const auto last = [&](const auto& y) {
      std::vector<double> values(static_cast<std::size_t>(y.rows() * y.columns()));
      Matrix<typename std::remove_reference_t<decltype(ops)>::Scalar> all(y.rows(), y.columns());
      ops.copy_out(y, all.data(), all.cols());
      return static_cast<double>(all(y.rows() - 1, 3));
    };
    cache.extend(2);
    CHECK(last(cache.attend(ops, 0, rows(0, 0), rows(1e9f, -1e9f), rows(1e6f, 70000), 2)) == doctest::Approx(65504));
    cache.extend(2);
    CHECK(last(cache.attend(ops, 0, rows(0, 0), rows(0, 0), rows(-1e30f, -65520), 2)) == doctest::Approx(0));
    cache.truncate(1);
    cache.extend(2);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(last(cache.attend(ops, 0, rows(0, 0), rows(0, 0), rows(1, nan), 2))));
  };
  check(fast.ops);
  check(exact);
}
