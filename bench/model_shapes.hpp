#pragma once

/// @file
/// The matrix products of the paper's model, one image: activations [m, k] times weights [n, k] transposed.

namespace bench {

struct Shape {
  const char* where;
  long m, n, k;
};

inline constexpr Shape kVisionShapes[] = {{"vit.patches", 576, 1024, 588},
                                          {"vit.qkvo", 577, 1024, 1024},
                                          {"vit.fc1", 577, 4096, 1024},
                                          {"vit.fc2", 577, 1024, 4096}};
inline constexpr Shape kOtherShapes[] = {{"connector.in", 576, 3072, 1024}, {"connector.mid", 576, 3072, 3072},
                                         {"ser.visual", 576, 1024, 3072},   {"opt.qkvo", 600, 768, 768},
                                         {"opt.fc1", 600, 3072, 768},       {"opt.fc2", 600, 768, 3072}};
inline constexpr Shape kDecodeShapes[] = {
    {"opt.qkvo", 1, 768, 768}, {"opt.fc1", 1, 3072, 768}, {"opt.fc2", 1, 768, 3072}, {"opt.head", 1, 50272, 768},
    {"opt.qkvo", 3, 768, 768}, {"opt.fc1", 3, 3072, 768}, {"opt.fc2", 3, 768, 3072}, {"opt.head", 3, 50272, 768}};
/// After the ReLU of a token, of three beams, of a draft.
inline constexpr Shape kDownShapes[] = {
    {"opt.fc2", 1, 768, 3072}, {"opt.fc2", 3, 768, 3072}, {"opt.fc2", 6, 768, 3072}};

}  // namespace bench
