#pragma once

/// @file
/// Bodies of packed_matrix.hpp.

#include "sharpeye/formats/packed_matrix.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "sharpeye/formats/codecs.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

inline WeightTensor::Floats fill_panels(std::vector<float> values) {
  values.resize(static_cast<std::size_t>(simd::round_up(static_cast<Index>(values.size()), simd::kNR)));
  return std::make_shared<const std::vector<float>>(std::move(values));
}

}  // namespace detail

SHARPEYE_BODY PackedMatrix::PackedMatrix(const WeightTensor& tensor) {
  std::tie(weights.n, weights.k) = matrix_extents(tensor.shape);
  weights.format = tensor.codec->kernel_format();
  // (Where the panels hold the scales themselves, those beside the rows have gone into them.)
  if (tensor.codec->panels_layout(tensor.name, tensor.shape).scales) scales = detail::fill_panels(*tensor.scales);
  if (tensor.in_panels) {
    weights.data = tensor.data;
    owner = tensor.owner;
    if (tensor.sums) sums = detail::fill_panels(*tensor.sums);
  } else {
    const auto bytes = static_cast<std::size_t>(weights.bytes());
    const std::shared_ptr<void> memory = tensor.pages ? tensor.pages->allocate(bytes) : allocate_pages(bytes);
    std::vector<float> values(tensor.codec->has_scales() ? static_cast<std::size_t>(weights.n) : 0);
    constexpr Index kJob = 16;  // panels
    const auto pack = [&](Index job) {
      const Index first = job * kJob * simd::kNR, count = std::min(kJob * simd::kNR, weights.n - first);
      tensor.codec->pack(tensor, first, count, static_cast<char*>(memory.get()) + job * kJob * weights.panel_bytes(),
                         values.empty() ? nullptr : values.data() + first);
    };
    const Index jobs = simd::ceil_div(weights.panels(), kJob);
    if (tensor.pool != nullptr) {
      tensor.pool->parallel_for(jobs, pack);
    } else {
      for (Index job = 0; job < jobs; ++job) pack(job);
    }
    if (!values.empty()) sums = detail::fill_panels(std::move(values));
    weights.data = memory.get();
    owner = memory;
  }
  weights.scales = scales ? scales->data() : nullptr;
  weights.sums = sums ? sums->data() : nullptr;
}

SHARPEYE_BODY std::vector<StoredTensor> stored_panels(const std::string& name, const PackedMatrix& matrix) {
  const simd::PackedWeights& weights = matrix.weights;
  const WeightLayout layout = codec_of(weights.format).panels_layout(name, {weights.n, weights.k});
  const auto& [elements, scales, sums] = layout;
  std::vector<StoredTensor> tensors{
      {elements.name, elements.dtype, elements.shape, static_cast<const std::byte*>(weights.data), matrix.owner}};
  const auto add = [&](const std::optional<TensorDeclaration>& beside, const float* values) {
    if (!beside) return;
    tensors.push_back(make_tensor(beside->name, beside->shape, std::vector<float>(values, values + weights.n)));
  };
  add(scales, weights.scales);
  add(sums, weights.sums);
  return tensors;
}

SHARPEYE_NAMESPACE_END
