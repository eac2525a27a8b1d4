#pragma once

/// @file
/// Bodies of words.hpp.

#include "sharpeye/core/words.hpp"

#include <algorithm>
#include <charconv>

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY std::string in_quotes(std::string_view text) {
  constexpr std::size_t kLimit = 120;
  std::string result = "\"" + std::string(text.substr(0, kLimit)) + (text.size() > kLimit ? "...\"" : "\"");
  for (char& c : result) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return result;
}

SHARPEYE_BODY std::size_t edit_distance(std::string_view a, std::string_view b) {
  // Rows of the table of distances between beginnings of a and of b: the last but one, the last, this one.
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(above);
    above.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

SHARPEYE_BODY std::string nearest_name(std::string_view name, const std::vector<std::string>& known) {
  constexpr std::size_t kLongest = 256;  // the table grows with the square
  std::string nearest;
  if (name.size() > kLongest) return nearest;
  std::size_t least = name.size() / 3 + 2;  // one more than may differ
  for (const std::string& candidate : known) {
    const std::size_t longer = std::max(name.size(), candidate.size());
    const std::size_t shorter = std::min(name.size(), candidate.size());
    if (longer - shorter >= least) continue;
    const std::size_t distance = edit_distance(name, candidate);
    if (distance >= least || distance >= longer) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

SHARPEYE_BODY std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
  const std::string nearest = nearest_name(name, known);
  return nearest.empty() ? nearest : ", did you mean " + in_quotes(nearest) + "?";
}

SHARPEYE_BODY std::string fixed(double value, int digits) {
  char text[400];  // the largest double has 309 digits before the point
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, std::min(digits, 80)).ptr;
  return std::string(text, end);
}

SHARPEYE_NAMESPACE_END
