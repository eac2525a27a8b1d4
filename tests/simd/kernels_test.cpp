#include "sharpeye/simd/kernels.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "sharpeye/simd/attention.hpp"
#include "sharpeye/simd/gemm.hpp"
#include "sharpeye/simd/pack.hpp"
#include "sharpeye/simd/reference.hpp"

using namespace sharpeye;
using namespace sharpeye::simd;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// rows x columns random floats with leading dimension ld; whatever lies between and behind is NaN, so that a kernel
/// that reads past its operand cannot give a right result.
struct Poisoned {
  Poisoned(Index rows, Index columns, Index ld, unsigned seed)
      : values(static_cast<std::size_t>(rows * ld + 24), kNan) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    for (Index r = 0; r < rows; ++r) {
      for (Index c = 0; c < columns; ++c) values[static_cast<std::size_t>(kOffset + r * ld + c)] = normal(random);
    }
  }
  static constexpr Index kOffset = 3;  // no alignment that a vector load would like
  float* data() { return values.data() + kOffset; }
  std::vector<float> values;
};

std::vector<Isa> supported() {
  std::vector<Isa> result;
  for (const Isa isa : kAllIsas) {
    if (is_supported(isa)) result.push_back(isa);
  }
  return result;
}

template <class Weight>
constexpr WeightFormat format_of() {
  if constexpr (std::is_same_v<Weight, float16>) return WeightFormat::kF16;
  if constexpr (std::is_same_v<Weight, bfloat16>) return WeightFormat::kBF16;
  return WeightFormat::kF32;
}

template <class Weight>
void check_product(Isa isa, Index m, Index n, Index k, Activation activation, bool with_bias, bool with_residual) {
  CAPTURE(to_string(isa));
  CAPTURE(m);
  CAPTURE(n);
  CAPTURE(k);
  const KernelTable kernel = kernels_for(isa);
  const Index lda = k + 5, ldc = n + 7, ldr = n + 2;
  Poisoned a(m, k, lda, 1), w(n, k, k, 2), bias(1, round_up(n, kNR), round_up(n, kNR), 3), residual(m, n, ldr, 4),
      c(m, n, ldc, 5);
  for (Index i = 0; i < n * k; ++i) w.data()[i] = static_cast<float>(static_cast<Weight>(w.data()[i]));
  std::vector<Weight> packed_w(static_cast<std::size_t>(round_up(n, kNR) * k));
  pack_weights(
      n, k, [&](Index row, Index column) { return w.data()[row * k + column]; }, packed_w.data());
  const PackedWeights weights{packed_w.data(), format_of<Weight>(), n, k};
  const Epilogue epilogue{with_bias ? bias.data() : nullptr, activation, with_residual ? residual.data() : nullptr,
                          ldr};
  std::vector<float> packed_a(static_cast<std::size_t>(m * k), kNan);
  if (m <= kMR) {
    kernel.gemv_block({m, 0, weights.panels(), a.data(), lda, weights, c.data(), ldc, epilogue});
  } else {
    kernel.pack_rows(0, m, m, k, a.data(), lda, packed_a.data());
    kernel.gemm_block({m, 0, m, 0, weights.panels(), packed_a.data(), weights, c.data(), ldc, epilogue});
  }
  std::vector<double> expected(static_cast<std::size_t>(m * n));
  reference::gemm<float>(m, n, k, a.data(), lda, w.data(), epilogue.bias, activation, epilogue.residual, ldr,
                         expected.data(), n);
  // One and a half rounding units times the norms of the row of A and the row of W, which for unit normals are sqrt(k)
  // each.
  const double bound = 1.2e-7 * static_cast<double>(k + 16) * 1.5;
  double worst = 0;
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) {
      const double error = std::fabs(c.data()[i * ldc + j] - expected[static_cast<std::size_t>(i * n + j)]);
      worst = std::isnan(error) ? 1e30 : std::max(worst, error);
    }
    for (Index j = n; j < ldc; ++j) REQUIRE(std::isnan(c.data()[i * ldc + j]));  // nothing outside of C is written
  }
  CHECK(worst < bound);
}

}  // namespace

