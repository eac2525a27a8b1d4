#pragma once

/// @file
/// A model directory in memory: weights, tokenizer, image processing, prompts and generation settings. What the
/// accessors give is declared in headers of its own: models/mm_ser_config.hpp, pipeline/preprocessor_config.hpp,
/// generation/generation_config.hpp, text/tokenizer.hpp, text/prompt.hpp, models/mm_ser.hpp.

#include <cstdint>
#include <memory>
#include <string>

#include "sharpeye/formats/number_kinds.hpp"
#include "sharpeye/io/load_mode.hpp"

SHARPEYE_NAMESPACE_BEGIN

struct GenerationConfig;
struct MmSerConfig;
struct PreprocessorConfig;
class PromptTemplate;
class ThreadPool;
class Tokenizer;
template <class Ops>
class MmSer;
template <class S>
class Inference;

/// JSON files of a model directory may have this many bytes.
inline constexpr std::uint64_t kConfigFileLimit = std::uint64_t{16} << 20;

/// Choices when a model directory is loaded.
struct LoadOptions {
  /// kMap: the weight files must not change while loading, and their pages count as resident until the system wants
  /// them; weights are packed into memory of their own either way. Packed matrices (`sharpeye pack`) are used where
  /// they are mapped, shared between processes and read from disk only when they are needed: then the files must not
  /// change as long as the model lives, and their elements are not checked.
  LoadMode mode = LoadMode::kRead;
  bool allow_non_finite = false;  ///< accept NaN and infinite weights
  ThreadPool* pool = nullptr;     ///< packs the weights while they load; null: the calling thread alone
};

/// Everything that captioning needs and that does not change. Share one between any number of threads.
class CaptionModel {
 public:
  using Ops = Inference<float>;

  /// Reads a model directory: config.json, model.safetensors (or its shards), preprocessor_config.json,
  /// generation_config.json, and the tokenizer's files.
  /// @throws Error naming file, tensor or key.
  static std::shared_ptr<const CaptionModel> load(const std::string& folder, const LoadOptions& options = {});

  /// As load().
  CaptionModel(const std::string& folder, const LoadOptions& options);
  CaptionModel(const CaptionModel&) = delete;
  CaptionModel& operator=(const CaptionModel&) = delete;
  ~CaptionModel();

  const MmSerConfig& config() const;
  const PreprocessorConfig& preprocessor() const;
  /// How the initial caption is generated: `generation_config.json`.
  const GenerationConfig& generation() const;
  /// How a refined one is: the same, but for the keys of its object `refine`.
  const GenerationConfig& refine_generation() const;
  const Tokenizer& tokenizer() const;
  const PromptTemplate& initial_prompt() const;
  const PromptTemplate& refine_prompt() const;
  const MmSer<Ops>& network() const;
  /// Whether the model has a second glance.
  bool refines() const;
  NumberKinds weight_kinds() const;

 private:
  struct Parts;
  std::unique_ptr<const Parts> parts_;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/pipeline/caption_model.inl"
#endif
