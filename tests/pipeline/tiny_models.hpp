#pragma once

// The captioner's fixtures: tiny models of both kinds of SeR-Connector, each with an image.

#include <memory>
#include <string>

#include "sharpeye/io/stb_image_decoder.hpp"
#include "sharpeye/pipeline/captioner.hpp"
#include "support/paths.hpp"

namespace test {

inline const char* const kTinyModels[] = {"mmser_self_attention_tiny", "mmser_query_decoder_tiny"};
inline const char* const kTinyModel = kTinyModels[0];

inline std::string tiny_model_folder(const std::string& name = kTinyModel) {
  return fixture("models/" + name);
}

inline std::shared_ptr<const sharpeye::CaptionModel> load_tiny(const std::string& name = kTinyModel) {
  return sharpeye::CaptionModel::load(tiny_model_folder(name));
}

inline sharpeye::Image tiny_image(const std::string& name = kTinyModel) {
  return sharpeye::read_image(fixture("models/" + name + "/image.png"), sharpeye::StbImageDecoder{});
}

/// The model's own settings, but for one beam.
inline sharpeye::GenerationConfig greedy(const sharpeye::CaptionModel& model) {
  sharpeye::GenerationConfig config = model.generation();
  config.num_beams = 1;
  return config;
}

}  // namespace test
