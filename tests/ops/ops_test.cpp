#include <doctest/doctest.h>

#include <random>

#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/formats/weight_loader.hpp"
#include "sharpeye/ops/inference.hpp"
#include "sharpeye/ops/naive.hpp"

using namespace sharpeye;

namespace {

Matrix<float> random_matrix(Index rows, Index columns, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  return Matrix<float>::NullaryExpr(rows, columns, [&] { return normal(random); });
}

/// A weight of the given dtype with the values of `matrix`, at an odd address.
StoredTensor stored(const Matrix<float>& matrix, DType dtype, std::vector<Index> shape) {
  auto bytes = std::make_shared<std::vector<std::byte>>(static_cast<std::size_t>(matrix.size() * size_of(dtype) + 1));
  std::byte* out = bytes->data() + 1;
  for (Index i = 0; i < matrix.size(); ++i) {
    const float value = matrix.data()[i];
    const float16 half(value);
    const bfloat16 brain(value);
    const double wide = value;
    const void* element = dtype == DType::kF16    ? static_cast<const void*>(&half)
                          : dtype == DType::kBF16 ? static_cast<const void*>(&brain)
                          : dtype == DType::kF64  ? static_cast<const void*>(&wide)
                                                  : static_cast<const void*>(&value);
    std::memcpy(out + i * size_of(dtype), element, static_cast<std::size_t>(size_of(dtype)));
  }
  return {"weight", dtype, std::move(shape), out, bytes};
}

/// A weight of 8 or 4 bits.
WeightTensor quantized(const Matrix<float>& matrix, bool nibbles) {
  const StoredTensor tensor = stored(matrix, DType::kF32, {matrix.rows(), matrix.cols()});
  auto source = std::make_shared<MemorySource>();
  for (const StoredTensor& part : encode_weight(tensor, codec_named(nibbles ? "int4" : "int8"))) source->add(part);
  return WeightLoader(source).get("weight", tensor.shape);
}

/// Runs the same expression with both policies and compares.
struct Pair {
  ThreadPool pool{2};
  Arena arena;
  Inference<float> fast{pool, arena};
  Naive<double> exact;

  void check_equal(const Inference<float>::Tensor& actual, const Naive<double>::Tensor& expected, double bound) {
    REQUIRE(actual.rows() == expected.rows());
    REQUIRE(actual.columns() == expected.columns());
    Matrix<double> values(actual.rows(), actual.columns());
    for (Index i = 0; i < actual.rows(); ++i) {
      for (Index j = 0; j < actual.columns(); ++j) values(i, j) = actual.data()[i * actual.stride() + j];
    }
    CHECK((values - expected.values()).norm() <= bound * (1 + expected.values().norm()));
  }
};

}  // namespace

TEST_CASE("linear agrees for every dtype of weights, with every epilogue") {
  Pair ops;
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16, DType::kF64}) {
    for (const Index rows : {1, 3, 20}) {
      const StoredTensor weight = stored(random_matrix(37, 29, 1), dtype, {37, 29});
      const StoredTensor bias = stored(random_matrix(1, 37, 2), dtype, {37});
      const Matrix<float> x = random_matrix(rows, 29, 3), residual = random_matrix(rows, 37, 4);
      const Inference<float>::Matrix fast_weight(weight);
      const Inference<float>::Vector fast_bias(bias);
      const Naive<double>::Matrix exact_weight(weight);
      const Naive<double>::Vector exact_bias(bias);
      for (const Activation activation : simd::kAllActivations) {
        const auto fast_residual = ops.fast.constant(residual);
        const auto exact_residual = ops.exact.constant(residual);
        ops.check_equal(
            ops.fast.linear(ops.fast.constant(x), fast_weight, {&fast_bias, activation, &fast_residual}),
            ops.exact.linear(ops.exact.constant(x), exact_weight, {&exact_bias, activation, &exact_residual}), 1e-6);
      }
      ops.check_equal(ops.fast.linear(ops.fast.constant(x), fast_weight),
                      ops.exact.linear(ops.exact.constant(x), exact_weight), 1e-6);
      ops.check_equal(ops.fast.rows(fast_weight, {36, 0, 17, 15, 16}),
                      ops.exact.rows(exact_weight, {36, 0, 17, 15, 16}), 1e-7);
    }
  }
}

