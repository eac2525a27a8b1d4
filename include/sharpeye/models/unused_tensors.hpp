#pragma once

/// @file
/// Tensors that a checkpoint may hold and a model does not compute with: each is checked for what makes leaving it out
/// right.

#include <string>

#include "sharpeye/formats/weight_loader.hpp"

SHARPEYE_NAMESPACE_BEGIN

struct MmSerConfig;
struct ClipVisionConfig;
struct GitTextConfig;
struct GitVisionConfig;
struct Idefics3VisionConfig;
struct LlamaConfig;
struct OptConfig;
struct SiglipVisionConfig;

/// Those of a captioner: of its tower and of its language models. @throws Error as below
void skip_unused_tensors(WeightLoader& loader, const MmSerConfig& config);

/// A CLIP tower's blocks from `num_blocks` on and the norm of its pooled output, which no hidden state depends on
/// (names and shapes are checked), and its old buffer of position ids (which must count up from 0). They count as read.
/// @param tower the path of CLIPVisionModel. @throws Error kShape, kUnsupported
void skip_unused_vision(WeightLoader& loader, const std::string& tower, const ClipVisionConfig& config,
                        Index num_blocks);

/// As above for GIT's tower, whose last norm is used.
void skip_unused_vision(WeightLoader& loader, const std::string& tower, const GitVisionConfig& config,
                        Index num_blocks);

/// As above for a SigLIP tower; its pooling head (`head`) is checked by names and shapes too.
void skip_unused_vision(WeightLoader& loader, const std::string& tower, const SiglipVisionConfig& config,
                        Index num_blocks);

/// As above for an Idefics3 tower; it has no pooling head.
void skip_unused_vision(WeightLoader& loader, const std::string& tower, const Idefics3VisionConfig& config,
                        Index num_blocks);

/// The head of OPTForCausalLM in the scope `model`, where it is tied. @throws Error as check_tied_head()
void skip_unused_head(WeightLoader& loader, const std::string& model, const OptConfig& config);

/// The head of LlamaForCausalLM, where it is tied, and the frequencies (`rotary_emb.inv_freq`) of old files.
/// @throws Error as check_tied_head(), kShape
void skip_unused_head(WeightLoader& loader, const std::string& model, const LlamaConfig& config);

/// The head's matrix of GitForCausalLM, where it is tied, and the buffer of position ids of old files.
/// @throws Error as check_tied_head(), kShape, kUnsupported
void skip_unused_head(WeightLoader& loader, const std::string& model, const GitTextConfig& config);

/// A language model's head that is tied to its token table [vocab_size, size] may be stored once more: it must be the
/// table. It counts as read.
/// @throws Error kUnsupported where they differ; as WeightLoader::get()
void check_tied_head(WeightLoader& loader, const std::string& head, const std::string& table, Index vocab_size,
                     Index size);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/unused_tensors.inl"
#endif