TEST_CASE("products of every tail agree with the twin, for each instruction set and weight type") {
  for (const Isa isa : supported()) {
    for (const Index m : {1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 29}) {
      for (const Index n : {1, 7, 15, 16, 17, 33, 48}) {
        for (const Index k : {1, 2, 3, 5, 8, 31, 64, 257, 600}) {
          check_product<float>(isa, m, n, k, Activation::kNone, n % 2 == 0, m % 2 == 0);
        }
      }
    }
    for (const Index m : {1, 3, 6, 13}) {
      check_product<float16>(isa, m, 40, 300, Activation::kNone, true, false);
      check_product<bfloat16>(isa, m, 40, 300, Activation::kNone, true, true);
      for (const Activation activation : kAllActivations) {
        check_product<float>(isa, m, 23, 17, activation, true, true);
        check_product<float16>(isa, m, 23, 17, activation, true, false);
      }
    }
  }
}

TEST_CASE("leaving out the steps at which A is zero changes no bit") {
  for (const Isa isa : supported()) {
    const KernelTable kernel = kernels_for(isa);
    for (const Index m : {1, 2, 3, 4, 5, 6}) {
      for (const Index n : {16, 33, 48}) {
        for (const Index k : {3, 4, 6, 32, 131, 256}) {
          for (const double zeros : {0.93, 0.97, 1.0}) {
            CAPTURE(to_string(isa));
            CAPTURE(m);
            CAPTURE(n);
            CAPTURE(k);
            const Index lda = k + 5;
            Poisoned a(m, k, lda, 1), w(n, k, k, 2), whole(m, n, n, 3), sparse(m, n, n, 4);
            std::mt19937 random(5);
            for (Index i = 0; i < k; ++i) {
              if (std::uniform_real_distribution<double>()(random) >= zeros) continue;
              for (Index r = 0; r < m; ++r) a.data()[r * lda + i] = random() % 2 == 0 ? 0.0f : -0.0f;
            }
            std::vector<float16> packed(static_cast<std::size_t>(round_up(n, kNR) * k));
            pack_weights(
                n, k, [&](Index row, Index column) { return w.data()[row * k + column]; }, packed.data());
            GemvBlock block{
                m, 0, ceil_div(n, kNR), a.data(), lda, {packed.data(), WeightFormat::kF16, n, k}, whole.data(), n, {}};
            kernel.gemv_block(block);
            std::vector<std::int32_t> begins(static_cast<std::size_t>(k));
            block.live = find_live_steps(m, k, a.data(), lda, begins.data());
            block.c = sparse.data();
            if (k >= 131 || zeros == 1.0) REQUIRE(block.live.begins != nullptr);
            if (zeros == 1.0) CHECK(block.live.size == 0);
            kernel.gemv_block(block);
            CHECK(std::memcmp(whole.data(), sparse.data(), static_cast<std::size_t>(m * n) * sizeof(float)) == 0);
          }
        }
      }
    }
  }
}

TEST_CASE("a NaN among zeros is not left out") {
  std::vector<float> a(64, 0.0f);
  a[37] = kNan;
  std::vector<std::int32_t> begins(a.size());
  const LiveSteps live = find_live_steps(1, 64, a.data(), 64, begins.data());
  REQUIRE(live.size == 1);
  CHECK(live.begins[0] == 36);
}

TEST_CASE("activations are as accurate as documented, over the whole range") {
  // A product with k = 1 and weight 1 is the activation alone.
  for (const Isa isa : supported()) {
    const KernelTable kernel = kernels_for(isa);
    for (const Activation activation : kAllActivations) {
      std::vector<float> one(kNR, 0.0f);
      one[0] = 1.0f;
      for (float x = -120.0f; x < 120.0f; x += 0.0137f) {
        float y = kNan;
        kernel.gemv_block(
            {1, 0, 1, &x, 1, {one.data(), WeightFormat::kF32, 1, 1}, &y, 1, {nullptr, activation, nullptr, 0}});
        const double expected = reference::activate<double>(activation, x);
        REQUIRE(std::fabs(y - expected) <= 3e-7 * std::max(1.0, std::fabs(static_cast<double>(x))));
      }
      const float bad = kNan;
      float y = 0;
      kernel.gemv_block(
          {1, 0, 1, &bad, 1, {one.data(), WeightFormat::kF32, 1, 1}, &y, 1, {nullptr, activation, nullptr, 0}});
      CHECK(std::isnan(y));  // a NaN is not hidden
    }
  }
}

