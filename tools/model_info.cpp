#include "tools/model_info.hpp"

#include <memory>

#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/formats/weight_loader.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/pipeline/presets.hpp"
#include "sharpeye/pipeline/read_generation_config.hpp"
#include "sharpeye/text/load_tokenizer.hpp"
#include "sharpeye/text/prompt.hpp"

namespace tool {
namespace {

CaptionLengths lengths_of(const CaptionsToCount& captions, const MmSerConfig& config, const Tokenizer& tokenizer,
                          const GenerationConfig& generation) {
  const auto text_tokens = [&](const PromptTemplate& prompt) {
    const Index caption = prompt.uses_initial() ? captions.new_tokens : 0;
    return static_cast<Index>(prompt.tokenize(tokenizer).ids.size()) - 1 + caption;
  };
  const PromptText kind = config.prompt_text();
  return {text_tokens(PromptTemplate(config.initial_prompt, "prompt", kind)),
          text_tokens(PromptTemplate(config.refine_prompt, "prompt", kind)), captions.new_tokens, captions.new_tokens,
          captions.beams.value_or(generation.num_beams)};
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
  const auto read = [&](const std::string& name) {
    const std::string path = folder + "/" + name;
    return JsonReader(read_json_file(path, kConfigFileLimit), path);
  };
  ModelInfo info;
  info.config = MmSerConfig::from_json(read("config.json"));
  const GenerationConfig generation = read_generation_config(folder, info.config);
  info.lengths = lengths_of(captions, info.config, *load_tokenizer(folder), generation);
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
  info.lengths = lengths_of(captions, info.config, tokenizer, preset.generation);
  info.flops = count_flops(info.config, info.lengths);
  info.tensors = declare_tensors(info.config);
  sum_parts(info);
  return info;
}

}  // namespace tool
