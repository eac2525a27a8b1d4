#pragma once

/// @file
/// Parameters, bytes and operations of a model, from its files or a preset.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sharpeye/io/tensor_source.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/pipeline/flops.hpp"

namespace tool {

using namespace sharpeye;

/// Some of a model's weights.
struct ModelPart {
  Index parameters = 0;
  std::uint64_t bytes = 0;
};

/// What a model consists of, and what captioning with it costs.
struct ModelInfo {
  MmSerConfig config;
  std::vector<TensorDeclaration> tensors;             ///< what the model reads; no data
  std::map<std::string, std::uint64_t> stored_bytes;  ///< of those with other bytes than shape and dtype say: quantized
  std::map<std::string, ModelPart> parts;  ///< by the first name of the tensors; "unused": what the model does not read
  CaptionLengths lengths;
  StageFlops flops;
};

/// The captions to count operations of.
struct CaptionsToCount {
  Index new_tokens = 20;
  std::optional<Index> beams;  ///< default as the model says
};

/// Looks into a model directory. The weights are bound through a mapping: names, shapes and kinds are checked, and no
/// element is read. @throws Error as CaptionModel::load()
ModelInfo inspect_model(const std::string& folder, const CaptionsToCount& captions);

/// A preset of `sharpeye init`, without weights. @param tokenizer_folder empty: the built-in one of bytes
ModelInfo inspect_preset(const std::string& preset_name, const std::string& tokenizer_folder,
                         const CaptionsToCount& captions);

}  // namespace tool
