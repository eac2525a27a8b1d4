#pragma once

/// @file
/// `config.json` of nanoLLaVA (model type "llava-qwen2"): LLaVA's own layout with a SigLIP tower and Qwen2.

#include "sharpeye/io/json_reader.hpp"

SHARPEYE_NAMESPACE_BEGIN

struct MmSerConfig;

/// A nanoLLaVA as a captioner of one glance. The language model's keys stand at the top; the tower is
/// `mm_vision_tower`, of which google/siglip-so400m-patch14-384 is known, or what an object `vision_config` says; the
/// projector's form is `mm_projector_type`.
/// @throws Error kConfig naming the key, kUnsupported for another tower
MmSerConfig read_nano_llava_config(const JsonReader& json);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/nano_llava_config.inl"
#endif
