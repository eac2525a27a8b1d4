#pragma once

/// @file
/// Bodies of reconstruction_stage.hpp.

#include "sharpeye/training/reconstruction_stage.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <memory>
#include <utility>

#include "sharpeye/formats/declaring_loader.hpp"
#include "sharpeye/io/safetensors_writer.hpp"
#include "sharpeye/models/initialize.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/ops/counting.hpp"
#include "sharpeye/ops/inference.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/pipeline/preprocessor_config.hpp"
#include "sharpeye/training/gradient_shards.hpp"
#include "sharpeye/training/pixel_decoder.hpp"
#include "sharpeye/training/shuffled_order.hpp"
#include "sharpeye/training/stage.hpp"
#include "sharpeye/vision/image_processor.hpp"
#include "sharpeye/vision/patches.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

namespace detail {

/// An image as the tower sees it: its square, the features of the chosen layers, and the square's patches as targets,
/// in levels from -0.5 to 0.5.
struct SeenImage {
  Image square;
  std::vector<Matrix<float>> features;
  Matrix<float> target;
};

/// The square's size and its patches.
struct PatchGrid {
  Index image_size, grid;
  Index patch_size() const { return image_size / grid; }
};

inline std::vector<SeenImage> see_images(const ReconstructionOptions& options, const CaptionModel& model,
                                         const std::vector<std::string>& paths, ThreadPool& pool, const char* what,
                                         const TrainingEvents& events) {
  const VisionConfig& vision = model.config().vision_config;
  const Index patches = vision.grid_size() * vision.grid_size(), size = vision.image_size();
  const ImageProcessor processor(model.preprocessor().processor);
  std::vector<SeenImage> seen(paths.size());
  constexpr Index kBlock = 64;
  const auto total = static_cast<Index>(paths.size());
  for (Index begin = 0; begin < total; begin += kBlock) {
    if (events.on_progress) events.on_progress(what, begin, total);
    require_not_cancelled(events, "reconstruct: cancelled");
    const Index count = std::min(kBlock, total - begin);
    std::vector<std::exception_ptr> errors(static_cast<std::size_t>(count));
    pool.parallel_for(count, [&](Index i) {
      try {
        SeenImage& one = seen[static_cast<std::size_t>(begin + i)];
        ThreadPool alone(1);
        Arena arena;
        Inference<float> ops(alone, arena);
        one.square = processor.resize(options.load_image(paths[static_cast<std::size_t>(begin + i)]));
        for (const auto& state : model.network().tower()(ops, processor.normalize(one.square), options.layers)) {
          Matrix<float>& features = one.features.emplace_back(patches, state.columns());
          ops.copy_out(ops.slice_rows(state, state.rows() - patches, patches), features.data(), features.cols());
        }
        std::vector<float> levels(static_cast<std::size_t>(3 * size * size));
        for (std::size_t c = 0, pixel = 0; c < 3; ++c) {
          for (std::size_t at = c; at < one.square.pixels().size(); at += 3) {
            levels[pixel++] = static_cast<float>(one.square.pixels()[at]) / 255 - 0.5f;
          }
        }
        one.target = extract_patches(levels, size, size / vision.grid_size());
      } catch (...) {
        errors[static_cast<std::size_t>(i)] = std::current_exception();
      }
    });
    for (const auto& error : errors) {
      if (error) std::rethrow_exception(error);
    }
  }
  if (events.on_progress) events.on_progress(what, total, total);
  return seen;
}

/// The picture of patches in levels from -0.5 to 0.5.
inline Image picture_of(const Matrix<float>& patches, const PatchGrid& grid) {
  Image picture(grid.image_size, grid.image_size);
  const Index p = grid.patch_size();
  for (Index patch = 0; patch < patches.rows(); ++patch) {
    const float* value = patches.row(patch).data();
    for (Index channel = 0; channel < 3; ++channel) {
      for (Index y = 0; y < p; ++y) {
        std::uint8_t* row = picture.row(patch / grid.grid * p + y) + 3 * (patch % grid.grid * p) + channel;
        for (Index x = 0; x < p; ++x) {
          row[3 * x] = static_cast<std::uint8_t>(std::lround(255 * std::clamp(*value++ + 0.5f, 0.0f, 1.0f)));
        }
      }
    }
  }
  return picture;
}

inline double mean_squared_error(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.pixels().size(); ++i) {
    const double difference = (a.pixels()[i] - b.pixels()[i]) / 255.0;
    sum += difference * difference;
  }
  return sum / static_cast<double>(a.pixels().size());
}

/// The square in its mean colour.
inline Image mean_colour(const Image& square) {
  Image flat(square.width(), square.height());
  for (std::size_t c = 0; c < 3; ++c) {
    double sum = 0;
    for (std::size_t i = c; i < square.pixels().size(); i += 3) sum += square.pixels()[i];
    const std::size_t count = square.pixels().size() / 3;
    const auto mean = static_cast<std::uint8_t>(std::lround(sum / static_cast<double>(count)));
    for (Index i = static_cast<Index>(c); i < 3 * flat.width() * flat.height(); i += 3) flat.row(0)[i] = mean;
  }
  return flat;
}

}  // namespace detail

