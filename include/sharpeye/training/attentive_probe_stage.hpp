#pragma once

/// @file
/// How much of the things in an image the layers of a frozen vision tower tell one who may attend: a bound of what any
/// caption that is written from them can have right.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sharpeye/core/image.hpp"
#include "sharpeye/training/trainer.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// A thing in an image.
struct ProbedThing {
  std::int32_t subject;               ///< by what it is asked for, such as its colour
  std::vector<std::int32_t> answers;  ///< of each kind; negative where there is none
};

/// An image and the things in it that are asked for.
struct ProbedImage {
  std::string path;
  std::vector<ProbedThing> things;
};

/// A run.
struct AttentiveProbeOptions {
  std::string model;  ///< a model directory, for its tower and image processing
  std::string cache;  ///< the folder of the features' files; the output folder when empty
  std::vector<ProbedImage> images, test_images;
  Index num_subjects = 0;
  std::vector<Index> num_answers;  ///< of each kind of answer
  std::vector<Index> layers;       ///< hidden states, of those that the model's glances read
  TrainerOptions trainer;
  Index hidden_size = 128, num_hidden_layers = 2, num_attention_heads = 4;
  std::uint64_t seed = 0;
  int threads = 1;
  /// Reads and decodes an image; called in parallel.
  std::function<Image(const std::string& path)> load_image;
};

/// What came of it.
struct ProbeAnswers {
  bool is_complete = false;  ///< false: is_cancelled ended the run; it can go on, and nothing else is set
  /// The likeliest answer of each kind for each thing of each test image.
  std::vector<std::vector<std::vector<std::int32_t>>> answers;
};

/// Trains an AttentiveProbe on features of the frozen tower, by the cross-entropy of all answers, with Trainer's files
/// in the output folder and the weights in probe.safetensors there; then asks it about the test images.
/// @throws Error kInvalidArgument for layers that the model does not read, or numbers that are out of range
ProbeAnswers probe_attentively(const AttentiveProbeOptions& options, const TrainingEvents& events = {});

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/attentive_probe_stage.inl"
#endif
