#pragma once

/// @file
/// What a vision tower computes of the things in painted scenes, for linear probes.

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sharpeye/core/tensor.hpp"
#include "sharpeye/core/types.hpp"

namespace tool {

using namespace sharpeye;

/// One attribute of all things: the classes, and which thing has which; -1 where it has none.
struct Attribute {
  std::map<std::string, Index> classes;
  std::vector<Index> of_thing;
};

/// The things of a data set: their attributes, and a feature row each for every hidden state.
struct Things {
  std::map<std::string, Attribute> attributes;
  std::vector<Matrix<float>> features;  ///< [things, hidden_size]
};

/// Runs a model's vision tower on scenes.
class SceneViewer {
 public:
  SceneViewer(const std::string& model, int threads);
  ~SceneViewer();

  /// Hidden states of the tower: its layers, and their input.
  Index num_states() const;
  /// The things in the first `count` scenes of a folder of `sharpeye scenes`.
  /// @throws Error when scenes.json is not one, or an image cannot be read
  Things look(const std::string& folder, Index count);

 private:
  class Tower;
  std::unique_ptr<Tower> tower_;
};

/// The rows of those things that have the attribute, and their classes in the numbering of `classes`.
std::pair<Matrix<float>, std::vector<Index>> examples_of(const Matrix<float>& features, const Attribute& attribute,
                                                         const std::map<std::string, Index>& classes);

}  // namespace tool
