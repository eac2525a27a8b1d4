#pragma once

/// @file
/// Copies of a model directory with other weights.

#include <functional>
#include <optional>
#include <string>

#include "sharpeye/core/types.hpp"
#include "sharpeye/io/tensor_source.hpp"

namespace tool {

using namespace sharpeye;

/// Writes `tensors` as F32, F16 or BF16, or each as it is, to a safetensors file, atomically. @throws Error
void write_weights(const std::string& path, const TensorSource& tensors, std::optional<DType> dtype);

/// @throws Error kInvalidArgument where a copy of the model `from` would replace `from` itself, or a model that is in
/// `to` (unless `force`)
void require_new_model_folder(const std::string& from, const std::string& to, bool force);

/// Makes `to` a model directory with the configuration and the tokenizer of `from`, and with `tensors`. config.json
/// comes last: a directory that has one is complete.
/// @param note `sharpeye_note` in config.json; none when empty. @throws Error
void write_model_folder(const std::string& from, const std::string& to, const TensorSource& tensors,
                        std::optional<DType> dtype, const std::string& note);

}  // namespace tool
