#include "tools/model_info.hpp"

#include <memory>

#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/formats/weight_loader.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/pipeline/check_tile_markers.hpp"
#include "sharpeye/pipeline/model_folder.hpp"
#include "sharpeye/pipeline/preprocessor_config.hpp"
#include "sharpeye/pipeline/presets.hpp"
#include "sharpeye/pipeline/read_generation_config.hpp"
#include "sharpeye/text/load_tokenizer.hpp"
#include "sharpeye/text/prompt.hpp"

namespace tool {
namespace {

/// @param grid of the tiles that an image is split into
CaptionLengths lengths_of(const CaptionsToCount& captions, const MmSerConfig& config, const Tokenizer& tokenizer,
                          const GenerationConfig& generation, const TileGrid& grid) {
  const auto text_tokens = [&](const std::string& text, PromptText kind) {
    const PromptTemplate prompt(text, "prompt", kind);
    const Index caption = prompt.uses_initial() ? captions.new_tokens : 0;
    return prompt.tokenize(tokenizer, {}, grid).num_text_tokens() + caption;
  };
  return {text_tokens(config.initial_prompt, config.prompt_text()),
          text_tokens(config.refine_prompt, config.refine_prompt_text()),
          captions.new_tokens,
          captions.new_tokens,
          captions.beams.value_or(generation.num_beams),
          grid.rows * grid.columns + 1};
}

/// The tiles of a photograph of 4:3, the commonest shape.
TileGrid photograph_grid(const ImageProcessorConfig& processor) {
  if (!processor.tiling || !processor.tiling->split) return {};
  const ImageSize scaled = scaled_to_longest_edge({4, 3}, processor.tiling->longest_edge);
  const ImageSize covered = rounded_to_tiles(scaled, processor.image_size);
  const TileGrid grid{covered.height / processor.image_size, covered.width / processor.image_size};
  return grid.rows * grid.columns == 1 ? TileGrid{} : grid;
}

void sum_parts(ModelInfo& info) {
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

}  // namespace

ModelInfo inspect_model(const std::string& folder, const CaptionsToCount& captions) {
  ModelInfo info;
  info.config = MmSerConfig::from_json(read_model_config(folder));
  const GenerationConfig generation = read_generation_config(folder, info.config);
  const std::unique_ptr<const Tokenizer> tokenizer = load_tokenizer(folder);
  TileGrid grid;
  if (info.config.tile_markers) {
    const PreprocessorConfig preprocessor = read_preprocessor_config(folder, info.config.vision_config.image_size());
    check_tile_markers(folder, info.config, preprocessor, *tokenizer);
    grid = photograph_grid(preprocessor.processor);
  }
  info.lengths = lengths_of(captions, info.config, *tokenizer, generation, grid);
  const auto source = open_model_weights(folder, LoadMode::kMap);
  WeightLoader loader(source, {true, true});
  info.flops = count_flops(info.config, loader, info.lengths);
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
  sum_parts(info);
  return info;
}

ModelInfo inspect_preset(const std::string& preset_name, const std::string& tokenizer_folder,
                         const CaptionsToCount& captions) {
  const BpeTokenizer tokenizer = TokenizerFiles::load(tokenizer_folder).tokenizer;
  const Preset preset = make_preset(preset_name, tokenizer);
  ModelInfo info;
  info.config = preset.config;
  info.lengths = lengths_of(captions, info.config, tokenizer, preset.generation, {});
  info.flops = count_flops(info.config, info.lengths);
  info.tensors = declare_tensors(info.config);
  sum_parts(info);
  return info;
}

}  // namespace tool
