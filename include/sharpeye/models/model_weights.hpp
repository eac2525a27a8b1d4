#pragma once

/// @file
/// The weights of a model directory by the names that MmSer asks for, whichever library wrote them.

#include <memory>
#include <string>

#include "sharpeye/io/load_mode.hpp"
#include "sharpeye/io/tensor_source.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A tensor's name in any of the layouts that transformers 4 and 5 write, of a whole LLaVA or GIT, or of a tower or
/// language model alone, and that LLaVA's own code writes, as MmSer asks for it; names of no known layout stay, and are
/// found missing or unread by name:
///
///     model.vision_tower.encoder.layers.0... -> vision_tower.vision_model.encoder.layers.0...
///     model.language_model.layers.0...       -> language_model.model.layers.0...
///     vision_model.encoder.layers.0...       -> vision_tower.vision_model.encoder.layers.0...
///     model.decoder.layers.0...              -> language_model.model.decoder.layers.0...
///     model.mm_projector.2.weight            -> multi_modal_projector.linear_2.weight
///     model.text_model.layers.0...           -> language_model.model.layers.0...      (Idefics3)
///     lm_head.weight                         -> language_model.lm_head.weight
///     git.encoder.layer.0...                 -> language_model.git.encoder.layer.0...
std::string model_tensor_name(const std::string& name);

/// The tensors of `folder` (see SafetensorsFolder) by our names. @throws Error as SafetensorsFolder; kFormat where two
/// tensors mean the same
std::shared_ptr<const TensorSource> open_model_weights(const std::string& folder, LoadMode mode = LoadMode::kRead);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/model_weights.inl"
#endif
