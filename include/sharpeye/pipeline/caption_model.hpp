#pragma once

/// @file
/// A model directory in memory: weights, tokenizer, image processing, prompts and generation settings.

#include <memory>
#include <string>

#include "sharpeye/generation/generation_config.hpp"
#include "sharpeye/io/safetensors_folder.hpp"
#include "sharpeye/formats/weight_loader.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/ops/inference.hpp"
#include "sharpeye/text/bpe_tokenizer.hpp"
#include "sharpeye/text/prompt.hpp"
#include "sharpeye/vision/image_processor.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// JSON files of a model directory may have this many bytes.
inline constexpr std::uint64_t kConfigFileLimit = std::uint64_t{16} << 20;

/// Choices when a model directory is loaded.
struct LoadOptions {
  /// kMap: the weight files must not change while loading, and their pages count as resident until the system wants
  /// them; weights are packed into memory of their own either way. Packed matrices (`sharpeye pack`) are used where
  /// they are mapped, shared between processes and unseen until they are needed: then the files must not change as long
  /// as the model lives, and their elements are not checked.
  LoadMode mode = LoadMode::kRead;
  bool allow_non_finite = false;  ///< accept NaN and infinite weights
};

/// `preprocessor_config.json`: Hugging Face's keys, and `aspect` ("pad", "crop", "squash") and `apply_exif`.
struct PreprocessorConfig {
  ImageProcessorConfig processor;

  /// @throws Error kConfig naming the key.
  static PreprocessorConfig from_json(const JsonReader& json, Index image_size) {
    PreprocessorConfig config;
    config.processor.image_size = image_size;
    if (json.has("size") && json.object("size").has("shortest_edge")) {
      json.object("size").integer("shortest_edge", image_size, image_size);
    }
    if (json.has("crop_size")) {
      const JsonReader crop = json.object("crop_size");
      for (const char* side : {"height", "width"}) crop.integer(side, image_size, image_size);
    }
    const std::string aspect = json.one_of("aspect", {"pad", "crop", "squash"}, "pad");
    config.processor.aspect = aspect == "pad" ? Aspect::kPad : aspect == "crop" ? Aspect::kCrop : Aspect::kSquash;
    json.integer("resample", 3, 3, 3);  // bicubic
    for (const char* step : {"do_resize", "do_rescale", "do_normalize"}) {
      require(json.boolean(step, true), ErrorCode::kUnsupported, json.where(step), ": expected true, actual false");
    }
    config.processor.rescale_factor = json.number("rescale_factor", 0, 1e6, config.processor.rescale_factor);
    read_channels(json, "image_mean", 0, 1, config.processor.mean);
    read_channels(json, "image_std", 1e-6, 1e6, config.processor.std);
    config.processor.apply_exif = json.boolean("apply_exif", true);
    return config;
  }

 private:
  static void read_channels(const JsonReader& json, const std::string& key, double min, double max,
                            std::array<double, 3>& channels) {
    if (!json.has(key)) return;
    const std::vector<double> values = json.numbers(key, min, max, 3, 3);
    std::copy(values.begin(), values.end(), channels.begin());
  }
};

/// Everything that captioning needs and that does not change. Share one between any number of threads.
class CaptionModel {
 public:
  using Ops = Inference<float>;

  /// Reads a model directory: config.json, model.safetensors (or its shards), preprocessor_config.json,
  /// generation_config.json, vocab.json, merges.txt.
  /// @throws Error naming file, tensor or key.
  static std::shared_ptr<const CaptionModel> load(const std::string& folder, const LoadOptions& options = {}) {
    return std::make_shared<const CaptionModel>(folder, options);
  }

  /// As load().
  CaptionModel(const std::string& folder, const LoadOptions& options)
      : config_(MmSerConfig::from_json(read(folder, "config.json"))),
        preprocessor_(
            PreprocessorConfig::from_json(read(folder, "preprocessor_config.json"), config_.vision_config.image_size)),
        generation_(read_generation(folder, config_.text_config.vocab_size, false)),
        refine_generation_(read_generation(folder, config_.text_config.vocab_size, true)),
        tokenizer_(BpeTokenizer::load(folder)),
        initial_prompt_(config_.initial_prompt, folder + "/config.json: prompts.initial"),
        refine_prompt_(config_.refine_prompt, folder + "/config.json: prompts.refine"),
        network_(load_network(folder, options)) {}

  const MmSerConfig& config() const { return config_; }
  const PreprocessorConfig& preprocessor() const { return preprocessor_; }
  /// How the initial caption is generated: `generation_config.json`.
  const GenerationConfig& generation() const { return generation_; }
  /// How a refined one is: the same, but for the keys of its object `refine`.
  const GenerationConfig& refine_generation() const { return refine_generation_; }
  const BpeTokenizer& tokenizer() const { return tokenizer_; }
  const PromptTemplate& initial_prompt() const { return initial_prompt_; }
  const PromptTemplate& refine_prompt() const { return refine_prompt_; }
  const MmSer<Ops>& network() const { return network_; }

  /// An initial caption as the SeR-Connector, which must exist, reads it: cut at its max_caption_tokens.
  std::vector<std::int32_t> connector_caption_ids(const std::string& initial) const {
    const SerConnectorConfig& connector = *config_.ser_connector;
    std::vector<std::int32_t> ids = tokenizer_.encode(initial, {connector.caption_bos, false});
    if (static_cast<Index>(ids.size()) > connector.max_caption_tokens) {
      ids.resize(static_cast<std::size_t>(connector.max_caption_tokens));
    }
    return ids;
  }

 private:
  static JsonReader read(const std::string& folder, const std::string& name) {
    const std::string path = folder + "/" + name;
    return JsonReader(read_json_file(path, kConfigFileLimit), path);
  }

  // The last step of construction, since it is the expensive one: first what can be wrong between the small files.
  MmSer<Ops> load_network(const std::string& folder, const LoadOptions& options) {
    const Index tokens = static_cast<Index>(tokenizer_.vocab_size());
    require(tokens <= config_.text_config.vocab_size, ErrorCode::kConfig, folder, "/vocab.json: expected at most ",
            config_.text_config.vocab_size, " tokens (text_config.vocab_size), actual ", tokens);
    for (GenerationConfig* generation : {&generation_, &refine_generation_}) {
      generation->num_tokens = tokens;
      check(*generation, folder + "/generation_config.json: ");
    }
    WeightLoader loader(std::make_shared<SafetensorsFolder>(folder, options.mode),
                        {options.allow_non_finite, options.mode == LoadMode::kMap});
    return MmSer<Ops>(config_, loader);
  }

  static GenerationConfig read_generation(const std::string& folder, Index vocab_size, bool refine) {
    const std::string path = folder + "/generation_config.json";
    Json json = read_json_file(path, kConfigFileLimit);
    if (refine && json.is_object() && json.contains("refine")) {
      const Json changes = json["refine"];
      require(changes.is_object(), ErrorCode::kConfig, path, ": refine: expected an object, actual ",
              changes.type_name());
      json.update(changes);
    }
    return GenerationConfig::from_json(JsonReader(std::move(json), refine ? path + " with refine" : path), vocab_size);
  }

  MmSerConfig config_;
  PreprocessorConfig preprocessor_;
  GenerationConfig generation_, refine_generation_;
  BpeTokenizer tokenizer_;
  PromptTemplate initial_prompt_, refine_prompt_;
  MmSer<Ops> network_;
};

SHARPEYE_NAMESPACE_END
