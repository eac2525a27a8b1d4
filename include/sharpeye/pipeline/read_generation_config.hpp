#pragma once

/// @file
/// The generation settings of a model directory.

#include <string>

#include "sharpeye/generation/generation_config.hpp"

SHARPEYE_NAMESPACE_BEGIN

struct MmSerConfig;

/// `generation_config.json` in `folder`, for the initial caption, or with the keys of its object `refine` for refined
/// ones. For a directory of Hugging Face's the file may be missing; what it does not say is as `generate` has it
/// (greedy, the end token of the text configuration), but for the number of tokens, which stays ours.
/// @param config of the same folder. @throws Error as GenerationConfig::from_json()
GenerationConfig read_generation_config(const std::string& folder, const MmSerConfig& config, bool refine = false);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/pipeline/read_generation_config.inl"
#endif
