#pragma once

/// @file
/// A captioner put together from parts that others made: a vision tower, a language model, connectors.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sharpeye/core/types.hpp"
#include "sharpeye/models/mm_ser_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

class TensorSource;

/// Where the parts of a new captioner come from. A directory of one part is what transformers saves (CLIPModel,
/// CLIPVisionModel, SiglipModel, SiglipVisionModel, OPTForCausalLM, LlamaForCausalLM, Qwen2ForCausalLM); a whole model
/// directory that this library loads gives its part too.
struct PartFolders {
  std::string vision;          ///< directory of the tower, with its preprocessor_config.json
  std::string language_model;  ///< directory of the language model, with its tokenizer
  std::string connector;       ///< safetensors file or model directory; empty: untrained, of the paper's form
  std::string ser_connector;   ///< the same; empty: no second glance
};

/// A captioner that is not on disk yet: what it will be, and where its tensors are.
struct Assembly {
  /// A root of the new model's tensor names ("vision_tower"), and those tensors; nullptr: untrained.
  struct Part {
    std::string name;
    std::shared_ptr<const TensorSource> tensors;
    /// The weight files, where each holds nothing but this model's tensors under names that loading knows; else empty.
    std::vector<std::shared_ptr<const TensorSource>> whole_files;
  };

  MmSerConfig config;
  std::vector<std::pair<std::string, std::string>> files;  ///< names and texts: all but weights and config.json
  std::vector<Part> parts;
  std::vector<std::string> left_out;  ///< tensors of the given files that belong to no part
};

/// Reads configurations and headers of weights, and checks that the parts fit together. A connector's form follows from
/// its file: `linear_i` as ours, or `0`, `2`, ... as in LLaVA's `mm_projector`; it reads the layer before the tower's
/// last one, as LLaVA's do, unless it comes with a directory that says something else.
/// @throws Error kConfig, kMissingTensor, kShape, before any weight is read
Assembly assemble(const PartFolders& folders);

/// The SeR-Connector for a tower: of the paper's form, as wide as the tower, at layers that lie in it as {13, 18, 23}
/// do in 24. @param last the layer that the first glance reads, the last one of the three
SerConnectorConfig ser_connector_for(const VisionConfig& vision, Index last);

/// The captioner in `folder` with an untrained SeR-Connector. @throws Error kInvalidArgument where it has one
Assembly with_second_glance(const std::string& folder);

/// How an assembly is written.
struct WriteAssemblyOptions {
  std::uint64_t seed = 0;     ///< of untrained parts
  DType dtype = DType::kF32;  ///< of untrained parts
  bool link = false;          ///< hard links instead of copies, for weight files that are taken as they are
  std::function<bool()> is_cancelled;
};

/// Makes `folder` a model directory: a shard for each part with an index; config.json comes last, so that a directory
/// that has one is complete.
/// @return how many weight files were linked @throws Error kFileAccess, kCancelled
Index write_assembly(const Assembly& assembly, const std::string& folder, const WriteAssemblyOptions& options);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/pipeline/assemble.inl"
#endif
