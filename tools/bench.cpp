/// @file
/// `sharpeye bench`: where the time of a caption goes on this machine, against what the machine can do.

#include <iomanip>
#include <sstream>

#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/simd/kernels.hpp"
#include "tools/bench_paper.hpp"
#include "tools/bench_stages.hpp"
#include "tools/options.hpp"

namespace tool {
namespace {

struct BenchCommand {
  SessionOptions session;
  StageRun run;
  bool json = false, paper = false;
};

int run_bench(const BenchCommand& command) {
  if (command.paper) {
    return bench_paper(command.session.threads, command.run.new_tokens, command.run.repeat, command.json);
  }
  catch_interrupts();
  Session session(command.session);
  if (const auto& share = command.run.visual_token_share) {
    check_visual_token_share(session.model().config(), *share, "--visual-token-share");
  }
  const MeasuredStages measured = measure_stages(command.run, command.session, session);
  const std::vector<std::string>& names = stage_names();
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
    json["decode_step"] = {{"ms", measured.decode_step},
                           {"limit_ms", measured.decode_step_limit},
                           {"weights_limit_ms", measured.weights_limit},
                           {"weights_mb", measured.weights_mb},
                           {"cache_mb", measured.cache_mb}};
    json["new_tokens"] = command.run.new_tokens;
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
  const double percent = 100 / measured.decode_step;
  table << "\none token of " << command.run.new_tokens << ": " << measured.decode_step << " ms; reading its weights ("
        << measured.weights_mb << " MB) takes " << measured.weights_limit << " ms (" << percent * measured.weights_limit
        << " %), with its keys and values (" << measured.cache_mb << " MB) " << measured.decode_step_limit << " ms ("
        << percent * measured.decode_step_limit << " %)\npeak memory " << measured.peak_memory_mib << " MiB\n";
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

void add_bench(Command& command) {
  const auto options = std::make_shared<BenchCommand>();
  command.description = "Measure each stage of a caption against this machine's limits";
  Option& model = options->session.add_to(command).alternative("what to measure");
  model.is_required = false;
  command
      .flag("--paper", options->paper,
            "LLaVA-1.5-7B, the one-glance baseline and MM-SeR in the paper's sizes, with random weights, side by side")
      .alternative("what to measure");
  command.text("--image", options->run.image, "Instead of a drawn one of 640 x 480").type("IMAGE");
  command.number("--repeat", options->run.repeat, 1, 1000, "Captions to take the median of");
  command.number("--new-tokens", options->run.new_tokens, 2, 1000, "That each glance writes");
  command.number("--beams", options->run.beams, 1, 64, "Of both glances");
  command.flag(
      "--draft", options->run.draft,
      "Second glances that take the caption before as their draft, as caption does, measured where the draft is "
      "right in each token; greedy but for --beams");
  command.number("--visual-token-share", options->run.visual_token_share, 0.01, 1,
                 "The share of its visual tokens that the second glance reads, instead of the model's own");
  command.flag("--json", options->json, "The numbers as JSON");
  command.run = [options] { return run_bench(*options); };
}

}  // namespace tool
