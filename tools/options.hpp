#pragma once

/// @file
/// Checks of option values.

#include <CLI/CLI.hpp>
#include <charconv>
#include <limits>
#include <string>

#include "sharpeye/io/json.hpp"

namespace tool {

/// Accepts numbers from `min` to `max`. Unlike CLI::Range it takes no NaN, no overflow and no minus before unsigned.
template <class T>
CLI::Validator between(T min, T max) {
  return CLI::Validator(
      [=](const std::string& text) {
        T value{};
        const char* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(text.data(), end, value);
        const bool is_valid = error == std::errc() && stop == end && value >= min && value <= max;
        return is_valid ? std::string()
                        : sharpeye::concat("expected a number from ", min, " to ", max, ", actual ",
                                           sharpeye::in_quotes(text));
      },
      sharpeye::concat(min, "..", max));
}

/// Adds `--seed`. @param seed a std::uint64_t, or an optional one
template <class Seed>
CLI::Option* add_seed(CLI::App& command, Seed& seed, const char* description) {
  return command.add_option("--seed", seed, description)
      ->check(between<std::uint64_t>(0, std::numeric_limits<std::uint64_t>::max()).description(""));
}

}  // namespace tool