TEST_CASE("norm, sums, slices and concatenations agree") {
  Pair ops;
  const Matrix<float> a = random_matrix(70, 21, 1), b = random_matrix(70, 21, 2);
  const StoredTensor gain = stored(random_matrix(1, 21, 3), DType::kF32, {21});
  const auto fa = ops.fast.constant(a), fb = ops.fast.constant(b);
  const auto ea = ops.exact.constant(a), eb = ops.exact.constant(b);
  ops.check_equal(ops.fast.layer_norm(fa, Inference<float>::Vector(gain), Inference<float>::Vector(gain), 1e-5),
                  ops.exact.layer_norm(ea, Naive<double>::Vector(gain), Naive<double>::Vector(gain), 1e-5), 1e-6);
  ops.check_equal(ops.fast.rms_norm(fa, Inference<float>::Vector(gain), 1e-5),
                  ops.exact.rms_norm(ea, Naive<double>::Vector(gain), 1e-5), 1e-6);
  ops.check_equal(ops.fast.add(fa, fb), ops.exact.add(ea, eb), 1e-7);
  ops.check_equal(ops.fast.multiply(fa, fb), ops.exact.multiply(ea, eb), 1e-7);
  ops.check_equal(ops.fast.concat_rows({fa, fb}), ops.exact.concat_rows({ea, eb}), 1e-7);
  ops.check_equal(ops.fast.concat_columns({fa, fb, fa}), ops.exact.concat_columns({ea, eb, ea}), 1e-7);
  const auto slice = ops.fast.slice_rows(fa, 5, 9);
  ops.check_equal(slice, ops.exact.slice_rows(ea, 5, 9), 1e-7);
  ops.check_equal(ops.fast.slice_rows(slice, 2, 3), ops.exact.slice_rows(ea, 7, 3), 1e-7);
  ops.check_equal(ops.fast.multiply(slice, slice), ops.exact.slice_rows(ops.exact.multiply(ea, ea), 5, 9), 1e-7);
  ops.check_equal(ops.fast.add(slice, slice), ops.exact.slice_rows(ops.exact.add(ea, ea), 5, 9), 1e-7);
}

TEST_CASE("rotary positions agree, turn pairs by their angles and leave products of rows to their distance") {
  Pair ops;
  const Index heads = 3, head_dim = 10, rows = 40;
  const RotaryTable table(head_dim, 64, 10000.0);
  CHECK(table.cosines(0)[4] == 1.0f);
  CHECK(table.sines(1)[0] == doctest::Approx(std::sin(1.0)));
  CHECK(table.sines(63)[2] == doctest::Approx(std::sin(63 * std::pow(10000.0, -0.4))));
  std::vector<std::int32_t> positions;
  for (Index i = 0; i < rows; ++i) positions.push_back(static_cast<std::int32_t>((i * 13) % 64));
  const Matrix<float> x = random_matrix(rows, heads * head_dim, 1);
  const auto y = ops.exact.rotary(ops.exact.constant(x), heads, table, positions);
  ops.check_equal(ops.fast.rotary(ops.fast.constant(x), heads, table, positions), y, 1e-7);
  // The first pair of the second head, at position 13: by an angle of 13.
  CHECK(y.values()(1, 10) == doctest::Approx(x(1, 10) * std::cos(13.0) - x(1, 15) * std::sin(13.0)));
  CHECK(y.values()(1, 15) == doctest::Approx(x(1, 15) * std::cos(13.0) + x(1, 10) * std::sin(13.0)));
  // q at position a and k at position b: only a - b matters.
  const auto product = [&](std::int32_t a, std::int32_t b) {
    const auto q = ops.exact.rotary(ops.exact.constant(x.topRows(1)), heads, table, {a});
    const auto k = ops.exact.rotary(ops.exact.constant(x.bottomRows(1)), heads, table, {b});
    return q.values().row(0).dot(k.values().row(0));
  };
  CHECK(product(20, 7) == doctest::Approx(product(45, 32)));
  CHECK(product(20, 7) != doctest::Approx(product(20, 8)));
}