TEST_CASE("the threaded product gives the same bits for any number of threads") {
  const Index m = 131, n = 200, k = 300;
  Poisoned a(m, k, k, 1), w(n, k, k, 2);
  std::vector<float> packed(static_cast<std::size_t>(round_up(n, kNR) * k));
  pack_weights(
      n, k, [&](Index row, Index column) { return w.data()[row * k + column]; }, packed.data());
  std::vector<float> first;
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    Arena arena;
    std::vector<float> c(static_cast<std::size_t>(m * n), kNan);
    for (int repeat = 0; repeat < 5; ++repeat) {
      const Product product{{packed.data(), WeightFormat::kF32, n, k}, c.data(), n, {}};
      gemm(pool, arena, m, a.data(), k, &product, 1);
    }
    if (first.empty()) first = c;
    CHECK(c == first);
  }
}

/// Floats as a cache in half precision holds them.
std::vector<float16> halves_of(const std::vector<float>& values) {
  std::vector<float16> halves;
  for (const float value : values) halves.push_back(float16(value));
  return halves;
}

TEST_CASE("attention agrees with the twin, causal or not, with or without a past") {
  for (const Isa isa : supported()) {
    const KernelTable kernel = kernels_for(isa);
    for (const Index head_dim : {1, 8, 10, 16, 20, 64}) {
      for (const Index num_keys : {1, 2, 15, 16, 17, 50, 131}) {
        for (const Index num_queries : {Index{1}, Index{6}, Index{7}, num_keys}) {
          for (const bool causal : {false, true}) {
            if (causal && num_queries > num_keys) continue;
            CAPTURE(head_dim);
            CAPTURE(num_keys);
            CAPTURE(num_queries);
            CAPTURE(causal);
            const Index ld = head_dim + 3;
            Poisoned q(num_queries, head_dim, ld, 1), k(num_keys, head_dim, ld, 2), v(num_keys, head_dim, ld, 3),
                out(num_queries, head_dim, ld, 4);
            std::vector<float> scratch(static_cast<std::size_t>(attention_scratch(num_queries, num_keys, head_dim)),
                                       kNan);
            AttentionHead head{num_queries, num_keys, head_dim, q.data(), ld,         k.data(), ld,
                               v.data(),    ld,       0.3f,     causal,   out.data(), ld,       scratch.data()};
            std::vector<float> bias;  // in memory of its own: a sanitizer sees what is read beyond it
            for (Index j = 0; j < num_keys; ++j) bias.push_back(0.5f * static_cast<float>(j % 5) - 1);
            const auto check = [&](const auto* keys, const auto* values) {
              kernel.attention_head(head);
              std::vector<double> expected(static_cast<std::size_t>(head_dim));
              double worst = 0;
              for (Index i = 0; i < num_queries; ++i) {
                std::vector<Index> rows;
                for (Index j = 0; j < (causal ? num_keys - num_queries + i + 1 : num_keys); ++j) rows.push_back(j);
                reference::attention<float>(rows, head_dim, q.data() + i * ld, keys, values, ld, 0.3f, expected.data(),
                                            head.key_bias);
                for (Index d = 0; d < head_dim; ++d) {
                  const double error = std::fabs(out.data()[i * ld + d] - expected[static_cast<std::size_t>(d)]);
                  worst = std::isnan(error) ? 1e30 : std::max(worst, error);
                }
              }
              REQUIRE(worst < 3e-6);
            };
            check(k.data(), v.data());
            head.key_bias = bias.data();
            check(k.data(), v.data());
            const std::vector<float16> half_k = halves_of(k.values), half_v = halves_of(v.values);
            head.k = head.v = nullptr;
            head.half_k = half_k.data() + Poisoned::kOffset;
            head.half_v = half_v.data() + Poisoned::kOffset;
            check(head.half_k, head.half_v);
            head.key_bias = nullptr;
            check(head.half_k, head.half_v);
          }
        }
      }
    }
  }
}

