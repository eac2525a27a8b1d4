#pragma once

/// @file
/// Bodies of similar_names.hpp.

#include <algorithm>
#include <cstdlib>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/words.hpp"
#include "sharpeye/formats/similar_names.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

// A hostile file has names of any length and number; hints are for others.
inline constexpr std::size_t kComparedNames = 5000, kComparedLength = 256;

inline bool is_dotted_end(const std::string& name, const std::string& end) {
  return name.size() > end.size() && name[name.size() - end.size() - 1] == '.' &&
         name.compare(name.size() - end.size(), end.size(), end) == 0;
}

}  // namespace detail

SHARPEYE_BODY std::string find_similar(const std::string& name, const std::vector<std::string>& names) {
  if (name.size() > detail::kComparedLength) return {};
  const std::size_t count = std::min(names.size(), detail::kComparedNames);
  const std::string* nearest = nullptr;
  Index least = static_cast<Index>(name.size()) / 3 + 1;
  for (std::size_t i = 0; i < count; ++i) {
    const auto difference = static_cast<Index>(names[i].size()) - static_cast<Index>(name.size());
    if (std::abs(difference) >= least) continue;
    const auto distance = static_cast<Index>(edit_distance(name, names[i]));
    if (distance >= least) continue;
    least = distance;
    nearest = &names[i];
  }
  return nearest == nullptr ? std::string() : *nearest;
}

SHARPEYE_BODY std::string find_moved(const std::string& name, const std::vector<std::string>& names) {
  const auto is_moved = [&](const std::string& other) {
    const std::string& shorter = other.size() < name.size() ? other : name;
    return shorter.find('.') != std::string::npos &&
           (detail::is_dotted_end(other, name) || detail::is_dotted_end(name, other));
  };
  const auto found = std::find_if(names.begin(), names.end(), is_moved);
  return found == names.end() ? std::string() : *found;
}

SHARPEYE_BODY std::string describe_move(const std::string& name, const std::string& moved) {
  if (moved.size() > name.size()) {
    return concat("names in this file begin with \"", moved.substr(0, moved.size() - name.size()), "\"");
  }
  return concat("names in this file lack \"", name.substr(0, name.size() - moved.size()), "\"");
}

SHARPEYE_NAMESPACE_END