TEST_CASE("attention agrees, with and without mask, past and cache") {
  Pair ops;
  for (const Index heads : {1, 2, 5}) {
    const Matrix<float> q = random_matrix(19, 30, 1), k = random_matrix(45, 30, 2), v = random_matrix(45, 30, 3);
    for (const AttentionMask mask : {AttentionMask::kNone, AttentionMask::kCausal}) {
      ops.check_equal(
          ops.fast.attention(ops.fast.constant(q), ops.fast.constant(k), ops.fast.constant(v), heads, mask),
          ops.exact.attention(ops.exact.constant(q), ops.exact.constant(k), ops.exact.constant(v), heads, mask), 1e-6);
    }
    const HeadPlaces in_rows{30, 30 / heads}, in_heads{30 / heads, 45 * 30 / heads};
    const Matrix<double> wide_k = k.cast<double>(), wide_v = v.cast<double>();
    const std::vector<std::int32_t> first{0, 1, 2, 9}, second{44, 3, 0, 7, 11, 30, 31, 2, 5};
    const std::vector<RowSpan> spans{{first.data(), 4}, {second.data(), 9}, {second.data(), 1}};
    ops.check_equal(
        ops.fast.cached_attention(ops.fast.constant(q.topRows(3)), {k.data(), v.data(), heads, in_rows}, heads, spans),
        ops.exact.cached_attention(ops.exact.constant(q.topRows(3)), {wide_k.data(), wide_v.data(), heads, in_rows},
                                   heads, spans),
        1e-6);

    std::vector<float16> half_k(45 * 30), half_v(45 * 30), same(45 * 30);
    ops.fast.copy_heads(ops.fast.constant(k), heads, half_k.data(), in_heads);
    ops.fast.copy_heads(ops.fast.constant(v), heads, half_v.data(), in_heads);
    ops.exact.copy_heads(ops.exact.constant(v), heads, same.data(), in_heads);
    for (std::size_t i = 0; i < same.size(); ++i) CHECK(half_v[i].bits == same[i].bits);
    const CachedRows<float16> halves{half_k.data(), half_v.data(), heads, in_heads};
    std::vector<float> full_k(45 * 30), full_v(45 * 30);
    ops.fast.copy_heads(ops.fast.constant(k), heads, full_k.data(), in_heads);
    ops.fast.copy_heads(ops.fast.constant(v), heads, full_v.data(), in_heads);
    for (Index j = 0; j < 45 * 30; ++j) {  // row, head and place of each
      const Index head = j / in_heads.head_stride, row = j / in_heads.row_stride % 45, i = j % in_heads.row_stride;
      CHECK(full_k[static_cast<std::size_t>(j)] == k(row, head * in_heads.row_stride + i));
    }
    ops.check_equal(ops.fast.cached_attention(ops.fast.constant(q.topRows(3)),
                                              {full_k.data(), full_v.data(), heads, in_heads}, heads, spans),
                    ops.exact.cached_attention(ops.exact.constant(q.topRows(3)),
                                               {wide_k.data(), wide_v.data(), heads, in_rows}, heads, spans),
                    1e-6);
    ops.check_equal(ops.fast.cached_attention(ops.fast.constant(q.topRows(3)), halves, heads, spans),
                    ops.exact.cached_attention(ops.exact.constant(q.topRows(3)), halves, heads, spans), 1e-6);
    for (const AttentionMask mask : {AttentionMask::kNone, AttentionMask::kCausal}) {
      ops.check_equal(ops.fast.attention(ops.fast.constant(q), halves, 33, heads, mask),
                      ops.exact.attention(ops.exact.constant(q), halves, 33, heads, mask), 1e-6);
    }
  }
}

