/// @file
/// `sharpeye info`: what a model consists of and what captioning with it costs.

#include <cstdio>

#include "sharpeye/io/image_decoders.hpp"
#include "sharpeye/pipeline/presets.hpp"
#include "tools/model_info.hpp"
#include "tools/options.hpp"
#include "tools/terminal.hpp"

namespace tool {
namespace {

struct InfoCommand {
  std::string model, preset, tokenizer;
  bool json = false, tensors = false, decoders = false;
  CaptionsToCount captions;
};

constexpr const char* kPartNames[] = {"vision_tower",   "multi_modal_projector", "ser_connector",
                                      "language_model", "refine_language_model", "unused"};

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

std::string to_json_text(const ModelInfo& info, bool with_tensors) {
  Json json;
  for (const auto& [name, part] : info.parts) {
    json["parts"][name] = {{"parameters", part.parameters}, {"bytes", part.bytes}};
  }
  for (const auto& [stage, flops] : stages(info.flops)) json["flops"][stage] = flops;
  json["flops_assume"] = {{"new_tokens", info.lengths.new_tokens},
                          {"num_beams", info.lengths.num_beams},
                          {"initial_prompt_tokens", info.lengths.initial_prompt},
                          {"refine_prompt_tokens", info.lengths.refine_prompt},
                          {"squares", info.lengths.num_squares}};
  json["config"] = info.config.to_json();
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

std::string tower_text(const MmSerConfig& config) {
  return std::visit(
      [&](const auto& vision) {
        return concat("vision_tower: image ", vision.image_size, " x ", vision.image_size, ", ", vision.num_patches(),
                      " patches of ", vision.patch_size, " x ", vision.patch_size, ", ", config.num_vision_blocks(),
                      " of ", vision.num_hidden_layers, " layers, hidden ", vision.hidden_size, ", ",
                      vision.num_attention_heads, " heads, feed-forward ", vision.intermediate_size, "\n");
      },
      config.vision_config.any);
}

std::string language_model_text(const MmSerConfig& config) {
  return std::visit(
      [&](const auto& text) {
        return concat("language_model: ", text.num_hidden_layers, " layers, hidden ", text.hidden_size, ", ",
                      text.num_attention_heads, " heads, feed-forward ", text.feed_forward_size(), ", vocabulary ",
                      text.vocab_size, ", ", text.max_position_embeddings, " positions\n");
      },
      config.text_config.any);
}

std::string shapes_text(const MmSerConfig& config) {
  std::string lines = tower_text(config);
  const Index factor = config.connector.pixel_shuffle;
  if (factor > 1) {
    lines += concat("multi_modal_projector: blocks of ", factor, " x ", factor, " patches, ",
                    config.vision_config.num_patches() / (factor * factor), " visual tokens of a square image\n");
  }
  lines += language_model_text(config);
  if (!config.ser_connector) return lines;
  const SerConnectorConfig& ser = *config.ser_connector;
  std::string layers;
  for (const Index layer : ser.vision_feature_layers) layers += (layers.empty() ? "" : ", ") + std::to_string(layer);
  return lines + concat("ser_connector: vision layers ", layers, ", ", ser.num_hidden_layers, " layers, hidden ",
                        ser.hidden_size, ", ", ser.num_attention_heads, " heads, feed-forward ", ser.intermediate_size,
                        ", captions of ", ser.max_caption_tokens, " tokens\n");
}

std::string to_table(const ModelInfo& info, bool with_tensors) {
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
  if (lengths.num_squares > 1) {
    table.erase(table.size() - 2);
    table += concat(", images of 4:3 in ", lengths.num_squares - 1, " tiles and as a whole:\n");
  }
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

// Which library of this build decodes which format.
std::string decoders_text(bool as_json) {
  Json json;
  std::string table;
  for (const ImageFormat kind : {ImageFormat::kJpeg, ImageFormat::kPng, ImageFormat::kWebp, ImageFormat::kGif,
                                 ImageFormat::kBmp, ImageFormat::kPnm, ImageFormat::kTga}) {
    std::string library;
    for (const ImageDecoder* decoder : decoders()) {
      if (library.empty() && decoder->can_decode(kind)) library = decoder->library();
    }
    json["decoders"][to_string(kind)] = library.empty() ? Json() : Json(library);
    table += format("%-8s%s\n", to_string(kind), library.empty() ? "not in this build" : library.c_str());
  }
  return as_json ? json.dump() + "\n" : table;
}

int run_info(const InfoCommand& command) {
  if (command.decoders) {
    write_out(decoders_text(command.json));
    return kOk;
  }
  const ModelInfo info = command.model.empty() ? inspect_preset(command.preset, command.tokenizer, command.captions)
                                               : inspect_model(command.model, command.captions);
  write_out(command.json ? to_json_text(info, command.tensors) : to_table(info, command.tensors));
  return kOk;
}

}  // namespace

void add_info(Command& command) {
  const auto options = std::make_shared<InfoCommand>();
  command.description = "Show parameters, bytes, shapes and operations of a model";
  command.text("--model", options->model, "A model directory").type("DIR").alternative("Model");
  const Option& preset = command.text("--preset", options->preset, "A preset of init, without weights")
                             .one_of(preset_names())
                             .alternative("Model");
  command.text("--tokenizer", options->tokenizer, "Of the preset, to count its prompts; else one of bytes")
      .type("DIR")
      .needs(preset);
  command.number("--new-tokens", options->captions.new_tokens, 1, 4096, "Tokens of each caption");
  command.number("--beams", options->captions.beams, 1, 64, "Beams of the search; default as the model says");
  command.flag("--decoders", options->decoders, "What decodes which image format in this build").alternative("Model");
  command.flag("--tensors", options->tensors, "List every tensor");
  command.flag("--json", options->json, "One JSON object");
  command.run = [options] { return run_info(*options); };
}

}  // namespace tool
