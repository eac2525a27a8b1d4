#include <cmath>
#include <iostream>
#include <vector>

#include "sharpeye/formats/weight_loader.hpp"
#include "sharpeye/io/image_decoders.hpp"
#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/models/vision_towers.hpp"
#include "sharpeye/ops/inference.hpp"
#include "sharpeye/vision/image_processor.hpp"

// The vision tower alone, CLIP's or SigLIP's, of any model directory: how much two images have in common.
using Ops = sharpeye::Inference<float>;

int main(int argc, char** argv) try {
  if (argc != 4) sharpeye::fail(sharpeye::ErrorCode::kInvalidArgument, "usage: clip_features MODEL IMAGE IMAGE");
  const std::string folder = argv[1], path = folder + "/config.json";
  const auto model = sharpeye::MmSerConfig::from_json({sharpeye::read_json_file(path, 1 << 20), path});
  const sharpeye::Index layer = model.num_vision_blocks();  // later ones need not be in the file
  sharpeye::WeightLoader loader(sharpeye::open_model_weights(folder));
  const auto tower = sharpeye::make_vision_tower<Ops>(model.vision_config, loader.root("vision_tower"), layer);

  sharpeye::ImageProcessorConfig square;  // CLIP's means and deviations
  square.image_size = model.vision_config.image_size();
  const sharpeye::ImageProcessor processor(square);
  sharpeye::ThreadPool threads(sharpeye::ThreadPool::default_size());
  sharpeye::Arena arena;
  Ops ops(threads, arena);

  // The mean of the patches' hidden states after that layer [hidden_size].
  const auto features = [&](const char* image) {
    const std::vector<float> pixels = processor(sharpeye::read_image(image, sharpeye::default_decoder()));
    const Ops::Tensor states = (*tower)(ops, pixels, {layer}).front();  // [prefix + patches, hidden_size]
    std::vector<double> mean(static_cast<std::size_t>(states.columns()));
    for (sharpeye::Index row = tower->num_prefix_tokens(); row < states.rows(); ++row) {
      const float* values = states.data() + row * states.stride();
      for (double& sum : mean) sum += *values++;
    }
    return mean;
  };
  const std::vector<double> left = features(argv[2]), right = features(argv[3]);
  double product = 0, left_square = 0, right_square = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    product += left[i] * right[i];
    left_square += left[i] * left[i];
    right_square += right[i] * right[i];
  }
  std::cout << left.size() << " features, cosine " << product / std::sqrt(left_square * right_square) << "\n";
} catch (const sharpeye::Error& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
