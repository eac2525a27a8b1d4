// GEMM, products with few rows, attention and layer norm at the shapes of the paper's model, as a share of the
// machine's own limit measured around each, with Eigen, and OpenBLAS, BLIS and oneDNN where
// they are installed, in the same run. See README.md for how to read it.

#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <string>

#include "blas_libraries.hpp"
#include "eigen_gemm.hpp"
#include "machine.hpp"
#include "model_shapes.hpp"
#include "sharpeye/ops/inference.hpp"
#include "sharpeye/simd/attention.hpp"
#include "sharpeye/simd/gemm.hpp"
#include "sharpeye/simd/integer_gemm.hpp"
#include "sharpeye/simd/kernels.hpp"
#include "sharpeye/simd/pack.hpp"

using namespace sharpeye;

namespace {

std::vector<float> random_values(Index count) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = uniform(random);
  return values;
}

/// Rate against the peak that was measured just before and just after the timed loop.
class PeakMeter {
 public:
  PeakMeter(benchmark::State& state, int threads, double flops)
      : state_(state),
        threads_(threads),
        flops_(flops),
        before_(bench::measure_peak(threads)),
        begin_(bench::seconds()) {}
  ~PeakMeter() {
    const double rate = flops_ * static_cast<double>(state_.iterations()) / (bench::seconds() - begin_) / 1e9;
    const double peak = std::max(before_, bench::measure_peak(threads_));
    state_.counters["GFLOP/s"] = rate;
    if (peak > 0) state_.counters["of_peak"] = rate / peak;
  }

 private:
  benchmark::State& state_;
  int threads_;
  double flops_, before_, begin_;
};

double flops_of(const bench::Shape& shape) {
  return 2.0 * static_cast<double>(shape.m) * static_cast<double>(shape.n) * static_cast<double>(shape.k);
}

/// Values where a model keeps its own: packed weights and activations begin on a cache line. (In a std::vector they do
/// not, and each AVX-512 load crosses two lines: 0.82 -> 0.86 of peak.)
template <class Element>
Pages copy_of(const std::vector<Element>& values) {
  Pages copy = allocate_pages(values.size() * sizeof(Element));
  std::copy(values.begin(), values.end(), static_cast<Element*>(copy.get()));
  return copy;
}

/// Weights in several copies, so that each product finds its own in memory and not in the cache, as in a real pass.
template <class Element>
std::vector<Pages> copies_of(const std::vector<Element>& weights, std::size_t total_bytes = 128u << 20) {
  std::vector<Pages> copies(std::max<std::size_t>(1, total_bytes / (weights.size() * sizeof(Element))));
  for (Pages& copy : copies) copy = copy_of(weights);
  return copies;
}

/// A, of which a share is zero, as after a ReLU.
Pages activations(const bench::Shape& shape, double zeros) {
  std::vector<float> values = random_values(shape.m * shape.k);
  std::mt19937 random(2);
  for (float& value : values) {
    if (std::uniform_real_distribution<double>()(random) < zeros) value = 0;
  }
  return copy_of(values);
}

template <class Weight>
void product(benchmark::State& state, const bench::Shape& shape, WeightFormat format, int threads, double zeros = 0) {
  ThreadPool pool(threads);
  Arena arena;
  const std::vector<float> w = random_values(shape.n * shape.k);
  const Pages a = activations(shape, zeros), c = copy_of(random_values(shape.m * shape.n));
  std::vector<Weight> packed(static_cast<std::size_t>(simd::round_up(shape.n, simd::kNR) * shape.k));
  simd::pack_weights(
      shape.n, shape.k, [&](Index n, Index k) { return w[static_cast<std::size_t>(n * shape.k + k)]; }, packed.data());
  const auto copies = copies_of(packed);
  std::size_t next = 0;
  const double bytes = static_cast<double>(packed.size() * sizeof(Weight));
  {
    const PeakMeter meter(state, threads, flops_of(shape));
    for (auto _ : state) {
      const simd::Product product{
          {copies[next++ % copies.size()].get(), format, shape.n, shape.k}, static_cast<float*>(c.get()), shape.n, {}};
      simd::gemm(pool, arena, shape.m, static_cast<const float*>(a.get()), shape.k, &product, 1);
    }
  }
  if (shape.m <= simd::kMR && zeros == 0) {
    state.counters["GB/s"] = benchmark::Counter(bytes / 1e9, benchmark::Counter::kIsIterationInvariantRate);
  }
}

