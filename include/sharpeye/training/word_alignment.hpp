#pragma once

/// @file
/// Which word of one caption stands for which of another.

#include <algorithm>
#include <cstddef>
#include <vector>

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// A cheapest way to make one sequence of another by substitution, deletion and insertion, each at cost 1.
struct WordAlignment {
  static constexpr Index kMissing = -1;
  std::vector<Index> partner;  ///< of each element of the reference: the position in the other sequence, or kMissing
  Index edits = 0;             ///< the Levenshtein distance
};

/// Aligns `other` with `reference`. Of alignments of equal cost the one that, from the end, pairs elements where it
/// can, and else leaves out one of the reference before one of the other sequence. Time and memory are the product of
/// the lengths.
template <class Element>
WordAlignment align_words(const std::vector<Element>& reference, const std::vector<Element>& other) {
  const std::size_t rows = reference.size(), columns = other.size();
  std::vector<Index> table((rows + 1) * (columns + 1));
  const auto cost = [&](std::size_t i, std::size_t j) -> Index& { return table[i * (columns + 1) + j]; };
  const auto paired = [&](std::size_t i, std::size_t j) {
    return cost(i - 1, j - 1) + (reference[i - 1] == other[j - 1] ? 0 : 1);
  };
  for (std::size_t i = 0; i <= rows; ++i) {
    for (std::size_t j = 0; j <= columns; ++j) {
      if (i == 0 || j == 0) {
        cost(i, j) = static_cast<Index>(i + j);
      } else {
        cost(i, j) = std::min({paired(i, j), cost(i - 1, j) + 1, cost(i, j - 1) + 1});
      }
    }
  }
  WordAlignment alignment;
  alignment.edits = cost(rows, columns);
  alignment.partner.assign(rows, WordAlignment::kMissing);
  for (std::size_t i = rows, j = columns; i > 0;) {
    if (j > 0 && cost(i, j) == paired(i, j)) {
      alignment.partner[--i] = static_cast<Index>(--j);
    } else if (j == 0 || cost(i, j) == cost(i - 1, j) + 1) {
      --i;
    } else {
      --j;
    }
  }
  return alignment;
}

}  // namespace training
SHARPEYE_NAMESPACE_END
