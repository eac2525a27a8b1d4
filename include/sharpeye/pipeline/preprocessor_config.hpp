#pragma once

/// @file
/// `preprocessor_config.json`: how an image becomes the input of the vision tower.

#include <string>

#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/vision/image_processor.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Hugging Face's keys of a CLIPImageProcessor, and `aspect` ("pad", "crop", "squash") and `apply_exif`. Without
/// `aspect` the other keys decide: a centre crop means "crop", a size of height and width "squash", else "pad". Or,
/// where `image_processor_type` says so or `max_image_size` is there, the keys of an Idefics3ImageProcessor.
struct PreprocessorConfig {
  ImageProcessorConfig processor;  ///< with `tiling` for Idefics3's

  /// @throws Error kConfig naming the key, kUnsupported for a step that is not supported.
  static PreprocessorConfig from_json(const JsonReader& json, Index image_size);
  Json to_json() const;
};

/// preprocessor_config.json of a model directory, or its object in the processor_config.json of transformers 5.
/// @param image_size of the vision tower. @throws Error as PreprocessorConfig::from_json()
PreprocessorConfig read_preprocessor_config(const std::string& folder, Index image_size);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/pipeline/preprocessor_config.inl"
#endif
