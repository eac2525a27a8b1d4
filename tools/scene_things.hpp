#pragma once

/// @file
/// The things in painted scenes, and what a vision tower computes of them, for probes.

#include <array>
#include <cstddef>
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

/// The things in the scenes of a folder.
struct Things {
  std::map<std::string, Attribute> attributes;  ///< "shape", "colour", "texture", "size", "count", "action", "place"
  std::vector<std::array<double, 4>> boxes;     ///< left, top, width, height in pixels
  std::vector<std::string> images;              ///< the scenes' files
  std::vector<std::size_t> first_of_image;      ///< their things: those from [i] to [i + 1]
  double image_size = 0;                        ///< pixels
};

/// The things in the first `count` scenes of a folder of `sharpeye scenes`. @throws Error when scenes.json is not one
Things read_things(const std::string& folder, Index count);

/// Runs a model's vision tower on scenes.
class SceneViewer {
 public:
  SceneViewer(const std::string& model, int threads);
  ~SceneViewer();

  /// Hidden states of the tower: its layers, and their input.
  Index num_states() const;
  /// Of each hidden state a feature row for each thing: the mean of its patches, [things, hidden_size].
  /// @throws Error when an image cannot be read
  std::vector<Matrix<float>> look(const Things& things);

 private:
  class Tower;
  std::unique_ptr<Tower> tower_;
};

/// The classes of all things in the numbering of `classes`; -1 where those have it not.
std::vector<Index> classes_in(const Attribute& attribute, const std::map<std::string, Index>& classes);

/// The rows of those things that have the attribute, and their classes in the numbering of `classes`.
std::pair<Matrix<float>, std::vector<Index>> examples_of(const Matrix<float>& features, const Attribute& attribute,
                                                         const std::map<std::string, Index>& classes);

}  // namespace tool
