#pragma once

/// @file
/// Bodies of moved_names.hpp.

#include "sharpeye/formats/moved_names.hpp"

#include <algorithm>

#include "sharpeye/core/error.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

inline bool is_dotted_end(const std::string& name, const std::string& end) {
  return name.size() > end.size() && name[name.size() - end.size() - 1] == '.' &&
         name.compare(name.size() - end.size(), end.size(), end) == 0;
}

}  // namespace detail

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
