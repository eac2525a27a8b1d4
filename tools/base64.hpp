#pragma once

/// @file
/// Base64 (RFC 4648), in which JSON carries bytes.

#include <string>
#include <string_view>

namespace tool {

std::string to_base64(std::string_view bytes);

/// The bytes of a text in the usual alphabet. White space is skipped; the padding at the end may be missing.
/// @throws Error kFormat saying what stands where
std::string from_base64(std::string_view text);

}  // namespace tool