std::vector<float> random_values(Index size, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(size));
  for (float& value : values) value = normal(random);
  return values;
}

/// Rows [rows, columns] as quantize_rows() and K's 7 bits see them.
std::vector<float> rounded_rows(const std::vector<float>& values, Index columns, bool is_key) {
  std::vector<float> result;
  for (std::size_t begin = 0; begin < values.size(); begin += static_cast<std::size_t>(columns)) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(begin), last = first + columns;
    const auto [low, high] = std::minmax_element(first, last);
    const float center = is_key ? 0 : (*low + *high) / 2;
    const float limit = is_key ? std::max(-*low, *high) : (*high - *low) / 2;
    const float step = limit / static_cast<float>(is_key ? kByteLimit : 127);
    std::transform(first, last, std::back_inserter(result),
                   [=](float x) { return center + step * std::nearbyint((x - center) / step); });
  }
  return result;
}

TEST_CASE("attention with scores of integers is that of the rounded queries and keys") {
  for (const Isa isa : supported()) {
    const KernelTable kernel = kernels_for(isa);
    // Values of 16 bits are rounded here; their weights, to a part in 512, are not.
    const bool rounds_values = isa == Isa::kAvx512Bf16;
    for (const Index head_dim : {32, 64}) {
      for (const Index num_keys : {1, 15, 16, 50, 131}) {
        for (const Index num_queries : {Index{1}, Index{7}, num_keys}) {
          for (const bool causal : {false, true}) {
            if (causal && num_queries > num_keys) continue;
            CAPTURE(head_dim);
            CAPTURE(num_keys);
            CAPTURE(num_queries);
            CAPTURE(causal);
            const std::vector<float> q = random_values(num_queries * head_dim, 1),
                                     k = random_values(num_keys * head_dim, 2),
                                     v = random_values(num_keys * head_dim, 3);
            std::vector<float> out(q.size(), kNan),
                scratch(static_cast<std::size_t>(attention_scratch(num_queries, num_keys, head_dim)), kNan);
            AttentionHead head{num_queries, num_keys, head_dim, q.data(), head_dim,   k.data(), head_dim,
                               v.data(),    head_dim, 0.3f,     causal,   out.data(), head_dim, scratch.data()};
            head.integer_block = kernel.integer_block;
            const std::vector<float> bias = random_values(num_keys, 4);
            if (num_keys % 2 == 0) head.key_bias = bias.data();
            kernel.attention_head(head);
            const std::vector<float> rounded_q = rounded_rows(q, head_dim, false),
                                     rounded_k = rounded_rows(k, head_dim, true);
            std::vector<float> rounded_v = v;
            for (float& value : rounded_v) value = rounds_values ? static_cast<float>(bfloat16(value)) : value;
            std::vector<double> expected(static_cast<std::size_t>(head_dim));
            double worst = 0, apart = 0;
            for (Index i = 0; i < num_queries; ++i) {
              std::vector<Index> rows(static_cast<std::size_t>(causal ? num_keys - num_queries + i + 1 : num_keys));
              std::iota(rows.begin(), rows.end(), Index{0});
              const float* found = out.data() + i * head_dim;
              const auto distance = [&](const std::vector<float>& queries, const std::vector<float>& keys) {
                reference::attention<float>(rows, head_dim, queries.data() + i * head_dim, keys.data(),
                                            rounded_v.data(), head_dim, 0.3f, expected.data(), head.key_bias);
                double most = 0;
                for (Index d = 0; d < head_dim; ++d) {
                  const double error = std::fabs(found[d] - expected[static_cast<std::size_t>(d)]);
                  most = std::isnan(error) ? 1e30 : std::max(most, error);
                }
                return most;
              };
              worst = std::max(worst, distance(rounded_q, rounded_k));
              apart = std::max(apart, distance(q, k));
            }
            REQUIRE(worst < (rounds_values && num_keys > 1 ? 4e-3 : 2e-5));
            if (num_keys > 16) REQUIRE(apart > 1e-4);  // so that the rounding was there
            if (num_keys > 16 && rounds_values) REQUIRE(worst > 2e-5);
          }
        }
      }
    }
  }
}

