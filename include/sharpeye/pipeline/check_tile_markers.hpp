#pragma once

/// @file
/// Whether the files of a model directory agree on what stands in the place of an image.

#include <string>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

struct MmSerConfig;
struct PreprocessorConfig;
class Tokenizer;

/// Whether the files of a folder agree on the tokens that stand in the place of an image: a model with tile markers
/// needs an image processor that makes tiles, a tokenizer that knows the markers, and as many visual tokens as
/// `image_seq_len` of `processor_config.json` counts, where that is. @throws Error kConfig
void check_tile_markers(const std::string& folder, const MmSerConfig& config, const PreprocessorConfig& preprocessor,
                        const Tokenizer& tokenizer);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/pipeline/check_tile_markers.inl"
#endif
