#pragma once

/// @file
/// Two things to do with a part of a text.

#include <cstddef>
#include <string>
#include <string_view>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// `text` with `content` for `pattern`, which is not empty, wherever it occurs, from left to right.
inline std::string replaced(std::string_view text, std::string_view pattern, std::string_view content) {
  std::string result;
  std::size_t begin = 0;
  for (std::size_t at; (at = text.find(pattern, begin)) != text.npos; begin = at + pattern.size()) {
    result.append(text.substr(begin, at - begin)).append(content);
  }
  return result.append(text.substr(begin));
}

inline bool begins_with(std::string_view text, std::string_view beginning) noexcept {
  return text.substr(0, beginning.size()) == beginning;
}

SHARPEYE_NAMESPACE_END
