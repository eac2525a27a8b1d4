#pragma once

/// @file
/// Fewer tokens for the same image: those that are alike become one.

#include <cstdint>
#include <utility>
#include <vector>

#include "sharpeye/core/tensor.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Which of some tokens become one, and where it stands.
struct MergedTokens {
  std::vector<std::vector<std::int32_t>> groups;  ///< each token is in one of them; in the order of `places`
  std::vector<std::int32_t> places;  ///< of each group the member nearest to its mean, of equals the first; ascending
};

/// Which tokens may become one before others do.
using NeighbouringTokens = std::vector<std::pair<std::int32_t, std::int32_t>>;

/// The neighbours in `levels` grids of side * side tokens, row after row and level after level: those beside and below
/// each other, and those of one place in two levels that follow each other.
NeighbouringTokens grid_neighbours(Index side, Index levels);

/// Each token is every other one's neighbour: for tokens without a place.
NeighbouringTokens all_neighbours(Index count);

/// Merges neighbouring groups until `count` are left, each time the two whose mean loses least (Ward's method, 1963):
/// with n and m members and the means a and b that is n m / (n + m) |a - b|^2. Groups are neighbours where two of their
/// members are. Flat parts of an image soon are a few tokens; where much happens each patch stays by itself.
/// @param tokens [n, width] @param count at least 1; with n or more each token stays by itself
MergedTokens merge_alike(const Matrix<float>& tokens, const NeighbouringTokens& neighbours, Index count);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/models/alike_tokens.inl"
#endif