TEST_CASE("attention with scores of integers: a key that is not finite poisons the queries that see it, no other") {
  const Index n = 40, d = 32;
  for (const Isa isa : supported()) {
    const KernelTable kernel = kernels_for(isa);
    const std::vector<float> q = random_values(n * d, 1), v = random_values(n * d, 3);
    std::vector<float> k = random_values(n * d, 2), out(q.size()),
                       scratch(static_cast<std::size_t>(attention_scratch(n, n, d)), kNan);
    k[static_cast<std::size_t>(20 * d + 5)] = std::numeric_limits<float>::infinity();
    AttentionHead head{n, n, d, q.data(), d, k.data(), d, v.data(), d, 0.3f, true, out.data(), d, scratch.data()};
    head.integer_block = kernel.integer_block;
    kernel.attention_head(head);
    for (Index i = 0; i < n; ++i) CHECK(std::isnan(out[static_cast<std::size_t>(i * d)]) == (i >= 20));
  }
}

TEST_CASE("attention over listed rows of a cache agrees with the twin, in half precision too") {
  for (const Isa isa : supported()) {
    const KernelTable kernel = kernels_for(isa);
    for (const Index head_dim : {1, 8, 10, 64, 80}) {
      for (const Index num_keys : {1, 7, 8, 40, 90}) {
        for (const Index queries : {1, 2, 3, 4, 8}) {
          const Index ld = head_dim + 1, longest = num_keys + queries / 2;
          Poisoned q(queries, head_dim, ld, 1), k(100, head_dim, ld, 2), v(100, head_dim, ld, 3),
              out(queries, head_dim, ld, 4);
          // Lists with the same num_keys - 1 rows at their beginning, of different lengths.
          std::vector<std::vector<std::int32_t>> lists;
          std::vector<RowSpan> spans;
          for (Index r = 0; r < queries; ++r) {
            lists.emplace_back();
            for (Index j = 0; j < num_keys + r / 2; ++j) {
              lists.back().push_back(static_cast<std::int32_t>((j * 37 + (j >= num_keys - 1 ? r : 0)) % 100));
            }
          }
          for (const auto& list : lists) spans.push_back({list.data(), static_cast<Index>(list.size())});
          const Index shared = queries == 1 ? num_keys : num_keys - 1;
          std::vector<float> scores(static_cast<std::size_t>(std::min(queries, kCachedQueries) * longest)), by_row;
          for (Index j = 0; j < 100; ++j) by_row.push_back(0.5f * static_cast<float>(j % 7) - 1);
          const auto check = [&](const auto* keys, const auto* values, const float* bias) {
            for (Index r = 0; r < queries; ++r) {
              const auto& list = lists[static_cast<std::size_t>(r)];
              std::vector<double> expected(static_cast<std::size_t>(head_dim));
              reference::attention<float>({list.begin(), list.end()}, head_dim, q.data() + r * ld, keys, values, ld,
                                          0.5, expected.data(), bias);
              for (Index i = 0; i < head_dim; ++i) {
                CHECK(out.data()[r * ld + i] == doctest::Approx(expected[static_cast<std::size_t>(i)]).epsilon(1e-5));
              }
            }
          };
          const auto run = [&](const auto* keys, const auto* values, const auto attend, const float* bias) {
            attend({queries, head_dim, q.data(), ld, keys, values, ld, spans.data(), shared, 0.5f, out.data(), ld,
                    scores.data(), longest, bias});
            check(keys, values, bias);
            // The bits of each are those of a query alone.
            for (Index r = 0; r < queries; ++r) {
              std::vector<float> alone(static_cast<std::size_t>(head_dim));
              const RowSpan& own = spans[static_cast<std::size_t>(r)];
              attend({1, head_dim, q.data() + r * ld, ld, keys, values, ld, &own, own.count, 0.5f, alone.data(), ld,
                      scores.data(), longest, bias});
              CHECK(std::equal(alone.begin(), alone.end(), out.data() + r * ld));
            }
          };
          const std::vector<float16> all_k = halves_of(k.values), all_v = halves_of(v.values);
          const float16 *half_k = all_k.data() + Poisoned::kOffset, *half_v = all_v.data() + Poisoned::kOffset;
          for (const float* bias : {static_cast<const float*>(nullptr), static_cast<const float*>(by_row.data())}) {
            run(k.data(), v.data(), kernel.cached_attention_head, bias);
            run(half_k, half_v, kernel.half_cached_attention_head, bias);
          }
        }
      }
    }
  }
}

