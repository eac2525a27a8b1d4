#pragma once

/// @file
/// Whether a picture changed: a cheap gate before the work on a stream's frames.

#include <vector>

#include "sharpeye/core/image.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Lets a frame pass when it differs from the last one that passed.
///
/// A frame is reduced to the mean colours of 8 x 8 cells, of which every fourth row is read. It differs when a channel
/// of one cell does by more than the threshold: a thing that moves shows in its cells, while a sensor's noise is lost
/// in the mean.
class ChangeGate {
 public:
  /// Of the range of a channel. On painted scenes of 256 pixels and of 640 x 480, noise of 20 levels, JPEG of quality
  /// 50 and light of 5 % more stay below it (at most 0.037, 0.029 and 0.047); a thing that moved by a quarter of its
  /// width (0.070 at least) and another scene (0.33) lie above it, one that moved by a tenth does in 90 % of scenes. A
  /// frame of 64 pixels has cells of one JPEG block: there 8 % of quality 50 pass. Light of 10 % more is a change.
  /// (tests/reference/measure_change_gate.py)
  static constexpr double kDefaultThreshold = 0.06;

  /// @param threshold 0 to 1 @throws Error kInvalidArgument for another one
  explicit ChangeGate(double threshold = kDefaultThreshold);

  /// The difference to the last frame that passed, 0 to 1; 1 for the first frame. @throws Error as check()
  double difference(const ImageView& frame);
  /// Whether the difference is above the threshold; the frame is then what later ones are compared with.
  /// @throws Error as check()
  bool passes(const ImageView& frame);

 private:
  double threshold_;
  std::vector<float> reference_, cells_;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/vision/change_gate.inl"
#endif