/// Products with integer weights, the quantization of A included; as a share of the f32 peak, which they can pass.
void integer_product(benchmark::State& state, const bench::Shape& shape, WeightFormat format, int threads,
                     double zeros = 0) {
  ThreadPool pool(threads);
  Arena arena;
  const Pages a = activations(shape, zeros), c = copy_of(random_values(shape.m * shape.n));
  const std::vector<float> scales(static_cast<std::size_t>(simd::round_up(shape.n, simd::kNR)), 0.01f);
  simd::PackedWeights weights{nullptr, format, shape.n, shape.k, scales.data(), scales.data()};
  std::vector<std::uint8_t> packed(static_cast<std::size_t>(weights.bytes()));
  std::vector<std::uint8_t> numbers(static_cast<std::size_t>(shape.n * shape.k));
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::uint8_t>(i * 17 % 31);
  if (format == WeightFormat::kInt8) {
    simd::pack_bytes(shape.n, shape.k, reinterpret_cast<const std::int8_t*>(numbers.data()), packed.data());
  } else {
    const std::vector<float> of_groups(numbers.size() / simd::kGroup, 0.01f);
    simd::pack_nibbles(shape.n, shape.k, numbers.data(), of_groups.data(), packed.data());
  }
  const auto copies = copies_of(packed);
  std::size_t next = 0;
  {
    const PeakMeter meter(state, threads, flops_of(shape));
    for (auto _ : state) {
      weights.data = copies[next++ % copies.size()].get();
      const auto rows =
          simd::quantize(pool, arena, shape.m, shape.k, static_cast<const float*>(a.get()), shape.k, zeros > 0);
      const simd::Product product{weights, static_cast<float*>(c.get()), shape.n, {}};
      simd::integer_gemm(pool, rows.rows, &product, 1);
    }
  }
  if (shape.m <= simd::kMR && zeros == 0) {
    state.counters["GB/s"] =
        benchmark::Counter(static_cast<double>(weights.bytes()) / 1e9, benchmark::Counter::kIsIterationInvariantRate);
  }
}

/// Another library's product on the same operands.
void peer_product(benchmark::State& state, const bench::Shape& shape, int threads, const bench::Product& multiply) {
  const Pages a = copy_of(random_values(shape.m * shape.k)), c = copy_of(random_values(shape.m * shape.n));
  const auto copies = copies_of(random_values(shape.n * shape.k));
  std::size_t next = 0;
  const PeakMeter meter(state, threads, flops_of(shape));
  for (auto _ : state) {
    multiply(shape.m, shape.n, shape.k, static_cast<const float*>(a.get()),
             static_cast<const float*>(copies[next++ % copies.size()].get()), static_cast<float*>(c.get()));
  }
}

/// Eigen's on `threads` threads of ours, each with its columns.
void eigen_product(benchmark::State& state, const bench::Shape& shape, int threads) {
  ThreadPool pool(threads);
  peer_product(state, shape, threads, [&](long m, long n, long k, const float* a, const float* w, float* c) {
    pool.parallel_for(threads, [&](Index part) {
      bench::eigen_gemm(m, n, k, n * part / threads, n * (part + 1) / threads, a, w, c);
    });
  });
}

void attention(benchmark::State& state, Index tokens, Index heads, Index head_dim, bool causal, int threads) {
  ThreadPool pool(threads);
  Arena arena;
  const Index width = heads * head_dim;
  const std::vector<float> q = random_values(tokens * width);
  std::vector<float> out(q.size());
  const double pairs = static_cast<double>(tokens) * static_cast<double>(causal ? tokens + 1 : 2 * tokens) / 2;
  const PeakMeter meter(state, threads, 4 * pairs * static_cast<double>(width));
  for (auto _ : state) {
    simd::attention(pool, arena, heads, 1, head_dim,
                    {tokens, tokens, head_dim, q.data(), width, q.data(), width, q.data(), width, 0.125f, causal,
                     out.data(), width, nullptr});
  }
}

