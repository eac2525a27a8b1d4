#pragma once

/// @file
/// Bodies of check_tile_markers.hpp.

#include "sharpeye/pipeline/check_tile_markers.hpp"

#include "sharpeye/core/folder.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/pipeline/preprocessor_config.hpp"
#include "sharpeye/text/tokenizer.hpp"

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY void check_tile_markers(const std::string& folder, const MmSerConfig& config,
                                      const PreprocessorConfig& preprocessor, const Tokenizer& tokenizer) {
  const bool has_tiles = preprocessor.processor.tiling.has_value();
  require(has_tiles == config.tile_markers, ErrorCode::kConfig, folder,
          "/preprocessor_config.json: image_processor_type: expected ",
          config.tile_markers ? "\"Idefics3ImageProcessor\", which splits images into tiles,"
                              : "one that does not split images into tiles",
          " for this config.json, actual ", has_tiles ? "one that does" : "another");
  if (!config.tile_markers) return;
  for (const char* spelling : {"<fake_token_around_image>", "<global-img>"}) {
    const auto id = tokenizer.token_to_id(spelling);
    require(id.has_value(), ErrorCode::kConfig, folder, "/tokenizer.json: expected a token ", spelling,
            ", which stands beside an image, actual none");
  }
  if (config.image_token_id) {
    const auto image = tokenizer.token_to_id("<image>");
    require(image && *image == *config.image_token_id, ErrorCode::kConfig, folder,
            "/tokenizer.json: expected <image> as token ", *config.image_token_id,
            " (config.json: image_token_id), actual ", image ? std::to_string(*image) : "none");
  }
  const std::string path = folder + "/processor_config.json";
  if (!file_exists(path)) return;
  const Index side = config.vision_config.grid_size() / config.connector.pixel_shuffle;
  JsonReader(read_json_file(path, kConfigFileLimit), path)
      .integer("image_seq_len", side * side, side * side, side * side);
}

SHARPEYE_NAMESPACE_END