TEST_CASE("the mean of rows agrees; of one row it is that row, to the bit") {
  Pair ops;
  const Matrix<float> x = random_matrix(45, 30, 1);
  std::vector<std::vector<std::int32_t>> groups;
  for (std::int32_t i = 0; i < 40; ++i) groups.push_back({i, 44 - i, 3});
  groups.push_back({7});
  const auto means = ops.fast.mean_rows(ops.fast.constant(x), groups);
  ops.check_equal(means, ops.exact.mean_rows(ops.exact.constant(x), groups), 1e-7);
  for (Index j = 0; j < 30; ++j) CHECK(means.data()[40 * means.stride() + j] == x(7, j));
}

TEST_CASE("a key with the bias ln n has the say of n keys, in a prefill and in a cache") {
  Pair ops;
  const Matrix<float> q = random_matrix(19, 30, 1), k = random_matrix(22, 30, 2), v = random_matrix(22, 30, 3);
  std::vector<float> log_counts;
  std::vector<Index> copies;  // of each key as often as it counts
  for (Index j = 0; j < 22; ++j) {
    const Index count = 1 + j % 4;
    log_counts.push_back(std::log(static_cast<float>(count)));
    copies.insert(copies.end(), static_cast<std::size_t>(count), j);
  }
  Matrix<float> all_k(static_cast<Index>(copies.size()), 30), all_v(all_k.rows(), 30);
  for (Index j = 0; j < all_k.rows(); ++j) {
    all_k.row(j) = k.row(copies[static_cast<std::size_t>(j)]);
    all_v.row(j) = v.row(copies[static_cast<std::size_t>(j)]);
  }
  const float* const bias = log_counts.data();
  std::vector<std::int32_t> rows;
  for (std::int32_t j = 0; j < 22; ++j) rows.push_back(j);
  const std::vector<RowSpan> spans{{rows.data(), 22}, {rows.data(), 22}, {rows.data(), 22}};
  for (const Index heads : {1, 5}) {
    const HeadPlaces in_rows{30, 30 / heads}, in_heads{30 / heads, 22 * 30 / heads};
    const CachedRows<float> cache{k.data(), v.data(), heads, in_rows, bias};
    std::vector<float16> half_k(22 * 30), half_v(22 * 30);
    ops.fast.copy_heads(ops.fast.constant(k), heads, half_k.data(), in_heads);
    ops.fast.copy_heads(ops.fast.constant(v), heads, half_v.data(), in_heads);
    const CachedRows<float16> halves{half_k.data(), half_v.data(), heads, in_heads, bias};
    const auto expected = ops.exact.attention(ops.exact.constant(q), ops.exact.constant(all_k),
                                              ops.exact.constant(all_v), heads, AttentionMask::kNone);
    ops.check_equal(ops.fast.attention(ops.fast.constant(q), ops.fast.constant(k), ops.fast.constant(v), heads,
                                       AttentionMask::kNone, bias),
                    expected, 1e-6);
    const auto first = ops.exact.slice_rows(expected, 0, 3);
    ops.check_equal(ops.fast.cached_attention(ops.fast.constant(q.topRows(3)), cache, heads, spans), first, 1e-6);
    ops.check_equal(ops.fast.cached_attention(ops.fast.constant(q.topRows(3)), halves, heads, spans), first, 1e-3);
    ops.check_equal(ops.fast.attention(ops.fast.constant(q), halves, 22, heads, AttentionMask::kNone), expected, 1e-3);
    // Few queries take another way.
    ops.check_equal(ops.fast.attention(ops.fast.constant(q.topRows(3)), ops.fast.constant(k), ops.fast.constant(v),
                                       heads, AttentionMask::kNone, bias),
                    first, 1e-6);
    ops.check_equal(ops.fast.attention(ops.fast.constant(q), halves, 22, heads, AttentionMask::kCausal),
                    ops.exact.attention(ops.exact.constant(q), halves, 22, heads, AttentionMask::kCausal), 1e-6);
    ops.check_equal(ops.fast.cached_attention(ops.fast.constant(q.topRows(3)), halves, heads, spans),
                    ops.exact.cached_attention(ops.exact.constant(q.topRows(3)), halves, heads, spans), 1e-6);
  }
}