SHARPEYE_BODY Reconstruction reconstruct(const ReconstructionOptions& options, const TrainingEvents& events) {
  require(!options.images.empty() && !options.test_images.empty(), ErrorCode::kInvalidArgument,
          "reconstruct: expected images to learn from and to test with, actual ", options.images.size(), " and ",
          options.test_images.size());
  require(options.num_attention_heads > 0 && options.hidden_size % options.num_attention_heads == 0,
          ErrorCode::kInvalidArgument, "hidden_size: expected a multiple of ", options.num_attention_heads,
          " (heads), actual ", options.hidden_size);
  const auto model = CaptionModel::load(options.model);
  const VisionConfig& vision = model->config().vision_config;
  const Index blocks = model->config().num_vision_blocks();
  require(!options.layers.empty(), ErrorCode::kInvalidArgument, "layers: expected one or more");
  for (const Index layer : options.layers) {
    require(layer >= 0 && layer <= blocks, ErrorCode::kInvalidArgument, "layers: expected 0 to ", blocks, ", actual ",
            layer);
  }
  const detail::PatchGrid grid{vision.image_size(), vision.grid_size()};
  require(grid.image_size % grid.grid == 0, ErrorCode::kUnsupported, options.model,
          ": expected patches that fill the image, actual ", grid.grid, " in ", grid.image_size, " pixels");
  std::string layers;
  for (const Index layer : options.layers) layers += concat(layers.empty() ? "" : ",", layer);
  Trainer trainer(options.trainer, {{"stage", "reconstruct"},
                                    {"layers", layers},
                                    {"hidden_size", concat(options.hidden_size)},
                                    {"num_hidden_layers", concat(options.num_hidden_layers)},
                                    {"images", concat(options.images.size())},
                                    {"seed", concat(options.seed)}});
  ThreadPool pool(options.threads);
  const auto seen = detail::see_images(options, *model, options.images, pool, "features", events);

  const FeatureDecoderConfig config{static_cast<Index>(options.layers.size()),
                                    vision.hidden_size(),
                                    grid.grid * grid.grid,
                                    options.hidden_size,
                                    options.num_hidden_layers,
                                    options.num_attention_heads};
  const Index patch_values = 3 * grid.patch_size() * grid.patch_size();
  DeclaringLoader declaring;
  const PixelDecoder<Counting> declaration(config, patch_values, declaring);
  Parameters<float> parameters(initial_source(declaring.declared(), options.seed));
  const PixelDecoder<Autodiff<float>> decoder(config, patch_values, parameters.loader());
  parameters.train({""});
  GradientShards<float> shards(parameters.num_trained());

  const auto paint = [&](Autodiff<float>& ops, const detail::SeenImage& image) {
    std::vector<Autodiff<float>::Tensor> features;
    for (const Matrix<float>& one : image.features) features.push_back(ops.constant(one));
    return decoder(ops, features);
  };
  const Index batch = options.trainer.optimization.batch_size;
  ShuffledOrder order(seen.size(), options.seed);
  const auto batch_loss = [&](Index step) {
    std::vector<std::size_t> chosen;
    for (Index i = 0; i < batch; ++i) chosen.push_back(order.at(static_cast<std::uint64_t>(step * batch + i)));
    return shards.run(pool, batch, [&](Index i, Autodiff<float>& ops) {
      const detail::SeenImage& image = seen[chosen[static_cast<std::size_t>(i)]];
      const auto painted = paint(ops, image);
      Matrix<float> difference(painted.rows(), painted.columns());
      ops.copy_out(painted, difference.data(), difference.cols());
      difference -= image.target;
      const auto count = static_cast<float>(batch * difference.size());
      const double loss = difference.cast<double>().squaredNorm() / static_cast<double>(count);
      difference *= 2 / count;
      ops.seed(painted, difference.data());
      return loss;
    });
  };
  const auto save = [&](Index) {
    MemorySource weights;
    for (const auto& parameter : parameters.all()) weights.add(parameter->name, parameter->shape, parameter->values);
    write_safetensors(options.trainer.output + "/decoder.safetensors", weights, {{"layers", layers}});
  };
  Reconstruction result;
  if (!trainer.run(parameters, shards, pool, batch_loss, save, events)) return result;

  const auto tested = detail::see_images(options, *model, options.test_images, pool, "test features", events);
  Autodiff<float> ops(nullptr);
  for (const detail::SeenImage& image : tested) {
    const auto painted = paint(ops, image);
    Matrix<float> patches(painted.rows(), painted.columns());
    ops.copy_out(painted, patches.data(), patches.cols());
    ops.clear();
    const Image picture = detail::picture_of(patches, grid);
    const double error = detail::mean_squared_error(picture, image.square);
    const double share = 1 / static_cast<double>(tested.size());
    result.mean_squared_error += share * error;
    result.psnr += share * 10 * std::log10(1 / std::max(error, 1e-10));
    result.mean_image_error += share * detail::mean_squared_error(detail::mean_colour(image.square), image.square);
    if (static_cast<Index>(result.pictures.size()) < options.num_pictures) {
      result.originals.push_back(image.square);
      result.pictures.push_back(picture);
    }
  }
  result.is_complete = true;
  return result;
}

}  // namespace training
SHARPEYE_NAMESPACE_END
