#pragma once

/// @file
/// Bodies of random_model.hpp.

#include "sharpeye/pipeline/random_model.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <random>
#include <vector>

#include "sharpeye/core/file.hpp"
#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/formats/quantize_model.hpp"
#include "sharpeye/io/safetensors_writer.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/pipeline/presets.hpp"
#include "sharpeye/simd/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Integers of a format, each as likely as any other, in place of normal numbers that would be rounded: billions of
/// those take minutes. Scales give them the deviation that initial_values() would.
inline StoredTensor random_integers(const TensorDeclaration& stored, const TensorDeclaration& weight,
                                    const WeightCodec& codec, std::uint64_t seed) {
  const Index columns = matrix_extents(weight.shape).second;
  const int levels = codec.bits() == 4 ? 16 : 2 * simd::kByteLimit + 1;
  if (stored.dtype != codec.dtype()) {  // scales
    double squares = 0;
    const std::vector<float> row = initial_values({weight.name, DType::kF32, {1, columns}}, seed);
    for (const float x : row) squares += static_cast<double>(x) * x;
    const double uniform = std::sqrt((static_cast<double>(levels) * levels - 1) / 12);
    const auto scale = static_cast<float>(std::sqrt(squares / static_cast<double>(columns)) / uniform);
    return stored_as(make_tensor(stored.name, stored.shape,
                                 std::vector<float>(static_cast<std::size_t>(num_elements(stored.shape)), scale)),
                     stored.dtype);
  }
  std::uint64_t state = seed;
  for (const char c : stored.name) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3u;  // FNV-1a
  std::mt19937_64 random(state);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(num_elements(stored.shape)));
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    const std::uint64_t bits = random();
    std::memcpy(bytes.data() + i, &bits, std::min<std::size_t>(8, bytes.size() - i));
  }
  if (codec.bits() == 4) return make_tensor(stored.name, stored.shape, std::move(bytes));
  std::vector<std::int8_t> numbers(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    numbers[i] = static_cast<std::int8_t>(bytes[i] * levels / 256 - simd::kByteLimit);
  }
  return make_tensor(stored.name, stored.shape, std::move(numbers));
}

/// The tensors of a random model as they are stored, made when they are asked for.
class RandomTensors {
 public:
  RandomTensors(const MmSerConfig& config, const RandomModelOptions& options) : options_(options) {
    const WeightCodec& wanted = options.format == nullptr ? *find_float_codec(DType::kF32) : *options.format;
    for (const TensorDeclaration& tensor : declare_tensors(config)) {
      const WeightCodec* codec = format_in_model({tensor.name, {}, {}, tensor.shape}, wanted);
      if (codec == nullptr) codec = find_float_codec(DType::kF32);
      const WeightLayout layout = codec->rows_layout(tensor.name, tensor.shape);
      add(layout.elements, tensor, *codec);
      if (layout.scales) add(*layout.scales, tensor, *codec);
    }
  }
  const std::vector<TensorDeclaration>& declared() const { return declared_; }

  StoredTensor operator()(const TensorDeclaration& stored) {
    const auto& [weight, codec] = sources_.at(stored.name);
    require(!options_.is_cancelled || !options_.is_cancelled(), ErrorCode::kCancelled, "random model: cancelled");
    const TensorInfo* info = options_.known == nullptr ? nullptr : options_.known->find(weight.name);
    const bool is_known = info != nullptr && info->shape == weight.shape;
    if (codec->has_scales() && !is_known) return random_integers(stored, weight, *codec, options_.seed);
    const StoredTensor tensor = is_known
                                    ? options_.known->read(weight.name)
                                    : make_tensor(weight.name, weight.shape, initial_values(weight, options_.seed));
    for (StoredTensor& part : encode_weight(tensor, *codec)) {
      if (part.name == stored.name) return part;
    }
    fail(ErrorCode::kMissingTensor, stored.name, ": expected in ", codec->name(), ", actual none");
  }

 private:
  void add(const TensorDeclaration& stored, const TensorDeclaration& weight, const WeightCodec& codec) {
    declared_.push_back(stored);
    sources_.emplace(stored.name, std::make_pair(weight, &codec));
  }

  const RandomModelOptions& options_;
  std::vector<TensorDeclaration> declared_;
  std::map<std::string, std::pair<TensorDeclaration, const WeightCodec*>> sources_;  // by stored name
};

}  // namespace detail

SHARPEYE_BODY void write_random_model(const std::string& folder, const Preset& preset, const TokenizerFiles& tokenizer,
                                      const RandomModelOptions& options) {
  namespace fs = std::filesystem;
  fs::create_directories(folder);
  fs::remove(folder + "/config.json");
  detail::RandomTensors tensors(preset.config, options);
  write_safetensors(folder + "/model.safetensors", tensors.declared(),
                    [&](const TensorDeclaration& tensor) { return tensors(tensor); }, {{"format", "pt"}});
  write_file(folder + "/vocab.json", tokenizer.vocab_json);
  write_file(folder + "/merges.txt", tokenizer.merges_txt);
  write_file(folder + "/preprocessor_config.json", preset.preprocessor.to_json().dump(2) + "\n");
  write_file(folder + "/generation_config.json", preset.generation.to_json().dump(2) + "\n");
  Json config = preset.config.to_json();
  if (options.known == nullptr) config["sharpeye_note"] = concat("random weights, seed ", options.seed);
  write_file(folder + "/config.json", config.dump(2) + "\n");
}

SHARPEYE_NAMESPACE_END
