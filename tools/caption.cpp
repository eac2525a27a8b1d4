/// @file
/// `sharpeye caption`: both captions of every image.

#include <algorithm>
#include <cmath>
#include <exception>
#include <memory>
#include <new>

#include "sharpeye/core/parallel_in_order.hpp"
#include "tools/commands.hpp"
#include "tools/images.hpp"
#include "tools/options.hpp"
#include "tools/session.hpp"

namespace tool {
namespace {

using Clock = std::chrono::steady_clock;

struct CaptionCommand {
  SessionOptions session;
  std::vector<std::string> inputs;
  bool json = false, stream = false, sample = false, no_draft = false;
  std::optional<int> glances;
  std::optional<Index> rounds, beams, max_new_tokens, top_k;
  std::optional<double> temperature, top_p;
  std::optional<std::uint64_t> seed;
  std::optional<Index> deadline_ms;
  int parallel = 1;
  std::string ablation = "none";
};

// The text of one generation as it grows, each under a label of its own.
class StreamedText {
 public:
  void show(const CaptionProgress& progress) {
    if (progress.round != round_) begin(progress.round);
    const std::string text = one_line(progress.text);
    if (text.size() > shown_) write_out(std::string_view(text).substr(shown_));
    shown_ = std::max(shown_, text.size());
  }
  void end() {
    if (round_ >= 0) write_out("\n");
    round_ = -1;
  }

 private:
  void begin(Index round) {
    end();
    write_out(round == 0 ? "  initial: " : "  refined: ");
    round_ = round;
    shown_ = 0;
  }

