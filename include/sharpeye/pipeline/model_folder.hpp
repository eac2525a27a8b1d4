#pragma once

/// @file
/// The small files of a model directory, and copies of it with other weights.

#include <map>
#include <optional>
#include <string>

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

class JsonReader;
class TensorSource;

/// Writes `tensors` as F32, F16 or BF16, or each as it is, to a safetensors file, atomically. @throws Error
void write_weights(const std::string& path, const TensorSource& tensors, std::optional<DType> dtype);

/// A model directory's config.json. @throws Error kFileNotFound without one; kFormat, kLimit
JsonReader read_model_config(const std::string& folder);

/// @throws Error kInvalidArgument where `output`, the directory of a copy, is the model's own
void require_other_folder(const std::string& model, const std::string& output);

/// The small files of a model directory, in memory: what a copy needs besides weights.
class ModelFolder {
 public:
  /// Reads them. @throws Error kFileNotFound, saying which is missing; as reading files and JSON
  explicit ModelFolder(const std::string& from);

  /// Makes `to` a model directory with this configuration and tokenizer, and with `tensors`. config.json comes last: a
  /// directory that has one is complete.
  /// @param note `sharpeye_note` in config.json; none when empty. @throws Error
  void write(const std::string& to, const TensorSource& tensors, std::optional<DType> dtype,
             const std::string& note = "") const;

 private:
  std::map<std::string, std::string> files_;  // by name
};

/// ModelFolder(from).write(...)
void write_model_folder(const std::string& from, const std::string& to, const TensorSource& tensors,
                        std::optional<DType> dtype, const std::string& note);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/pipeline/model_folder.inl"
#endif
