#pragma once

/// @file
/// Bodies of feature_cache.hpp.

#include "sharpeye/training/feature_cache.hpp"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <map>

#include "sharpeye/io/safetensors.hpp"
#include "sharpeye/io/safetensors_writer.hpp"
#include "sharpeye/models/mm_ser.hpp"
#include "sharpeye/models/model_weights.hpp"
#include "sharpeye/ops/inference.hpp"
#include "sharpeye/pipeline/preprocessor_config.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

namespace detail {

/// 64 bits (FNV-1a over words) that change with the tower's weights, the layers, the image processing or the images.
class FeatureChecksum {
 public:
  void add(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < size; i += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes + i, std::min<std::size_t>(8, size - i));
      state_ = (state_ ^ word) * 0x100000001b3u;
      state_ ^= state_ >> 32;
    }
  }
  void add(const std::string& text) {
    add(text.data(), text.size());
    add("", 1);
  }
  /// 16 hexadecimal digits.
  std::string text() const {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(state_));
    return digits;
  }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325u;
};

inline std::string feature_checksum(const CaptionModel& model, const std::string& model_folder,
                                    const std::vector<CaptionedImage>& images) {
  FeatureChecksum sum;
  const auto weights = open_model_weights(model_folder);
  for (const std::string& name : weights->names()) {
    if (name.compare(0, 13, "vision_tower.") != 0) continue;
    const StoredTensor tensor = weights->read(name);
    sum.add(name);
    sum.add(tensor.data, static_cast<std::size_t>(tensor.bytes()));
  }
  for (const Index layer : model.config().used_vision_layers()) sum.add(std::to_string(layer));
  const ImageProcessorConfig& processor = model.preprocessor().processor;
  sum.add(concat(processor.image_size, ' ', static_cast<int>(processor.aspect), ' ', processor.rescale_factor));
  sum.add(processor.mean.data(), sizeof processor.mean);
  sum.add(processor.std.data(), sizeof processor.std);
  if (!processor.apply_exif) sum.add("as stored");
  for (const CaptionedImage& image : images) {
    std::error_code ignored;
    sum.add(image.path);
    sum.add(std::to_string(std::filesystem::file_size(image.path, ignored)));
  }
  return sum.text();
}

inline StoredTensor features_of(const CaptionModel& model, const std::string& path, const Image& image,
                                const std::vector<Index>& shape) {
  ThreadPool alone(1);
  Arena arena;
  Inference<float> ops(alone, arena);
  const auto states = model.network().tower()(ops, ImageProcessor(model.preprocessor().processor)(image),
                                              model.config().used_vision_layers());
  std::vector<float16> elements;
  std::vector<float> row(static_cast<std::size_t>(shape[1] * shape[2]));
  for (const auto& state : states) {
    ops.copy_out(state, row.data(), shape[2]);
    for (const float value : row) elements.push_back(float16(value));
  }
  return make_tensor(path, shape, std::move(elements));
}

inline void write_features(const CaptionModel& model, const std::vector<CaptionedImage>& images,
                           const std::string& path, const std::function<Image(const std::string&)>& load,
                           ThreadPool& pool, const std::function<void(Index, Index)>& progress) {
  const VisionConfig& vision = model.config().vision_config;
  const std::vector<Index> shape{static_cast<Index>(model.config().used_vision_layers().size()),
                                 vision.num_prefix_tokens() + vision.num_patches(), vision.hidden_size()};
  std::vector<TensorDeclaration> tensors;
  std::map<std::string, Index> index_of;
  for (const CaptionedImage& image : images) {
    index_of[image.path] = static_cast<Index>(tensors.size());
    tensors.push_back({image.path, DType::kF16, shape});
  }
  // The writer asks in the order of the names; a block of images is computed ahead, one image a thread.
  std::vector<std::string> order;
  for (const auto& entry : index_of) order.push_back(entry.first);
  std::map<std::string, StoredTensor> block;
  std::size_t next = 0;
  write_safetensors(path, tensors, [&](const TensorDeclaration& wanted) {
    if (block.count(wanted.name) == 0) {
      block.clear();
      const std::size_t count = std::min<std::size_t>(64, order.size() - next);
      std::vector<StoredTensor> computed(count);
      std::vector<std::exception_ptr> errors(count);
      pool.parallel_for(static_cast<Index>(count), [&](Index i) {
        const auto at = static_cast<std::size_t>(i);
        try {
          computed[at] = features_of(model, order[next + at], load(order[next + at]), shape);
        } catch (...) {
          errors[at] = std::current_exception();
        }
      });
      for (const auto& error : errors) {
        if (error) std::rethrow_exception(error);
      }
      for (StoredTensor& tensor : computed) block.emplace(tensor.name, std::move(tensor));
      next += count;
      if (progress) progress(static_cast<Index>(next), static_cast<Index>(order.size()));
    }
    return block.at(wanted.name);
  });
}

}  // namespace detail

SHARPEYE_BODY FeatureCache::FeatureCache(const CaptionModel& model, const std::string& model_folder,
                                         const std::vector<CaptionedImage>& images, const std::string& folder,
                                         const std::function<Image(const std::string&)>& load, ThreadPool& pool,
                                         const std::function<void(Index, Index)>& progress)
    : layers_(model.config().used_vision_layers()) {
  const std::string path =
      folder + "/features-" + detail::feature_checksum(model, model_folder, images) + ".safetensors";
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    std::filesystem::create_directories(folder);
    detail::write_features(model, images, path, load, pool, progress);
  }
  file_ = std::make_shared<const SafetensorsFile>(path, LoadMode::kMap);
  for (const CaptionedImage& image : images) tensors_.push_back(file_->read(image.path));
}

SHARPEYE_BODY std::vector<Matrix<float>> FeatureCache::states(Index index, const std::vector<Index>& layers) const {
  const StoredTensor& tensor = tensors_[static_cast<std::size_t>(index)];
  const Index rows = tensor.shape[1], columns = tensor.shape[2];
  std::vector<Matrix<float>> result;
  for (const Index layer : layers) {
    const Index place = std::lower_bound(layers_.begin(), layers_.end(), layer) - layers_.begin();
    StoredTensor level = tensor;
    level.shape = {rows, columns};
    level.data += place * rows * columns * size_of(tensor.dtype);
    level.copy_to(result.emplace_back(rows, columns).data());
  }
  return result;
}

}  // namespace training
SHARPEYE_NAMESPACE_END
