#pragma once

/// @file
/// `config.json` of Hugging Face's GitForCausalLM (GIT, arXiv 2205.14100).

#include "sharpeye/io/json_reader.hpp"

SHARPEYE_NAMESPACE_BEGIN

struct MmSerConfig;

/// A GIT as a captioner of one glance: CLIP's tower with its last norm, one matrix and a norm as connector, and a text
/// decoder that reads all of the image first.
/// @throws Error kConfig naming the key, kUnsupported, for models of several frames too
MmSerConfig read_git_config(const JsonReader& json);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/git_config.inl"
#endif
