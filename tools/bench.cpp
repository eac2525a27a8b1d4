/// @file
/// `sharpeye bench`: where the time of a caption goes on this machine, against what the machine can do.

#include <sys/resource.h>

#include <cmath>
#include <iomanip>
#include <sstream>

#include "bench/machine.hpp"
#include "sharpeye/models/initialize.hpp"
#include "tools/commands.hpp"
#include "tools/flops.hpp"
#include "tools/options.hpp"
#include "tools/session.hpp"

namespace tool {
namespace {

struct BenchCommand {
  SessionOptions session;
  std::string image;
  Index repeat = 5, new_tokens = 20;
  std::optional<Index> beams;
  bool json = false;
};

/// One line of the table.
struct Stage {
  const char* name;
  double CaptionTimings::*time;
  double StageFlops::*flops;
};
constexpr Stage kStages[] = {
    {"vision", &CaptionTimings::vision, &StageFlops::vision},
    {"connector", &CaptionTimings::connector, &StageFlops::connector},
    {"pass1_prefill", &CaptionTimings::pass1_prefill, &StageFlops::pass1_prefill},
    {"pass1_decode", &CaptionTimings::pass1_decode, &StageFlops::pass1_decode},
    {"ser_connector", &CaptionTimings::ser_connector, &StageFlops::ser_connector},
    {"pass2_prefill", &CaptionTimings::pass2_prefill, &StageFlops::pass2_prefill},
    {"pass2_decode", &CaptionTimings::pass2_decode, &StageFlops::pass2_decode},
};

// A picture that is not flat, of the shape of a camera's frame.
Image drawn_image() {
  Image image(640, 480);
  for (Index y = 0; y < 480; ++y) {
    for (Index x = 0; x < 3 * 640; ++x) {
      image.row(y)[x] = static_cast<std::uint8_t>(128 + 127 * std::sin(0.01 * static_cast<double>(x * (y % 97 + 1))));
    }
  }
  return image;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double peak_resident_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Bytes of the weights that each new token reads: the decoder's layers and the head.
double decoder_bytes(const std::string& folder, const MmSerConfig& config) {
  const SafetensorsFolder stored(folder);
  double bytes = 0;
  for (const std::string& name : stored.names()) {
    const std::string model = config.own_refine_language_model ? "refine_language_model." : "language_model.";
    if (name.rfind(model, 0) != 0 || name.find("embed_positions") != std::string::npos) continue;
    bytes += static_cast<double>(stored.info(name).end - stored.info(name).begin);
  }
  return bytes;
}

struct Measured {
  std::map<std::string, double> milliseconds, limits;  // medians; of "one_glance" and "two_glances" also
  double peak = 0, bandwidth = 0, decode_step = 0, decode_step_limit = 0, peak_memory_mib = 0;
};

Measured measure(const BenchCommand& command, Session& session) {
  const CaptionModel& model = session.model();
  const Image image = command.image.empty() ? drawn_image() : session.image(command.image);
  const int threads = command.session.threads;
  const bool refines = model.network().ser_connector().has_value();
  CaptionOptions options;
  options.is_cancelled = is_interrupted;
  options.verify_draft = false;  // every token by itself: what the table is about
  options.generation = model.generation();
  options.generation->num_beams = command.beams.value_or(model.generation().num_beams);
  options.generation->max_new_tokens = options.generation->min_new_tokens = command.new_tokens;
  Measured measured;
  std::map<std::string, std::vector<double>> times;
  Caption last;
  for (Index repeat = -1; repeat < command.repeat; ++repeat) {  // the first one warms up
    measured.peak = std::max(measured.peak, bench::measure_peak(threads));
    for (const Index rounds : {0, 1}) {
      if (rounds == 1 && !refines) continue;
      options.rounds = rounds;
      last = session.captioner()(image, options);
      if (repeat < 0) continue;
      times[rounds == 0 ? "one_glance" : "two_glances"].push_back(last.timings.total);
      if (rounds == 0 && refines) continue;
      for (const Stage& stage : kStages) times[stage.name].push_back(last.timings.*stage.time);
    }
  }
  for (const auto& [name, values] : times) measured.milliseconds[name] = median(values);
  measured.peak_memory_mib = peak_resident_mib();  // before the large buffer of the next line
  measured.bandwidth = bench::measure_read_bandwidth(threads);

  DeclaringLoader loader;
  const MmSer<Counting> counted(model.config(), loader);
  const auto prompt = [&](const PromptTemplate& text) {
    return static_cast<Index>(text.tokenize(model.tokenizer(), last.initial).ids.size()) - 1;
  };
  const StageFlops flops =
      FlopCounter(counted,
                  {prompt(model.initial_prompt()), refines ? prompt(model.refine_prompt()) : 0,
                   static_cast<Index>(last.initial_ids.size()), command.new_tokens, options.generation->num_beams})
          .count();
  // A stage takes at least its operations at the peak; decoding, at least the reading of the weights for each token.
  const double bytes = decoder_bytes(command.session.model, model.config());
  measured.decode_step_limit = bytes / (measured.bandwidth * 1e6);
  measured.decode_step = measured.milliseconds["pass1_decode"] / static_cast<double>(command.new_tokens - 1);
  double all = 0;
  for (const Stage& stage : kStages) {
    double limit = flops.*stage.flops / (measured.peak * 1e6);
    if (std::string(stage.name).find("decode") != std::string::npos && flops.*stage.flops > 0) {
      limit = std::max(limit, static_cast<double>(command.new_tokens - 1) * measured.decode_step_limit);
    }
    measured.limits[stage.name] = limit;
    all += limit;
  }
  measured.limits["two_glances"] = all;
  measured.limits["one_glance"] = flops.vision_one_glance / (measured.peak * 1e6) + measured.limits["connector"] +
                                  measured.limits["pass1_prefill"] + measured.limits["pass1_decode"];
  return measured;
}

int run_bench(const BenchCommand& command) {
  catch_interrupts();
  Session session(command.session);
  const Measured measured = measure(command, session);
  std::vector<std::string> names;
  for (const Stage& stage : kStages) names.push_back(stage.name);
  names.insert(names.end(), {"one_glance", "two_glances"});
  if (command.json) {
    Json json;
    for (const std::string& name : names) {
      if (measured.milliseconds.count(name) == 0) continue;
      json["stages"][name] = {{"ms", measured.milliseconds.at(name)}, {"limit_ms", measured.limits.at(name)}};
    }
    json["machine"] = {{"isa", to_string(simd::kernels().isa)},
                       {"threads", command.session.threads},
                       {"peak_gflops", measured.peak},
                       {"read_gb_per_s", measured.bandwidth}};
    json["decode_step"] = {{"ms", measured.decode_step}, {"limit_ms", measured.decode_step_limit}};
    json["new_tokens"] = command.new_tokens;
    json["peak_memory_mib"] = measured.peak_memory_mib;
    write_out(json.dump(2) + "\n");
    return kOk;
  }
  std::ostringstream table;
  table << std::fixed << std::setprecision(1);
  table << to_string(simd::kernels().isa) << ", " << command.session.threads << " threads: " << measured.peak
        << " GFLOP/s of f32 multiply-adds, " << measured.bandwidth << " GB/s read\n\n"
        << "stage                ms   limit ms   of limit\n";
  for (const std::string& name : names) {
    const auto time = measured.milliseconds.find(name);
    if (time == measured.milliseconds.end()) continue;
    const double limit = measured.limits.at(name);
    table << std::left << std::setw(14) << name << std::right << std::setw(9) << time->second << std::setw(11) << limit
          << std::setw(9) << 100 * limit / std::max(1e-9, time->second) << " %\n";
  }
  table << "\none token of " << command.new_tokens << ": " << measured.decode_step << " ms, limit "
        << measured.decode_step_limit << " ms; peak memory " << measured.peak_memory_mib << " MiB\n";
  if (measured.milliseconds.count("two_glances") != 0) {
    // The paper's Table 5; LLaVA-1.5-7B took 274 s there.
    const double one = measured.milliseconds.at("one_glance") / 10, two = measured.milliseconds.at("two_glances") / 10;
    table << "100 images: " << one << " s, in two glances " << two << " s, " << std::setprecision(2) << two / one
          << " times (the paper's GPU: 5.55 s, 7.44 s, 1.34 times)\n";
  }
  write_out(table.str());
  return kOk;
}

}  // namespace

void add_bench(CLI::App& app, Action& run) {
  const auto options = std::make_shared<BenchCommand>();
  CLI::App& command = *app.add_subcommand("bench", "Measure each stage of a caption against this machine's limits");
  options->session.add_to(command);
  command.add_option("--image", options->image, "Instead of a drawn one of 640 x 480")->type_name("IMAGE");
  command.add_option("--repeat", options->repeat, "Captions to take the median of")
      ->check(between<Index>(1, 1000))
      ->capture_default_str();
  command.add_option("--new-tokens", options->new_tokens, "That each glance writes")
      ->check(between<Index>(2, 1000))
      ->capture_default_str();
  command.add_option("--beams", options->beams, "Of both glances")->check(between<Index>(1, 64));
  command.add_flag("--json", options->json, "The numbers as JSON");
  command.callback([options, &run] { run = [options] { return run_bench(*options); }; });
}

}  // namespace tool
