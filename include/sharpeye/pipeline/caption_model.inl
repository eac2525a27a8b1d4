#pragma once

/// @file
/// Bodies of caption_model.hpp.

#include "sharpeye/pipeline/caption_model.hpp"

#include <utility>

#include "sharpeye/core/folder.hpp"
#include "sharpeye/formats/weight_loader.hpp"
#include "sharpeye/generation/generation_config.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/ops/inference.hpp"
#include "sharpeye/pipeline/check_tile_markers.hpp"
#include "sharpeye/pipeline/model_folder.hpp"
#include "sharpeye/pipeline/preprocessor_config.hpp"
#include "sharpeye/pipeline/read_generation_config.hpp"
#include "sharpeye/text/load_tokenizer.hpp"
#include "sharpeye/text/prompt.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The members in the order of their construction: the weights last, since they take longest, and first all that can be
/// wrong between the small files.
struct CaptionModel::Parts {
  Parts(const std::string& folder, const LoadOptions& options)
      : config(MmSerConfig::from_json(read_model_config(folder))),
        preprocessor(read_preprocessor_config(folder, config.vision_config.image_size())),
        generation(read_generation_config(folder, config, false)),
        refine_generation(read_generation_config(folder, config, true)),
        tokenizer(load_tokenizer(folder)),
        initial_prompt(config.initial_prompt, folder + "/config.json: prompts.initial", config.prompt_text()),
        refine_prompt(config.refine_prompt, folder + "/config.json: prompts.refine", config.refine_prompt_text()),
        network(load_network(folder, options)) {}

  MmSer<Ops> load_network(const std::string& folder, const LoadOptions& options) {
    const Index tokens = static_cast<Index>(tokenizer->vocab_size()), rows = config.text_config.vocab_size();
    const auto has = [&](const char* file) { return file_exists(folder + file); };
    const char* file = has("/tokenizer.json") ? "/tokenizer.json" : has("/vocab.json") ? "/vocab.json" : "/vocab.txt";
    require(tokens <= rows, ErrorCode::kConfig, folder, file, ": expected at most ", rows,
            " tokens (text_config.vocab_size), actual ", tokens);
    const Index begin = tokenizer->bos_id(), expected = config.text_config.bos_token_id();
    require(!config.text_config.image_first() || begin == expected, ErrorCode::kConfig, folder,
            ": expected a tokenizer that begins texts with the token ", expected, " (bos_token_id), actual ",
            begin < 0 ? std::string("with none") : std::to_string(begin));
    check_tile_markers(folder, config, preprocessor, *tokenizer);
    for (GenerationConfig* settings : {&generation, &refine_generation}) {
      settings->num_tokens = tokens;
      check(*settings, folder + "/generation_config.json: ");
    }
    const std::shared_ptr<const TensorSource> weights = open_model_weights(folder, options.mode);
    WeightLoader loader(weights, {options.allow_non_finite, options.mode == LoadMode::kMap, options.pool});
    MmSer<Ops> result(config, loader);
    weight_kinds = loader.kinds();
    return result;
  }

  MmSerConfig config;
  PreprocessorConfig preprocessor;
  GenerationConfig generation, refine_generation;
  std::unique_ptr<const Tokenizer> tokenizer;
  PromptTemplate initial_prompt, refine_prompt;
  NumberKinds weight_kinds = NumberKinds::kFloats;
  MmSer<Ops> network;
};

SHARPEYE_BODY std::shared_ptr<const CaptionModel> CaptionModel::load(const std::string& folder,
                                                                     const LoadOptions& options) {
  return std::make_shared<const CaptionModel>(folder, options);
}

SHARPEYE_BODY CaptionModel::CaptionModel(const std::string& folder, const LoadOptions& options)
    : parts_(std::make_unique<const Parts>(folder, options)) {}
SHARPEYE_BODY CaptionModel::~CaptionModel() = default;

SHARPEYE_BODY const MmSerConfig& CaptionModel::config() const {
  return parts_->config;
}
SHARPEYE_BODY const PreprocessorConfig& CaptionModel::preprocessor() const {
  return parts_->preprocessor;
}
SHARPEYE_BODY const GenerationConfig& CaptionModel::generation() const {
  return parts_->generation;
}
SHARPEYE_BODY const GenerationConfig& CaptionModel::refine_generation() const {
  return parts_->refine_generation;
}
SHARPEYE_BODY const Tokenizer& CaptionModel::tokenizer() const {
  return *parts_->tokenizer;
}
SHARPEYE_BODY const PromptTemplate& CaptionModel::initial_prompt() const {
  return parts_->initial_prompt;
}
SHARPEYE_BODY const PromptTemplate& CaptionModel::refine_prompt() const {
  return parts_->refine_prompt;
}
SHARPEYE_BODY const MmSer<CaptionModel::Ops>& CaptionModel::network() const {
  return parts_->network;
}
SHARPEYE_BODY NumberKinds CaptionModel::weight_kinds() const {
  return parts_->weight_kinds;
}
SHARPEYE_BODY bool CaptionModel::refines() const {
  return parts_->network.refines();
}

SHARPEYE_NAMESPACE_END
