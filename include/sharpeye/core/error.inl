#pragma once

/// @file
/// Bodies of error.hpp.

#include "sharpeye/core/error.hpp"

#include <charconv>

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY const char* to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kInvalidArgument: return "invalid argument";
    case ErrorCode::kFileNotFound: return "file not found";
    case ErrorCode::kFileAccess: return "file access";
    case ErrorCode::kFormat: return "format";
    case ErrorCode::kConfig: return "config";
    case ErrorCode::kShape: return "shape";
    case ErrorCode::kMissingTensor: return "missing tensor";
    case ErrorCode::kUnreadTensor: return "unread tensor";
    case ErrorCode::kNotFinite: return "not finite";
    case ErrorCode::kLimit: return "limit";
    case ErrorCode::kUnsupported: return "unsupported";
    case ErrorCode::kCancelled: return "cancelled";
  }
  return "unknown";
}

namespace detail {

SHARPEYE_BODY void append_integer(std::string& text, long long value) {
  char digits[24];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

SHARPEYE_BODY void append_integer(std::string& text, unsigned long long value) {
  char digits[24];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

SHARPEYE_BODY void append_number(std::string& text, double value) {
  char digits[32];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, value, std::chars_format::general, 6).ptr);
}

}  // namespace detail

SHARPEYE_NAMESPACE_END
