#pragma once

/// @file
/// How much of an image the layers of a frozen vision tower keep, measured by a decoder that is trained to paint it
/// again.

#include <functional>
#include <string>
#include <vector>

#include "sharpeye/core/image.hpp"
#include "sharpeye/training/trainer.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// A run.
struct ReconstructionOptions {
  std::string model;                             ///< a model directory, for its tower and image processing
  std::vector<std::string> images, test_images;  ///< files
  std::vector<Index> layers;  ///< hidden states of the tower that the decoder sees, as Hugging Face counts
  TrainerOptions trainer;
  Index hidden_size = 128, num_hidden_layers = 2, num_attention_heads = 4;
  std::uint64_t seed = 0;
  int threads = 1;
  Index num_pictures = 8;  ///< test images to return
  /// Reads and decodes an image; called in parallel.
  std::function<Image(const std::string& path)> load_image;
};

/// What came of it, on the test images as the tower sees them (squares).
struct Reconstruction {
  bool is_complete = false;       ///< false: is_cancelled ended the run; it can go on, and nothing else is set
  double mean_squared_error = 0;  ///< of levels from 0 to 1
  double psnr = 0;                ///< dB: 10 log10(1 / mean squared error) of each image, the mean
  double mean_image_error = 0;    ///< the mean squared error of a picture of each image's mean colour
  std::vector<Image> originals, pictures;
};

/// Trains a PixelDecoder on features of the frozen tower, by the mean squared error of pixels, with Trainer's files in
/// the output folder and the weights in decoder.safetensors there; then measures it. The features of all images are
/// kept in memory. @throws Error kInvalidArgument for layers that the tower's file does not have, or towers whose
/// patches cannot be told from their prefix
Reconstruction reconstruct(const ReconstructionOptions& options, const TrainingEvents& events = {});

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/reconstruction_stage.inl"
#endif