  Index round_ = -1;
  std::size_t shown_ = 0;
};

Ablation to_ablation(const std::string& name) {
  if (name == "caption-only") return Ablation::kCaptionOnly;
  if (name == "features-only") return Ablation::kFeaturesOnly;
  return name == "single-pass" ? Ablation::kSinglePass : Ablation::kNone;
}

// The settings of a pass, with what the command line says instead.
GenerationConfig with_options(const CaptionCommand& command, GenerationConfig generation) {
  if (command.beams) {
    generation.num_beams = *command.beams;
    generation.do_sample = false;
  }
  if (command.sample) {
    generation.do_sample = true;
    generation.num_beams = command.beams.value_or(1);
  }
  generation.max_new_tokens = command.max_new_tokens.value_or(generation.max_new_tokens);
  generation.temperature = command.temperature.value_or(generation.temperature);
  generation.top_k = command.top_k.value_or(generation.top_k);
  generation.top_p = command.top_p.value_or(generation.top_p);
  generation.seed = command.seed.value_or(generation.seed);
  check(generation, "options");
  require(!command.stream || generation.num_beams == 1, ErrorCode::kInvalidArgument,
          "--stream: expected one beam (--beams 1), actual ", generation.num_beams);
  return generation;
}

// @throws Error kInvalidArgument where options contradict each other or the model
CaptionOptions to_options(const CaptionCommand& command, const CaptionModel& model) {
  CaptionOptions options;
  options.ablation = to_ablation(command.ablation);
  options.verify_draft = !command.no_draft;
  const bool refines = model.network().ser_connector().has_value();
  std::optional<Index> rounds = command.rounds;
  if (command.glances) {
    require(!rounds || *rounds == *command.glances - 1, ErrorCode::kInvalidArgument, "--rounds: expected ",
            *command.glances - 1, " with --glances ", *command.glances, ", actual ", rounds.value_or(0));
    rounds = *command.glances - 1;
  }
  options.rounds = rounds.value_or(refines ? model.config().rounds : 0);
  require(refines || (*options.rounds == 0 && options.ablation == Ablation::kNone), ErrorCode::kInvalidArgument,
          "--glances: expected 1 and no --ablation with a model without ser_connector");
  const bool is_single = options.ablation == Ablation::kSinglePass;
  require(!is_single || rounds.value_or(0) == 0, ErrorCode::kInvalidArgument,
          "--ablation single-pass: expected one glance, actual ", *options.rounds + 1);
  require(is_single || options.ablation == Ablation::kNone || *options.rounds > 0, ErrorCode::kInvalidArgument,
          "--ablation ", command.ablation, ": expected a second glance");

  options.generation = with_options(command, model.generation());
  options.refine_generation = with_options(command, model.refine_generation());
  options.is_cancelled = is_interrupted;
  return options;
}

std::string to_json(const std::string& name, const Caption& caption) {
  const auto rounded = [](double milliseconds) { return std::round(milliseconds * 1000) / 1000; };
  const CaptionTimings& t = caption.timings;
  Json json;
  json["image"] = name;
  json["initial"] = caption.initial;
  json["refined"] = caption.refined;
  json["rounds"] = caption.rounds;
  json["tokens"] = {{"initial", caption.initial_ids}, {"refined", caption.refined_ids}};
  json["steps"] = {{"initial", caption.pass1_steps}, {"refined", caption.pass2_steps}};
  json["timings_ms"] = {{"image", rounded(t.image)},
                        {"vision", rounded(t.vision)},
                        {"connector", rounded(t.connector)},
                        {"pass1_prefill", rounded(t.pass1_prefill)},
                        {"pass1_decode", rounded(t.pass1_decode)},
                        {"ser_connector", rounded(t.ser_connector)},
                        {"pass2_prefill", rounded(t.pass2_prefill)},
                        {"pass2_decode", rounded(t.pass2_decode)},
                        {"total", rounded(t.total)}};
  // A file's name may be any bytes; JSON is UTF-8.
  return json.dump() + "\n";
}

std::string to_text(const std::string& name, const Caption& caption) {
  std::string text = one_line(name) + "\n  initial: " + one_line(caption.initial) + "\n";
  if (caption.rounds > 0) text += "  refined: " + one_line(caption.refined) + "\n";
  return text;
}

// @throws Error as load_image() and Captioner; a stream is then still at a line's end
Caption caption_one(const CaptionCommand& command, const Session& session, Captioner& captioner, CaptionOptions options,
                    const std::string& name) {
  const auto begin = Clock::now();
  if (command.deadline_ms) options.deadline = begin + std::chrono::milliseconds(*command.deadline_ms);
  const Image image = session.image(name);
  const double decoding = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  StreamedText stream;
  if (command.stream) {
    write_out(one_line(name) + "\n");
    options.on_token = [&](const CaptionProgress& progress) { stream.show(progress); };
  }
  Caption caption;
  try {
    caption = captioner(image, options);
  } catch (const Error&) {
    stream.end();
    throw;
  }
  stream.end();
  caption.timings.image += decoding;
  caption.timings.total += decoding;
  return caption;
}

// What became of one image.
struct Outcome {
  Caption caption;
  std::exception_ptr error;
};

// What is wrong with an image, where that is no reason to end the command.
std::string problem_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& problem) {
    if (problem.code() == ErrorCode::kCancelled) throw;
    return problem.what();
  } catch (const std::bad_alloc&) {
    return "out of memory";
  }
}

// The captioners of `--parallel`, each on its share of the threads.
class Workers {
 public:
  Workers(const CaptionCommand& command, Session& session) {
    const auto count = static_cast<std::size_t>(command.parallel);
    if (count == 1) {
      captioners_.push_back(&session.captioner());
      return;
    }
    for (std::size_t i = 0; i < count; ++i) {
      pools_.push_back(std::make_unique<ThreadPool>(std::max(1, command.session.threads / command.parallel)));
      owned_.push_back(session.captioner_on(*pools_.back()));
      captioners_.push_back(owned_.back().get());
    }
  }
  std::size_t count() const { return captioners_.size(); }
  Captioner& operator[](std::size_t worker) { return *captioners_[worker]; }

 private:
  std::vector<std::unique_ptr<ThreadPool>> pools_;
  std::vector<std::unique_ptr<Captioner>> owned_;
  std::vector<Captioner*> captioners_;
};

