#include "tools/caption_command.hpp"

#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/text/prompt.hpp"
#include "tools/terminal.hpp"

namespace tool {
namespace {

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

}  // namespace

void CaptionCommand::add_to(Command& command) {
  images.add_to(command, "images", "Image files, folders of images, quoted patterns, or - for one image from stdin",
                "IMAGE|DIR|GLOB|-");
  session.add_to(command);
  const Option& as_json =
      command.flag("--json", json,
                   "One JSON object per image and line. A file name that is no UTF-8 is there twice: as "
                   "text with replacements, and its bytes as image_base64");
  const Option& streaming =
      command.flag("--stream", stream, "Show the text as it grows (needs --beams 1 or --sample)").excludes(as_json);
  command
      .text("--out", out,
            "Write to this file instead, a line for each image; images that have their line are done, so that the same "
            "command goes on where it ended. -: the same lines to stdout, each at once; with --list - an image is "
            "captioned as soon as its name is there")
      .type("FILE|-")
      .excludes(streaming);
  command
      .text("--format", format,
            "Of --out; csv and coco are made at the end, from FILE.jsonl. sidecar: no --out, but IMAGE.txt beside each "
            "image")
      .one_of({"jsonl", "csv", "coco", "sidecar"})
      .excludes(streaming);
  command.text("--shard", part, "Only a part: 2/8 is every eighth image from the second on").type("I/N").set =
      [this](const std::vector<std::string>& values) { return Shard::parse(values.front(), shard); };
  command
      .number("--parallel", parallel, 1, ThreadPool::kMaxThreads,
              "Images at once, each on its share of the threads: more captions a second, each a little later")
      .excludes(streaming);
  command.text("--prompt", prompt,
               "Ask for the initial caption with this text instead of the model's own; <image> in it is where the "
               "image goes");
  command.number("--glances", glances, 1, 2, "2 also refines the caption, 1 does not; default as the model says");
  command.number("--rounds", rounds, 0, 100, "Refinements; --glances 2 is --rounds 1");
  command.text("--ablation", ablation, "The paper's ablations of the second glance")
      .one_of({"none", "caption-only", "features-only", "single-pass"});
  command.flag("--no-draft", no_draft,
               "Decode refinements token by token, not from the caption before: slower, the same text");
  command.number("--first-share", first_share, 0, 0.99,
                 "The first glance's share in choosing each word of a refinement; costs its decoding once more");
  command.number(
      "--visual-token-share", visual_token_share, 0.01, 1,
      "The share of its visual tokens that the second glance reads: below 1 alike ones are merged, which saves "
      "time; default as the model says, 1 is all");
  command.number("--beams", beams, 1, 64, "Beams of the search, 1 is greedy");
  command.number("--max-new-tokens", max_new_tokens, 1, Index{1} << 17, "The longest caption");
  const Option& sampling = command.flag("--sample", sample, "Draw tokens instead of searching the likeliest");
  command.number("--temperature", temperature, 1e-4, 1e4, "Of sampling").needs(sampling);
  command.number("--top-k", top_k, 0, Index{1} << 21, "Sample from the k likeliest, 0 from all").needs(sampling);
  command.number("--top-p", top_p, 0, 1, "Sample from the likeliest that together reach p").needs(sampling);
  command.seed(seed, "Of sampling");
  command
      .number("--min-confidence", min_confidence, 0, 1,
              "Say \"not sure\" in the place of a caption whose tokens have a lower probability in the geometric mean")
      .excludes(streaming);
  command.number("--deadline-ms", deadline_ms, 0, Index{1} << 31,
                 "Milliseconds per image after which no refinement is begun or finished");
}

CaptionOptions CaptionCommand::options(const CaptionModel& model) const {
  require(format == "jsonl" || format == "sidecar" || !out.empty(), ErrorCode::kInvalidArgument, "--format ", format,
          ": expected --out FILE too");
  require(format != "sidecar" || out.empty(), ErrorCode::kInvalidArgument,
          "--format sidecar: expected no --out, for its files stand beside the images");
  require(format == "jsonl" || !writes_lines(), ErrorCode::kInvalidArgument, "--format ", format,
          ": expected --out FILE, actual --out -");
  CaptionOptions options;
  options.ablation = to_ablation(ablation);
  options.verify_draft = !no_draft;
  options.first_share = first_share;
  if (visual_token_share) check_visual_token_share(model.config(), *visual_token_share, "--visual-token-share");
  options.visual_token_share = visual_token_share;
  const bool refines = model.refines();
  std::optional<Index> asked = rounds;
  if (glances) {
    require(!rounds || *rounds == *glances - 1, ErrorCode::kInvalidArgument, "--rounds: expected ", *glances - 1,
            " with --glances ", *glances, ", actual ", rounds.value_or(0));
    asked = *glances - 1;
  }
  options.rounds = asked.value_or(refines ? model.config().rounds : 0);
  require(refines || (*options.rounds == 0 && options.ablation == Ablation::kNone), ErrorCode::kInvalidArgument,
          "--glances: expected 1 and no --ablation with a model without ser_connector");
  const bool is_single = options.ablation == Ablation::kSinglePass;
  require(!is_single || asked.value_or(0) == 0, ErrorCode::kInvalidArgument,
          "--ablation single-pass: expected one glance, actual ", *options.rounds + 1);
  require(is_single || options.ablation == Ablation::kNone || *options.rounds > 0, ErrorCode::kInvalidArgument,
          "--ablation ", ablation, ": expected a second glance");

  options.generation = with_options(*this, model.generation());
  options.refine_generation = with_options(*this, model.refine_generation());
  if (prompt) PromptTemplate(*prompt, "--prompt", model.config().prompt_text());  // refused before the first image
  options.prompt = prompt;
  return options;
}

}  // namespace tool