TEST_CASE("an arena hands a buffer out again only when its last tensor is gone") {
  Pair ops;
  auto first = ops.fast.constant(random_matrix(8, 8, 1));
  const auto copy = first;
  const float* address = first.data();
  first = {};
  const auto second = ops.fast.constant(random_matrix(8, 8, 2));
  CHECK(second.data() != address);
  const std::size_t held = ops.arena.allocated();
  for (int i = 0; i < 100; ++i) {
    const auto temporary = ops.fast.add(second, copy);
    CHECK(temporary.rows() == 8);
  }
  CHECK(ops.arena.allocated() <= held + 8 * 8 * sizeof(float) + 64);  // a warm arena does not grow
}

TEST_CASE("quantized weights: products within the rounding of the activations, rows exactly") {
  Pair ops;
  const Index n = 40, k = 96;
  for (const bool nibbles : {false, true}) {
    const WeightTensor weight = quantized(random_matrix(n, k, 1), nibbles);
    const Inference<float>::Matrix fast(weight);
    const Naive<double>::Matrix exact(weight);
    CHECK(fast.packed().is_integer());
    for (const Index m : {1, 4, 19}) {
      const Matrix<float> x = random_matrix(m, k, 2);
      const auto a = ops.fast.constant(x);
      const auto b = ops.exact.constant(x);
      // Each activation is off by at most half of max|x| / 127, of about 3 / 127 of a normal row: 0.7 % of its norm.
      ops.check_equal(ops.fast.linear(a, fast), ops.exact.linear(b, exact), 0.012);
    }
    ops.check_equal(ops.fast.rows(fast, {0, 39, 17}), ops.exact.rows(exact, {0, 39, 17}), 1e-7);
  }
}

TEST_CASE("linears of one input give the bits of one linear after the other") {
  using Ops = Inference<float>;
  const Index k = 96;
  const Ops::Matrix half(stored(random_matrix(40, k, 1), DType::kF16, {40, k})),
      bytes(quantized(random_matrix(70, k, 2), false)), nibbles(quantized(random_matrix(33, k, 3), true)),
      full(stored(random_matrix(130, k, 4), DType::kF32, {130, k}));
  const Ops::Vector bias(stored(random_matrix(1, 70, 5), DType::kF32, {70}));
  const std::array<LinearTerm<Ops>, 4> terms{{{&half, {}},
                                              {&bytes, {&bias, Activation::kRelu, nullptr}},
                                              {&nibbles, {}},
                                              {&full, {nullptr, Activation::kGelu, nullptr}}}};
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    Arena arena;
    Ops ops(pool, arena);
    for (const Index m : {1, 6, 19, 300}) {
      for (const bool is_sparse : {false, true}) {
        Matrix<float> values = random_matrix(m, k, 6);
        if (is_sparse) values.leftCols(k - 20).setZero();
        const Ops::Tensor x = ops.constant(values);
        const std::array<Ops::Tensor, 4> together = linears(ops, x, terms);
        for (std::size_t i = 0; i < terms.size(); ++i) {
          const Ops::Tensor alone = ops.linear(x, *terms[i].weight, terms[i].epilogue);
          REQUIRE(together[i].rows() == m);
          REQUIRE(together[i].columns() == alone.columns());
          CHECK(std::memcmp(together[i].data(), alone.data(),
                            static_cast<std::size_t>(m * alone.columns()) * sizeof(float)) == 0);
        }
      }
    }
  }
}
