#include "tools/bench_stages.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>

#include "bench/machine.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/ops/inference.hpp"
#include "sharpeye/pipeline/flops.hpp"
#include "sharpeye/pipeline/preprocessor_config.hpp"
#include "sharpeye/text/prompt.hpp"

namespace tool {
namespace {

// One line of the table.
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

// The refinements after which a caption comes back as it was: the draft of the last one was right in each token, which
// is what most drafts are, and what those of random weights are not.
Index rounds_until_settled(Session& session, const Image& image, CaptionOptions options) {
  constexpr Index kMost = 60;
  options.rounds = kMost;
  const Index rounds = session.captioner()(image, options).rounds;
  require(rounds < kMost, ErrorCode::kUnsupported, "--draft: expected a caption that comes back as it was within ",
          kMost, " refinements, actual none of this model and image");
  return rounds;
}

// What the last of the refinements cost, in the place of all.
void leave_last_round(Caption& all, const Caption& others) {
  for (double CaptionTimings::*stage :
       {&CaptionTimings::ser_connector, &CaptionTimings::pass2_prefill, &CaptionTimings::pass2_decode}) {
    all.timings.total -= others.timings.*stage;
    all.timings.*stage -= others.timings.*stage;
  }
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

// Bytes of the keys and values that each new token reads, on average: those of the prompt, once for all beams, and half
// of what the beams write.
double cache_bytes(const CausalLm<CaptionModel::Ops>& language_model, Index prompt, Index new_tokens, Index num_beams) {
  return static_cast<double>(language_model.cache_shape().bytes_of_token()) *
         (static_cast<double>(prompt) + 0.5 * static_cast<double>(new_tokens * num_beams));
}

// Bytes of the weights that each new token reads: the decoder's layers and the head, but not the tables of which it
// reads a row.
double decoder_bytes(const std::string& folder, const MmSerConfig& config) {
  const auto stored = open_model_weights(folder);
  double bytes = 0;
  for (const std::string& name : stored->names()) {
    const std::string model = config.own_refine_language_model ? "refine_language_model." : "language_model.";
    const auto is_part = [&](const char* part) { return name.find(part) != std::string::npos; };
    if (name.rfind(model, 0) != 0 || is_part("embed_positions") || is_part("position_embeddings")) continue;
    const bool is_head = config.text_config.tie_word_embeddings();
    if (!is_head && (is_part("embed_tokens") || is_part("word_embeddings"))) continue;
    bytes += static_cast<double>(stored->info(name).end - stored->info(name).begin);
  }
  return bytes;
}

}  // namespace

const std::vector<std::string>& stage_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Stage& stage : kStages) all.push_back(stage.name);
    all.insert(all.end(), {"one_glance", "two_glances"});
    return all;
  }();
  return names;
}

MeasuredStages measure_stages(const StageRun& run, const SessionOptions& options_of_session, Session& session) {
  const CaptionModel& model = session.model();
  const Image image = run.image.empty() ? drawn_image() : session.image(run.image);
  const int threads = options_of_session.threads;
  const bool refines = model.refines();
  CaptionOptions options;
  options.is_cancelled = is_interrupted;
  options.visual_token_share = run.visual_token_share;
  options.verify_draft = run.draft;  // else every token by itself: what the table is about
  options.generation = model.generation();
  options.generation->num_beams = run.beams.value_or(model.generation().num_beams);
  options.generation->max_new_tokens = options.generation->min_new_tokens = run.new_tokens;
  Index last_round = 1;
  if (run.draft) {
    require(refines, ErrorCode::kInvalidArgument, "--draft: expected a model with a second glance");
    options.generation->num_beams = run.beams.value_or(1);
    last_round = rounds_until_settled(session, image, options);
  }
  MeasuredStages measured;
  std::map<std::string, std::vector<double>> times;
  Caption last;
  for (Index repeat = -1; repeat < run.repeat; ++repeat) {  // the first one warms up
    measured.peak = std::max(measured.peak, bench::measure_peak(threads));
    for (const Index rounds : {Index{0}, last_round}) {
      if (rounds > 0 && !refines) continue;
      options.rounds = rounds;
      last = session.captioner()(image, options);
      if (rounds > 1) {
        options.rounds = rounds - 1;
        leave_last_round(last, session.captioner()(image, options));
      }
      if (repeat < 0) continue;
      times[rounds == 0 ? "one_glance" : "two_glances"].push_back(last.timings.total);
      if (rounds == 0 && refines) continue;
      for (const Stage& stage : kStages) times[stage.name].push_back(last.timings.*stage.time);
    }
  }
  for (const auto& [name, values] : times) measured.milliseconds[name] = median(values);
  measured.peak_memory_mib = peak_resident_mib();  // before the large buffer of the next line
  measured.bandwidth = bench::measure_read_bandwidth(threads);

  ImageProcessorConfig processing = model.preprocessor().processor;
  if (options_of_session.no_split && processing.tiling) processing.tiling->split = false;
  const ImageTiles tiles = ImageProcessor(processing).tiles(image);
  const auto prompt = [&](const PromptTemplate& text) {
    return text.tokenize(model.tokenizer(), last.initial, {tiles.rows, tiles.columns}).num_text_tokens();
  };
  MmSerConfig counted = model.config();
  if (run.visual_token_share) counted.ser_connector->visual_token_share = *run.visual_token_share;
  const StageFlops flops =
      count_flops(counted, {prompt(model.initial_prompt()),
                            // A draft is read in the same pass.
                            refines ? prompt(model.refine_prompt()) + (run.draft ? run.new_tokens : 0) : 0,
                            static_cast<Index>(last.initial_ids.size()), run.new_tokens, options.generation->num_beams,
                            static_cast<Index>(tiles.squares.size())});
  // A stage takes at least its operations at the peak; decoding, at least the reading of the weights, keys and values
  // for each token.
  const MmSer<CaptionModel::Ops>& network = model.network();
  const Index num_beams = options.generation->num_beams;
  const double weights = decoder_bytes(options_of_session.model, model.config());
  const double cache = cache_bytes(network.language_model(), flops.pass1_prompt, run.new_tokens, num_beams);
  const double second_cache =
      refines ? cache_bytes(network.refine_language_model(), flops.pass2_prompt, run.new_tokens, num_beams) : 0;
  const auto reading = [&](double bytes) { return bytes / (measured.bandwidth * 1e6); };
  measured.weights_mb = weights / 1e6;
  measured.cache_mb = cache / 1e6;
  measured.weights_limit = reading(weights);
  measured.decode_step_limit = reading(weights + cache);
  measured.decode_step = measured.milliseconds["pass1_decode"] / static_cast<double>(run.new_tokens - 1);
  double all = 0;
  for (const Stage& stage : kStages) {
    double limit = flops.*stage.flops / (measured.peak * 1e6);
    if (run.draft && stage.flops == &StageFlops::pass2_decode) {
      limit = 0;  // no pass after the prompt's
    } else if (std::string(stage.name).find("decode") != std::string::npos && flops.*stage.flops > 0) {
      const bool is_first = stage.flops == &StageFlops::pass1_decode;
      const double bytes = weights + (is_first ? cache : second_cache);
      limit = std::max(limit, static_cast<double>(run.new_tokens - 1) * reading(bytes));
    }
    measured.limits[stage.name] = limit;
    all += limit;
  }
  measured.limits["two_glances"] = all;
  measured.limits["one_glance"] = flops.vision_one_glance / (measured.peak * 1e6) + measured.limits["connector"] +
                                  measured.limits["pass1_prefill"] + measured.limits["pass1_decode"];
  return measured;
}

}  // namespace tool