/// A token's attention over a cache, layer after layer, so that each finds its own in memory; GB/s of keys and values.
template <class T>
void cached_attention(benchmark::State& state, Index tokens, Index heads, Index head_dim, Index rows, int threads) {
  ThreadPool pool(threads);
  Arena arena;
  Inference<float> ops(pool, arena);
  const Index width = heads * head_dim;
  std::vector<T> stored;
  for (const float value : random_values(tokens * width)) stored.push_back(T(value));
  const auto copies = copies_of(stored);
  const auto q = ops.constant(view_matrix(random_values(rows * width).data(), rows, width, width));
  std::vector<std::int32_t> list;
  for (Index i = 0; i < tokens; ++i) list.push_back(static_cast<std::int32_t>(i));
  const std::vector<RowSpan> spans(static_cast<std::size_t>(rows), RowSpan{list.data(), tokens});
  const HeadPlaces places{head_dim, head_dim * tokens};  // as in nn/kv_cache.hpp
  std::size_t next = 0;
  const auto store = [&] { return static_cast<const T*>(copies[next++ % copies.size()].get()); };
  for (auto _ : state) {
    const T *keys = store(), *values = store();
    benchmark::DoNotOptimize(ops.cached_attention<T>(q, {keys, values, heads, places}, heads, spans));
  }
  state.counters["GB/s"] = benchmark::Counter(2e-9 * static_cast<double>(tokens * width) * sizeof(T),
                                              benchmark::Counter::kIsIterationInvariantRate);
}

template <class Body>
void add(const std::string& name, const Body& body) {
  benchmark::RegisterBenchmark(name.c_str(), body)->Unit(benchmark::kMicrosecond)->UseRealTime();
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<bench::BlasLibrary> libraries = bench::installed_blas_libraries();
  const auto add_products = [&](const bench::Shape& shape, int threads) {
    const std::string tail = concat("/", shape.where, "/", shape.m, "x", shape.n, "x", shape.k, "/threads:", threads);
    add("sharpeye_f32" + tail, [=](auto& state) { product<float>(state, shape, WeightFormat::kF32, threads); });
    add("sharpeye_f16" + tail, [=](auto& state) { product<float16>(state, shape, WeightFormat::kF16, threads); });
    add("sharpeye_i8" + tail, [=](auto& state) { integer_product(state, shape, WeightFormat::kInt8, threads); });
    if (shape.k % simd::kGroup == 0) {
      add("sharpeye_i4" + tail, [=](auto& state) { integer_product(state, shape, WeightFormat::kInt4, threads); });
    }
    add("eigen_f32" + tail, [=](auto& state) { eigen_product(state, shape, threads); });
    for (const bench::BlasLibrary& library : libraries) {
      add(library.name + "_f32" + tail, [=](auto& state) {
        library.set_threads(threads);
        peer_product(state, shape, threads, library.product);
      });
    }
  };
  for (const int threads : {1, 2}) {
    for (const bench::Shape& shape : bench::kVisionShapes) add_products(shape, threads);
    for (const bench::Shape& shape : bench::kOtherShapes) add_products(shape, threads);
    for (const bench::Shape& shape : bench::kDecodeShapes) add_products(shape, threads);
    for (const bench::Shape& shape : bench::kDownShapes) {
      for (const int zeros : {0, 50, 75, 90, 95, 98}) {
        const std::string tail =
            concat("/", shape.where, "/", shape.m, "x", shape.n, "x", shape.k, "/zeros:", zeros, "/threads:", threads);
        add("sharpeye_f16" + tail,
            [=](auto& state) { product<float16>(state, shape, WeightFormat::kF16, threads, zeros / 100.0); });
        add("sharpeye_i8" + tail,
            [=](auto& state) { integer_product(state, shape, WeightFormat::kInt8, threads, zeros / 100.0); });
      }
    }
    const auto tail = [&](const char* text) { return text + std::to_string(threads); };
    add(tail("sharpeye_attention/vit/577x16x64/threads:"), [=](auto& s) { attention(s, 577, 16, 64, false, threads); });
    add(tail("sharpeye_attention/opt/600x12x64/causal/threads:"),
        [=](auto& s) { attention(s, 600, 12, 64, true, threads); });
    for (const int rows : {1, 3}) {
      const auto name = [&](const char* format) {
        return concat("sharpeye_cached_attention_", format, "/opt/", rows, "x620x12x64/threads:", threads);
      };
      add(name("f32"), [=](auto& s) { cached_attention<float>(s, 620, 12, 64, rows, threads); });
      add(name("f16"), [=](auto& s) { cached_attention<float16>(s, 620, 12, 64, rows, threads); });
    }
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
