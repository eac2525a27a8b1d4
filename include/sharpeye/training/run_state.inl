#pragma once

/// @file
/// Bodies of run_state.hpp.

#include "sharpeye/training/run_state.hpp"

#include <charconv>

#include "sharpeye/core/error.hpp"
#include "sharpeye/io/safetensors.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

SHARPEYE_BODY Index step_of_state(const SafetensorsFile& state, const std::map<std::string, std::string>& run) {
  const auto& metadata = state.header().metadata;
  const auto find = [&](const std::string& key) {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::string("nothing") : found->second;
  };
  for (const auto& [key, value] : run) {
    require(find(key) == value, ErrorCode::kConfig, state.where(), ": ", key, ": expected ", value,
            ", the interrupted run had ", find(key));
  }
  const std::string text = find("step");
  Index step = -1;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, step);
  require(error == std::errc() && stop == end && step >= 0, ErrorCode::kConfig, state.where(),
          ": step: expected a number, actual ", text);
  return step;
}

}  // namespace training
SHARPEYE_NAMESPACE_END
