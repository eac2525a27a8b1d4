// Both captions of one image with a model directory (SHARPEYE_BENCH_MODEL), as a multiple of what the arithmetic alone
// would take at the FMA peak of the same minute.

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "machine.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/sharpeye.hpp"
#include "tools/flops.hpp"

using namespace sharpeye;

namespace {

constexpr Index kNewTokens = 20;

/// A picture that is not flat: 640 x 480, the shape of a camera's frame.
Image test_image() {
  Image image(640, 480);
  for (Index y = 0; y < 480; ++y) {
    for (Index x = 0; x < 3 * 640; ++x) {
      image.row(y)[x] = static_cast<std::uint8_t>(128 + 127 * std::sin(0.01 * static_cast<double>(x * (y % 97 + 1))));
    }
  }
  return image;
}

double peak_resident_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void caption(benchmark::State& state, const std::shared_ptr<const CaptionModel>& model, Index beams, Index rounds,
             int threads) {
  ThreadPool pool(threads);
  Captioner captioner(model, pool);
  const Image image = test_image();
  CaptionOptions options;
  options.rounds = rounds;
  options.generation = model->generation();
  options.generation->num_beams = beams;
  options.generation->max_new_tokens = options.generation->min_new_tokens = kNewTokens;
  CaptionTimings sum;
  double total = 0, limit = 0;
  for (auto _ : state) {
    const double before = bench::measure_peak(threads);
    const Caption result = captioner(image, options);
    const double peak = std::max(before, bench::measure_peak(threads));
    const Index initial = static_cast<Index>(model->tokenizer().encode(result.initial, {false, false}).size());
    const auto prompt = [&](const PromptTemplate& text) {
      return static_cast<Index>(text.tokenize(model->tokenizer(), result.initial).ids.size()) - 1;
    };
    DeclaringLoader loader;
    const MmSer<Counting> counted(model->config(), loader);
    const tool::StageFlops flops =
        tool::FlopCounter(counted,
                          {prompt(model->initial_prompt()), prompt(model->refine_prompt()), initial, kNewTokens, beams})
            .count();
    limit += (rounds == 0 ? flops.one_glance() : flops.two_glances()) / (peak * 1e9);
    const CaptionTimings& t = result.timings;
    state.SetIterationTime(t.total / 1e3);
    total += t.total / 1e3;
    sum.vision += t.vision, sum.connector += t.connector, sum.pass1_prefill += t.pass1_prefill;
    sum.pass1_decode += t.pass1_decode, sum.ser_connector += t.ser_connector, sum.pass2_prefill += t.pass2_prefill;
    sum.pass2_decode += t.pass2_decode;
  }
  const double count = static_cast<double>(state.iterations());
  state.counters["vision_ms"] = sum.vision / count;
  state.counters["connector_ms"] = sum.connector / count;
  state.counters["prefill1_ms"] = sum.pass1_prefill / count;
  state.counters["decode1_ms"] = sum.pass1_decode / count;
  state.counters["ser_ms"] = sum.ser_connector / count;
  state.counters["prefill2_ms"] = sum.pass2_prefill / count;
  state.counters["decode2_ms"] = sum.pass2_decode / count;
  state.counters["x_limit"] = total / limit;
  state.counters["peak_MiB"] = peak_resident_mib();
}

}  // namespace

int main(int argc, char** argv) try {
  benchmark::Initialize(&argc, argv);
  const char* folder = std::getenv("SHARPEYE_BENCH_MODEL");
  if (folder == nullptr) {
    std::fputs("SHARPEYE_BENCH_MODEL: expected a model directory (sharpeye init --preset mm-ser-125m --dtype f16)\n",
               stderr);
    return 2;
  }
  const auto model = CaptionModel::load(folder);
  for (const int threads : {1, 2}) {
    for (const Index rounds : {0, 1}) {
      for (const Index beams : {1, 3}) {
        benchmark::RegisterBenchmark(
            concat(rounds == 0 ? "one_glance" : "two_glances", "/beams:", beams, "/threads:", threads).c_str(),
            [=](auto& state) { caption(state, model, beams, rounds, threads); })
            ->Unit(benchmark::kMillisecond)
            ->UseManualTime()
            ->Iterations(1);
      }
    }
  }
  benchmark::RunSpecifiedBenchmarks();
} catch (const sharpeye::Error& error) {
  std::fprintf(stderr, "bench_pipeline: %s\n", error.what());
  return 2;
}
