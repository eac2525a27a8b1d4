#pragma once

/// @file
/// What a file is, whatever its name says: for messages about a file that is not what was expected.

#include <string>
#include <string_view>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The kind of a file by its first bytes (4096 are plenty), to stand behind "actual": "WebP", "an HTML page", "an empty
/// file", "a Git LFS pointer"; for what is not known its first bytes, as text or in hexadecimal.
std::string describe_file(std::string_view bytes);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/file_kind.inl"
#endif
