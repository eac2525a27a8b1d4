#pragma once

/// @file
/// Places in a JSON value, as "/vision_config/mean/0".

#include <functional>
#include <string>

#include "sharpeye/io/json.hpp"

namespace test {

/// Calls `visit(path, value)` for each value that is neither list nor object.
inline void for_each_leaf(const sharpeye::Json& json,
                          const std::function<void(std::string, const sharpeye::Json&)>& visit,
                          const std::string& path = "") {
  if (json.is_object()) {
    for (const auto& [key, value] : json.items()) for_each_leaf(value, visit, path + "/" + key);
  } else if (json.is_list()) {
    for (std::size_t i = 0; i < json.size(); ++i) for_each_leaf(json[i], visit, path + "/" + std::to_string(i));
  } else {
    visit(path, json);
  }
}

/// The value at `path`.
inline sharpeye::Json& at_path(sharpeye::Json& json, const std::string& path) {
  if (path.empty()) return json;
  const std::size_t end = std::min(path.find('/', 1), path.size());
  const std::string step = path.substr(1, end - 1), rest = path.substr(end);
  return at_path(json.is_list() ? json[std::stoul(step)] : json[step], rest);
}

}  // namespace test
