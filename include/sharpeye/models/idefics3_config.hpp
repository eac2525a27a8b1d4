#pragma once

/// @file
/// `config.json` of Hugging Face's Idefics3ForConditionalGeneration: SmolVLM.

#include "sharpeye/io/json_reader.hpp"

SHARPEYE_NAMESPACE_BEGIN

struct MmSerConfig;

/// An Idefics3 as a captioner of one glance: tower, pixel shuffle and a matrix without bias, LLaMA, and a prompt in
/// which markers stand around the image, or around each of its tiles.
/// @throws Error kConfig naming the key, kUnsupported
MmSerConfig read_idefics3_config(const JsonReader& json);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/idefics3_config.inl"
#endif