TEST_CASE("halves are the twin's to the bit: every half, what lies between two, and what is beyond them") {
  std::vector<float> values{0.0f,     -0.0f, 1e-9f,  -1e-9f,   65504.0f, 65519.9f,
                            65520.0f, 1e30f, -1e30f, INFINITY, -INFINITY};
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    float16 half;
    half.bits = static_cast<std::uint16_t>(bits);
    const auto value = static_cast<float>(half);
    if (std::isnan(value)) continue;
    // itself, and the ways to its neighbour: less than half, half (to the even one), and more
    for (const float part : {0.0f, 0.49f, 0.5f, 0.51f}) {
      float16 next;
      next.bits = static_cast<std::uint16_t>(bits + 1);
      const auto step = static_cast<float>(next) - value;
      values.push_back(std::isfinite(step) ? value + part * step : value);
    }
  }
  for (const Isa isa : supported()) {
    const KernelTable kernel = kernels_for(isa);
    const auto n = static_cast<Index>(values.size());
    std::vector<float16> actual(values.size()), expected(values.size());
    kernel.to_halves(n, values.data(), actual.data());
    reference::to_halves(n, values.data(), expected.data());
    std::size_t different = 0;
    for (std::size_t i = 0; i < values.size(); ++i) different += actual[i].bits != expected[i].bits;
    CHECK(different == 0);
    for (const Index few : {1, 7, 17, 33}) {  // and nothing is written behind the last
      std::vector<float16> some(64);
      kernel.to_halves(few, values.data() + 9, some.data());
      for (Index i = 0; i < 64; ++i) {
        CHECK(some[static_cast<std::size_t>(i)].bits == (i < few ? expected[static_cast<std::size_t>(i + 9)].bits : 0));
      }
    }
    float nan = kNan;
    kernel.to_halves(1, &nan, actual.data());
    CHECK(std::isnan(static_cast<float>(actual[0])));
  }
}

TEST_CASE("layer norm and log-sum-exp agree with their twins") {
  for (const Isa isa : supported()) {
    const KernelTable kernel = kernels_for(isa);
    for (const Index n : {1, 2, 7, 8, 9, 36, 768, 1023}) {
      Poisoned x(3, n, n + 1, 1), gain(1, n, n, 2), bias(1, n, n, 3), y(3, n, n + 2, 4);
      for (Index i = 0; i < n; ++i) x.data()[i] = x.data()[i] * 0.01f + 100.0f;  // a mean that dwarfs the deviation
      kernel.layer_norm(3, n, x.data(), n + 1, gain.data(), bias.data(), 1e-5f, y.data(), n + 2);
      std::vector<double> expected(static_cast<std::size_t>(n));
      for (Index row = 0; row < 3; ++row) {
        reference::layer_norm<float>(n, x.data() + row * (n + 1), gain.data(), bias.data(), 1e-5, expected.data());
        double worst = 0;
        for (Index i = 0; i < n; ++i) {
          const double error = std::fabs(y.data()[row * (n + 2) + i] - expected[static_cast<std::size_t>(i)]);
          worst = std::isnan(error) ? 1e30 : std::max(worst, error);
        }
        CHECK(worst < (row == 0 ? 1e-2 : 1e-5));  // float holds 100.01 to 4e-6, a part in 2,500 of the deviation
      }
      CHECK(kernel.log_sum_exp(n, x.data()) == doctest::Approx(reference::log_sum_exp(n, x.data())).epsilon(1e-6));
    }
  }
}
