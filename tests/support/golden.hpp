#pragma once

/// @file
/// Golden files made by tests/reference: reading, and comparing by norm.

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "sharpeye/core/tensor.hpp"
#include "sharpeye/core/tensor_view.hpp"
#include "sharpeye/formats/weight_loader.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/io/safetensors.hpp"
#include "sharpeye/ops/inference.hpp"
#include "support/paths.hpp"

namespace test {

/// A copy of what a callback was shown.
inline sharpeye::Matrix<float> matrix_of(const sharpeye::TensorView& view) {
  return sharpeye::view_matrix(view.data, view.rows, view.columns, view.columns);
}

using sharpeye::Index;

/// One folder below tests/fixtures/models.
class Golden {
 public:
  explicit Golden(const std::string& name, const std::string& file = "golden")
      : folder_(fixture("models/" + name)), source_(path(file + ".safetensors")) {}

  std::string path(const std::string& file) const { return folder_ + "/" + file; }
  const std::string& folder() const { return folder_; }
  sharpeye::JsonReader json(const std::string& file = "config.json") const {
    return sharpeye::JsonReader(sharpeye::read_json_file(path(file), 1 << 20), path(file));
  }
  /// The weights beside the golden file.
  sharpeye::WeightLoader weights() const {
    return sharpeye::WeightLoader(std::make_shared<sharpeye::SafetensorsFile>(path("model.safetensors")));
  }

  bool has(const std::string& name) const { return source_.find(name) != nullptr; }
  std::vector<std::string> names() const { return source_.names(); }
  /// A tensor as a matrix: all but the first extent are columns.
  sharpeye::Matrix<float> matrix(const std::string& name) const {
    const sharpeye::StoredTensor tensor = source_.read(name);
    const Index rows = tensor.shape.size() < 2 ? 1 : tensor.shape[0];
    sharpeye::Matrix<float> values(rows, tensor.size() / rows);
    tensor.copy_to(values.data());
    return values;
  }
  std::vector<float> floats(const std::string& name) const {
    const sharpeye::Matrix<float> values = matrix(name);
    return {values.data(), values.data() + values.size()};
  }
  std::vector<std::int32_t> ids(const std::string& name) const {
    std::vector<std::int32_t> result;
    for (const float value : floats(name)) result.push_back(static_cast<std::int32_t>(value));
    return result;
  }
  std::string text(const std::string& name) const {
    std::string result;
    for (const float value : floats(name)) result.push_back(static_cast<char>(static_cast<unsigned char>(value)));
    return result;
  }

 private:
  std::string folder_;
  sharpeye::SafetensorsFile source_;
};

/// The norm of the difference, relative to the norm of what is expected.
inline double relative_error(const sharpeye::Matrix<float>& actual, const sharpeye::Matrix<float>& expected) {
  if (actual.rows() != expected.rows() || actual.cols() != expected.cols()) return 1e30;
  const double error = (actual - expected).cast<double>().norm() / expected.cast<double>().norm();
  return error == error ? error : 1e30;
}

/// A pool, an arena and the inference policy over them.
struct Session {
  sharpeye::ThreadPool pool{2};
  sharpeye::Arena arena;
  sharpeye::Inference<float> ops{pool, arena};

  sharpeye::Matrix<float> values(const sharpeye::Inference<float>::Tensor& tensor) {
    sharpeye::Matrix<float> result(tensor.rows(), tensor.columns());
    ops.copy_out(tensor, result.data(), result.cols());
    return result;
  }
};

}  // namespace test
