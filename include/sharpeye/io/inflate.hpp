#pragma once

/// @file
/// A small inflater (RFC 1950, 1951) for the texts of PNG files, so that reading one needs no library.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The content of a zlib stream; nothing when it is broken, or longer than `max_size`. The checksum is not looked at.
std::optional<std::string> inflate_zlib(std::string_view stream, std::size_t max_size);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/inflate.inl"
#endif
