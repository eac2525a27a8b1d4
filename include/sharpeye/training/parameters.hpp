#pragma once

/// @file
/// The weights of a model under training: values, which of them train, and their places in a flat gradient.

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/formats/weight_loader.hpp"
#include "sharpeye/training/matmul.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// One weight tensor. Layers see it as a matrix [rows, columns], rows being its first extent.
template <class S>
struct Parameter final : WeightCompanion {
  std::string name;
  std::vector<Index> shape;
  Index rows = 1, columns = 1;
  std::vector<S> values;
  Index offset = -1;  ///< of its gradient in the flat gradient; -1 while frozen
  /// The weight as the right factor of y = x W^T and of dx = dy W, packed for the kernels (see Parameters::pack).
  PackedFactor<S> for_output, for_input;

  /// The parameter that a weight was handed out with; null for weights of another loader.
  static std::shared_ptr<const Parameter> of(const WeightTensor& tensor) {
    return std::dynamic_pointer_cast<const Parameter>(tensor.companion);
  }

  Index size() const { return static_cast<Index>(values.size()); }
  bool is_trained() const { return offset >= 0; }

  void pack() {
    if (shape.size() < 2) return;  // vectors
    for_output.pack({values.data(), columns, true}, rows, columns);
    for_input.pack({values.data(), columns, false}, columns, rows);
  }
};

/// Values in the order of the trained parameters' offsets: a gradient, or an optimiser's moments.
template <class S>
using FlatValues = std::vector<S>;

/// All parameters of a model. It is the model's loader: constructing `MmSer<Autodiff<S>>` from loader() binds each
/// layer to its parameter by name. Layers keep pointers into this object, so it must outlive them, and does not move.
template <class S>
class Parameters {
 public:
  /// @param source the initial values.
  explicit Parameters(std::shared_ptr<const TensorSource> source) : loader_(*this, std::move(source)) {}
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;

  /// For the model's constructor. A tensor that is asked for twice is one parameter.
  WeightLoader& loader() { return loader_; }

  /// In the order in which the model asked for them.
  const std::vector<std::shared_ptr<Parameter<S>>>& all() const { return parameters_; }

  /// @throws Error kMissingTensor
  Parameter<S>& find(const std::string& name) {
    const auto found = std::find_if(parameters_.begin(), parameters_.end(),
                                    [&](const auto& parameter) { return parameter->name == name; });
    require(found != parameters_.end(), ErrorCode::kMissingTensor, name, ": expected a parameter, actual none");
    return **found;
  }

  /// Trains exactly the parameters whose name begins with one of `prefixes` (a dotted path, "" for all).
  /// @throws Error kInvalidArgument for a prefix that no parameter has.
  void train(const std::vector<std::string>& prefixes) {
    num_trained_ = 0;
    for (const std::string& prefix : prefixes) {
      require(std::any_of(parameters_.begin(), parameters_.end(),
                          [&](const auto& parameter) { return has_prefix(parameter->name, prefix); }),
              ErrorCode::kInvalidArgument, "trained parameters: expected names below ", prefix, ", actual none");
    }
    for (const auto& parameter : parameters_) {
      const bool trained = std::any_of(prefixes.begin(), prefixes.end(),
                                       [&](const auto& prefix) { return has_prefix(parameter->name, prefix); });
      parameter->offset = trained ? num_trained_ : -1;
      if (trained) num_trained_ += parameter->size();
    }
  }

  /// Number of trained values: the length of FlatValues.
  Index num_trained() const { return num_trained_; }

  /// Brings the packed forms up to date with the values: all of them, or those that train.
  void pack(ThreadPool& pool, bool only_trained) {
    pool.parallel_for(static_cast<Index>(parameters_.size()), [&](Index i) {
      Parameter<S>& parameter = *parameters_[static_cast<std::size_t>(i)];
      if (!only_trained || parameter.is_trained()) parameter.pack();
    });
  }

 private:
  static bool has_prefix(const std::string& name, const std::string& prefix) {
    return prefix.empty() || (name.compare(0, prefix.size(), prefix) == 0 &&
                              (name.size() == prefix.size() || name[prefix.size()] == '.'));
  }

  // Hands out weights together with their parameters.
  class Loader final : public WeightLoader {
   public:
    Loader(Parameters& parameters, std::shared_ptr<const TensorSource> source)
        : WeightLoader(std::move(source)), parameters_(parameters) {}

    WeightTensor get(const std::string& name, const std::vector<Index>& shape) override {
      auto& all = parameters_.parameters_;
      auto found = std::find_if(all.begin(), all.end(), [&](const auto& parameter) { return parameter->name == name; });
      if (found == all.end()) {
        const WeightTensor stored = WeightLoader::get(name, shape);
        auto parameter = std::make_shared<Parameter<S>>();
        parameter->name = name;
        parameter->shape = shape;
        parameter->rows = shape.empty() ? 1 : shape[0];
        parameter->columns = parameter->rows == 0 ? 0 : stored.size() / parameter->rows;
        parameter->values.resize(static_cast<std::size_t>(stored.size()));
        stored.copy_to(parameter->values.data());
        found = all.insert(all.end(), std::move(parameter));
      }
      WeightTensor weight(StoredTensor{name, dtype_of<S>(), shape,
                                       reinterpret_cast<const std::byte*>((*found)->values.data()), *found});
      weight.companion = *found;
      return weight;
    }

   private:
    Parameters& parameters_;
  };

  std::vector<std::shared_ptr<Parameter<S>>> parameters_;
  Index num_trained_ = 0;
  Loader loader_;
};

#if defined(SHARPEYE_COMPILED)
extern template class Parameters<float>;
#endif

}  // namespace training
SHARPEYE_NAMESPACE_END
