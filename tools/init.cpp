/// @file
/// `sharpeye init`: a complete model directory with random weights, or a model of one glance with an untrained second
/// one.

#include <optional>

#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/models/second_as_first.hpp"
#include "sharpeye/pipeline/assemble.hpp"
#include "sharpeye/pipeline/presets.hpp"
#include "sharpeye/pipeline/random_model.hpp"
#include "tools/options.hpp"
#include "tools/output_folder.hpp"

namespace tool {
namespace {

struct InitCommand {
  std::string preset, on, folder, tokenizer;
  std::string variant = "two-glances", weights;
  std::string dtype = "f32";
  std::uint64_t seed = 0;
  std::optional<std::string> refine_prompt;
  std::optional<double> visual_token_share;
  bool as_first = false, link = false, force = false;
};

void set_visual_token_share(const InitCommand& command, MmSerConfig& config) {
  if (!command.visual_token_share) return;
  check_visual_token_share(config, *command.visual_token_share, "--visual-token-share");
  config.ser_connector->visual_token_share = *command.visual_token_share;
}

int add_second_glance(const InitCommand& command) {
  require_new_model(command.on, command.folder, command.force);
  catch_interrupts();
  Assembly assembly = with_second_glance(command.on);
  if (command.refine_prompt) assembly.config.refine_prompt = *command.refine_prompt;
  set_visual_token_share(command, assembly.config);
  write_assembly(assembly, command.folder,
                 {command.seed, codec_named(command.dtype).dtype(), command.link, is_interrupted});
  return kOk;
}

int run_init(const InitCommand& command) {
  if (!command.on.empty()) return add_second_glance(command);
  require_new(command.folder + "/config.json", command.force);
  const TokenizerFiles tokenizer = TokenizerFiles::load(command.tokenizer);
  Preset preset = make_preset(command.preset, tokenizer.tokenizer);
  apply_variant(preset.config, command.variant);
  set_visual_token_share(command, preset.config);
  std::shared_ptr<const TensorSource> known;
  if (!command.weights.empty()) require_plain(*(known = open_model_weights(command.weights)));
  if (command.as_first) known = second_as_first(preset.config, known);
  catch_interrupts();
  write_random_model(command.folder, preset, tokenizer,
                     {&codec_named(command.dtype), command.seed, known.get(), is_interrupted});
  return kOk;
}

}  // namespace

void add_init(Command& command) {
  const auto options = std::make_shared<InitCommand>();
  command.description = "Make a model directory with random weights, or give a model of one glance a second one";
  const Option& preset =
      command
          .text("--preset", options->preset,
                "mm-ser-125m has the paper's sizes, llava-1.5-7b those of its yardstick; names of checkpoints theirs")
          .one_of(preset_names())
          .alternative("model");
  const Option& on = command
                         .text("--on", options->on,
                               "A model of one glance: the new one has its weights and an untrained SeR-Connector")
                         .type("DIR")
                         .alternative("model");
  command.text("-o,--output", options->folder, "The directory to make").type("DIR").required();
  command.seed(options->seed, "Of the weights");
  command.text("--dtype", options->dtype, "Of the weights; integers as quantize stores them")
      .one_of({"f32", "f16", "bf16", "int8", "int4"});
  command.text("--tokenizer", options->tokenizer, "Take vocab.json and merges.txt from here; else one of bytes")
      .type("DIR")
      .needs(preset);
  command
      .text("--variant", options->variant,
            "The paper's ablations: one glance at all layers, or a second one that sees only the caption or only the "
            "features; queries: its earlier SeR-Connector, whose 100 queries the second glance reads")
      .one_of(variant_names())
      .excludes(on);
  const Option& weights =
      command.text("--weights", options->weights, "Take tensors from this model where name and shape are the same")
          .type("DIR")
          .needs(preset);
  command
      .flag("--second-as-first", options->as_first,
            "The second glance begins as the first one of --weights: training adds to what that one has learnt")
      .needs(weights);
  command.text("--refine-prompt", options->refine_prompt, "With <image> and {initial}; else the paper's").needs(on);
  command.number("--visual-token-share", options->visual_token_share, 0.01, 1,
                 "The share of its visual tokens that the second glance reads: below 1 alike ones are merged");
  command.flag("--link", options->link, "Hard links to the weight files instead of copies").needs(on);
  command.flag("--force", options->force, "Replace a model that is there");
  command.run = [options] { return run_init(*options); };
}

}  // namespace tool
