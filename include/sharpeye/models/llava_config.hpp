#pragma once

/// @file
/// `config.json` of Hugging Face's LlavaForConditionalGeneration.

#include "sharpeye/io/json_reader.hpp"

SHARPEYE_NAMESPACE_BEGIN

struct MmSerConfig;

/// A LLaVA as a captioner of one glance: tower, projector of two layers, language model, and a prompt by the kind of
/// the language model.
/// @throws Error kConfig naming the key, kUnsupported
MmSerConfig read_llava_config(const JsonReader& json);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/llava_config.inl"
#endif
