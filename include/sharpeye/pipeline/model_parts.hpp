#pragma once

/// @file
/// The parts of a captioner as others save them: their configurations, and which of their tensors is which of ours.

#include <functional>
#include <string>
#include <vector>

#include "sharpeye/core/types.hpp"
#include "sharpeye/models/connector_config.hpp"
#include "sharpeye/models/language_model_config.hpp"
#include "sharpeye/models/vision_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

class TensorSource;

namespace detail {

/// Our name of a tensor; empty for one that is not of the part.
using Rename = std::function<std::string(const std::string&)>;

/// The configuration of a tower: what its directory is about, or a part of the model there.
/// @throws Error as read_model_config() and MmSerConfig::from_json()
VisionConfig read_vision_part(const std::string& folder);
/// The same of a language model.
LanguageModelConfig read_language_model_part(const std::string& folder);

/// Names of the tower's tensors, also where it was saved alone: `embeddings.*`, `encoder.*`.
std::string vision_part_name(const std::string& name);
std::string language_model_part_name(const std::string& name);
std::string ser_connector_part_name(const std::string& name);

/// The numbers before the point in "0.weight", "2.weight", ... in their order; empty for files that have "linear_i".
std::vector<Index> sequential_places(const std::vector<std::string>& names);
/// @param places what sequential_places() gave for the file
Rename connector_part_rename(const std::vector<Index>& places);
/// The form of an MLP that a file holds (see MlpType): how many matrices, whether the widths inside are a multiple of
/// the last one, and whether an activation stands before the last matrix.
/// @param source the tensors under our names @throws Error kMissingTensor, kShape
MlpType connector_form(const TensorSource& source, const std::vector<Index>& places);

}  // namespace detail

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/pipeline/model_parts.inl"
#endif