int run_caption(const CaptionCommand& command) {
  Session session(command.session);
  const CaptionOptions options = to_options(command, session.model());
  catch_interrupts();
  const std::vector<std::string> names = expand_inputs(command.inputs);
  require(command.parallel == 1 || std::count(names.begin(), names.end(), "-") == 0, ErrorCode::kInvalidArgument,
          "--parallel: expected image files, actual -");
  std::vector<Outcome> outcomes(names.size());
  Workers workers(command, session);
  int exit_code = kOk;
  const auto work = [&](std::size_t worker, std::size_t i) {
    try {
      outcomes[i].caption = caption_one(command, session, workers[worker], options, names[i]);
    } catch (...) {
      outcomes[i].error = std::current_exception();
    }
  };
  const auto deliver = [&](std::size_t i) {
    require(!is_interrupted(), ErrorCode::kCancelled, "caption: cancelled");
    const Outcome outcome = std::exchange(outcomes[i], {});
    const std::string& name = names[i];
    if (outcome.error) {
      const std::string problem = problem_of(outcome.error);
      const bool is_named = problem.compare(0, name.size(), name) == 0;
      report(is_named ? problem : name + ": " + problem);
      exit_code = kInputFailed;
      return;
    }
    const Caption& caption = outcome.caption;
    if (caption.deadline_passed)
      report(name + ": deadline passed after " + std::to_string(caption.rounds + 1) +
             (caption.rounds == 0 ? " glance" : " glances"));
    if (command.json) {
      write_out(to_json(name, caption));
    } else if (!command.stream) {
      write_out(to_text(name, caption));
    }
  };
  parallel_in_order(names.size(), workers.count(), work, deliver);
  return exit_code;
}

}  // namespace

void add_caption(CLI::App& app, Action& run) {
  const auto options = std::make_shared<CaptionCommand>();
  CLI::App& command = *app.add_subcommand("caption", "Caption images");
  command
      .add_option("images", options->inputs,
                  "Image files, folders of images, quoted patterns, or - for one image from stdin")
      ->required()
      ->type_name("IMAGE|DIR|GLOB|-");
  options->session.add_to(command);
  CLI::Option* json = command.add_flag("--json", options->json, "One JSON object per image and line");
  CLI::Option* stream =
      command.add_flag("--stream", options->stream, "Show the text as it grows (needs --beams 1 or --sample)")
          ->excludes(json);
  command
      .add_option("--parallel", options->parallel,
                  "Images at once, each on its share of the threads: more captions a second, each a little later")
      ->check(between(1, ThreadPool::kMaxThreads))
      ->excludes(stream)
      ->capture_default_str();
  command
      .add_option("--glances", options->glances, "2 also refines the caption, 1 does not; default as the model says")
      ->check(between(1, 2));
  command.add_option("--rounds", options->rounds, "Refinements; --glances 2 is --rounds 1")
      ->check(between<Index>(0, 100));
  command.add_option("--ablation", options->ablation, "The paper's ablations of the second glance")
      ->check(CLI::IsMember({"none", "caption-only", "features-only", "single-pass"}))
      ->capture_default_str();
  command.add_flag("--no-draft", options->no_draft,
                   "Decode greedy refinements token by token, not from the caption before: slower, the same text");
  command.add_option("--beams", options->beams, "Beams of the search, 1 is greedy")->check(between<Index>(1, 64));
  command.add_option("--max-new-tokens", options->max_new_tokens, "The longest caption")
      ->check(between<Index>(1, Index{1} << 17));
  CLI::Option* sample = command.add_flag("--sample", options->sample, "Draw tokens instead of searching the likeliest");
  command.add_option("--temperature", options->temperature, "Of sampling")->check(between(1e-4, 1e4))->needs(sample);
  command.add_option("--top-k", options->top_k, "Sample from the k likeliest, 0 from all")
      ->check(between<Index>(0, Index{1} << 21))
      ->needs(sample);
  command.add_option("--top-p", options->top_p, "Sample from the likeliest that together reach p")
      ->check(between(0.0, 1.0))
      ->needs(sample);
  add_seed(command, options->seed, "Of sampling");
  command
      .add_option("--deadline-ms", options->deadline_ms,
                  "Milliseconds per image after which no refinement is begun or finished")
      ->check(between<Index>(0, Index{1} << 31));
  command.callback([options, &run] { run = [options] { return run_caption(*options); }; });
}

}  // namespace tool
