/// @file
/// `sharpeye info`: what a model consists of and what captioning with it costs.

#include <cstdio>
#include <map>

#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/models/initialize.hpp"
#include "tools/commands.hpp"
#include "tools/flops.hpp"
#include "tools/model_config_json.hpp"
#include "tools/options.hpp"
#include "tools/presets.hpp"

namespace tool {
namespace {

struct InfoCommand {
  std::string model, preset, tokenizer;
  bool json = false, tensors = false;
  Index new_tokens = 20;
  std::optional<Index> beams;
};

struct Part {
  Index parameters = 0;
  std::uint64_t bytes = 0;
};

struct Info {
  MmSerConfig config;
  std::vector<TensorDeclaration> tensors;             // what the model reads; no data
  std::map<std::string, std::uint64_t> stored_bytes;  // of those with other bytes than shape and dtype say: quantized
  std::map<std::string, Part> parts;  // by the first name of the tensors; "unused": what the model does not read
  CaptionLengths lengths;
  StageFlops flops;
};

constexpr const char* kPartNames[] = {"vision_tower",   "multi_modal_projector", "ser_connector",
                                      "language_model", "refine_language_model", "unused"};

CaptionLengths lengths_of(const InfoCommand& command, const MmSerConfig& config, const BpeTokenizer& tokenizer,
                          const GenerationConfig& generation) {
  const auto text_tokens = [&](const PromptTemplate& prompt) {
    const Index caption = prompt.uses_initial() ? command.new_tokens : 0;
    return static_cast<Index>(prompt.tokenize(tokenizer).ids.size()) - 1 + caption;
  };
  return {text_tokens(PromptTemplate(config.initial_prompt)), text_tokens(PromptTemplate(config.refine_prompt)),
          command.new_tokens, command.new_tokens, command.beams.value_or(generation.num_beams)};
}

// The weights are bound through a mapping: names, shapes and kinds are checked, and no element is read.
Info inspect_model(const InfoCommand& command) {
  const auto read = [&](const std::string& name) {
    const std::string path = command.model + "/" + name;
    return JsonReader(read_json_file(path, kConfigFileLimit), path);
  };
  Info info;
  info.config = MmSerConfig::from_json(read("config.json"));
  const auto generation =
      GenerationConfig::from_json(read("generation_config.json"), info.config.text_config.vocab_size);
  info.lengths = lengths_of(command, info.config, BpeTokenizer::load(command.model), generation);
  const auto source = std::make_shared<const SafetensorsFolder>(command.model, LoadMode::kMap);
  WeightLoader loader(source, {true, true});
  info.flops = FlopCounter(MmSer<Counting>(info.config, loader), info.lengths).count();
  for (const std::string& name : source->names())
    info.parts["unused"].bytes += source->info(name).end - source->info(name).begin;
  for (TensorDeclaration& tensor : declare_tensors(info.config)) {
    std::uint64_t bytes = 0;
    const std::vector<const TensorInfo*> parts = find_parts(*source, tensor.name);
    for (const TensorInfo* part : parts) bytes += part->end - part->begin;
    tensor.dtype = *parts.front()->dtype;
    info.stored_bytes[tensor.name] = bytes;
    info.parts["unused"].bytes -= bytes;
    info.tensors.push_back(tensor);
  }
  return info;
}

Info inspect_preset(const InfoCommand& command) {
  const BpeTokenizer tokenizer = TokenizerFiles::load(command.tokenizer).tokenizer;
  const Preset preset = make_preset(command.preset, tokenizer);
  Info info;
  info.config = preset.config;
  info.lengths = lengths_of(command, info.config, tokenizer, preset.generation);
  DeclaringLoader loader;
  info.flops = FlopCounter(MmSer<Counting>(info.config, loader), info.lengths).count();
  info.tensors = loader.declared();
  return info;
}

void sum_parts(Info& info) {
  for (const TensorDeclaration& tensor : info.tensors) {
    for (const std::string& key : {tensor.name.substr(0, tensor.name.find('.')), std::string("total")}) {
      info.parts[key].parameters += tensor.size();
      const auto stored = info.stored_bytes.find(tensor.name);
      info.parts[key].bytes += stored != info.stored_bytes.end()
                                   ? stored->second
                                   : static_cast<std::uint64_t>(tensor.size() * size_of(tensor.dtype));
    }
  }
}

std::vector<std::pair<const char*, double>> stages(const StageFlops& flops) {
  return {{"vision", flops.vision},
          {"connector", flops.connector},
          {"pass1_prefill", flops.pass1_prefill},
          {"pass1_decode", flops.pass1_decode},
          {"ser_connector", flops.ser_connector},
          {"pass2_prefill", flops.pass2_prefill},
          {"pass2_decode", flops.pass2_decode},
          {"one_glance", flops.one_glance()},
          {"two_glances", flops.two_glances()}};
}

std::string to_json_text(const Info& info, bool with_tensors) {
  Json json;
  for (const auto& [name, part] : info.parts) {
    json["parts"][name] = {{"parameters", part.parameters}, {"bytes", part.bytes}};
  }
  for (const auto& [stage, flops] : stages(info.flops)) json["flops"][stage] = flops;
  json["flops_assume"] = {{"new_tokens", info.lengths.new_tokens},
                          {"num_beams", info.lengths.num_beams},
                          {"initial_prompt_tokens", info.lengths.initial_prompt},
                          {"refine_prompt_tokens", info.lengths.refine_prompt}};
  json["config"] = to_json(info.config);
  for (const TensorDeclaration& tensor : info.tensors) {
    if (with_tensors) json["tensors"][tensor.name] = {{"dtype", to_string(tensor.dtype)}, {"shape", tensor.shape}};
  }
  return json.dump() + "\n";
}

template <class... Values>
std::string format(const char* pattern, const Values&... values) {
  char line[256];
  std::snprintf(line, sizeof line, pattern, values...);
  return line;
}

std::string shapes_text(const MmSerConfig& config) {
  const ClipVisionConfig& vision = config.vision_config;
  const OptConfig& text = config.text_config;
  std::string lines =
      concat("vision_tower: image ", vision.image_size, " x ", vision.image_size, ", ", vision.num_patches(),
             " patches of ", vision.patch_size, " x ", vision.patch_size, ", ", config.num_vision_blocks(), " of ",
             vision.num_hidden_layers, " layers, hidden ", vision.hidden_size, ", ", vision.num_attention_heads,
             " heads, feed-forward ", vision.intermediate_size, "\nlanguage_model: ", text.num_hidden_layers,
             " layers, hidden ", text.hidden_size, ", ", text.num_attention_heads, " heads, feed-forward ",
             text.ffn_dim, ", vocabulary ", text.vocab_size, ", ", text.max_position_embeddings, " positions\n");
  if (!config.ser_connector) return lines;
  const SerConnectorConfig& ser = *config.ser_connector;
  std::string layers;
  for (const Index layer : ser.vision_feature_layers) layers += (layers.empty() ? "" : ", ") + std::to_string(layer);
  return lines + concat("ser_connector: vision layers ", layers, ", ", ser.num_hidden_layers, " layers, hidden ",
                        ser.hidden_size, ", ", ser.num_attention_heads, " heads, feed-forward ", ser.intermediate_size,
                        ", captions of ", ser.max_caption_tokens, " tokens\n");
}

std::string to_table(const Info& info, bool with_tensors) {
  std::string table = shapes_text(info.config);
  table += format("\n%-24s%14s%16s\n", "part", "parameters", "bytes");
  const auto row = [&](const char* name) {
    const auto part = info.parts.find(name);
    if (part == info.parts.end() || part->second.bytes == 0) return;
    table += format("%-24s%14lld%16llu\n", name, static_cast<long long>(part->second.parameters),
                    static_cast<unsigned long long>(part->second.bytes));
  };
  for (const char* name : kPartNames) row(name);
  row("total");
  const CaptionLengths& lengths = info.lengths;
  table += concat("\nFor captions of ", lengths.new_tokens, " tokens, ", lengths.num_beams,
                  lengths.num_beams == 1 ? " beam" : " beams", ", prompts of ", lengths.initial_prompt, " and ",
                  lengths.refine_prompt, " text tokens:\n");
  table += format("%-24s%14s%16s\n", "stage", "GFLOP", "GFLOP/token");
  for (const auto& [stage, flops] : stages(info.flops)) {
    table += format("%-24s%14.4f", stage, flops / 1e9);
    if (std::string(stage).find("decode") != std::string::npos) {
      table += format("%16.4f", flops / 1e9 / static_cast<double>(lengths.new_tokens));
    }
    table += "\n";
  }
  for (const TensorDeclaration& tensor : info.tensors) {
    if (with_tensors) table += concat(tensor.name, " ", to_string(tensor.dtype), " ", shape_text(tensor.shape), "\n");
  }
  return table;
}

int run_info(const InfoCommand& command) {
  Info info = command.model.empty() ? inspect_preset(command) : inspect_model(command);
  sum_parts(info);
  write_out(command.json ? to_json_text(info, command.tensors) : to_table(info, command.tensors));
  return kOk;
}

}  // namespace

void add_info(CLI::App& app, Action& run) {
  const auto options = std::make_shared<InfoCommand>();
  CLI::App& command = *app.add_subcommand("info", "Show parameters, bytes, shapes and operations of a model");
  CLI::Option_group& which = *command.add_option_group("Model");
  which.add_option("--model", options->model, "A model directory")->type_name("DIR");
  CLI::Option* preset = which.add_option("--preset", options->preset, "A preset of init, without weights")
                            ->check(CLI::IsMember(preset_names()));
  which.require_option(1);
  command.add_option("--tokenizer", options->tokenizer, "Of the preset, to count its prompts; else one of bytes")
      ->type_name("DIR")
      ->needs(preset);
  command.add_option("--new-tokens", options->new_tokens, "Tokens of each caption")
      ->check(between<Index>(1, 4096))
      ->capture_default_str();
  command.add_option("--beams", options->beams, "Beams of the search; default as the model says")
      ->check(between<Index>(1, 64));
  command.add_flag("--tensors", options->tensors, "List every tensor");
  command.add_flag("--json", options->json, "One JSON object");
  command.callback([options, &run] { run = [options] { return run_info(*options); }; });
}

}  // namespace tool
