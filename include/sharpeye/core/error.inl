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

SHARPEYE_BODY void TextPart::append_to(std::string& text) const {
  char digits[32];
  char* const end = digits + sizeof digits;
  switch (kind_) {
    case Kind::kText: text += text_; return;
    case Kind::kCharacter: text += character_; return;
    case Kind::kSigned: text.append(digits, std::to_chars(digits, end, signed_).ptr); return;
    case Kind::kUnsigned: text.append(digits, std::to_chars(digits, end, unsigned_).ptr); return;
    case Kind::kNumber: text.append(digits, std::to_chars(digits, end, number_, std::chars_format::general, 6).ptr);
  }
}

SHARPEYE_BODY std::string join(const TextPart* parts, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) parts[i].append_to(text);
  return text;
}

SHARPEYE_BODY void throw_error(ErrorCode code, const TextPart* parts, std::size_t count) {
  throw Error(code, join(parts, count));
}

}  // namespace detail

SHARPEYE_NAMESPACE_END
