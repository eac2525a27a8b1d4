#pragma once

// Shared by the io tests: files from text, safetensors bytes from header JSON, and a check of code and message.

#include <doctest/doctest.h>

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>

#include "sharpeye/core/error.hpp"

namespace test {

inline void write_text(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

inline std::string read_text(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

/// 8 bytes of length (that of `json` unless given), `json`, `data`.
inline std::string safetensors_bytes(const std::string& json, const std::string& data = "",
                                     std::uint64_t length = ~std::uint64_t{0}) {
  if (length == ~std::uint64_t{0}) length = json.size();
  std::string bytes;
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(length >> shift & 0xff);
  return bytes + json + data;
}

/// Checks that `action` throws a sharpeye::Error with this code whose text contains `part`.
template <class Action>
void check_error(sharpeye::ErrorCode code, const std::string& part, const Action& action) {
  try {
    action();
    FAIL_CHECK("expected an error with: " << part);
  } catch (const sharpeye::Error& error) {
    const std::string text = error.what();
    CHECK_MESSAGE(error.code() == code, std::string(sharpeye::to_string(error.code())) << ": " << text);
    CHECK_MESSAGE(text.find(part) != std::string::npos, text);
  }
}

}  // namespace test
