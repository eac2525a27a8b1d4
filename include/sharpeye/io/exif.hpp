#pragma once

/// @file
/// The EXIF orientation tag: which way up the camera was held.

#include <string_view>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The orientation, 1 to 8, of a TIFF block (EXIF 2.3, tag 0x0112 of the first directory); 1, upright, when there is
/// none or the block is malformed: a picture is worth showing even if what is said about it is not.
///
/// As Pillow reads it: of any numeric type but BYTE, and the first of several values. EXIF says one SHORT, but LONGs
/// and longer lists are written too.
int exif_orientation(std::string_view tiff) noexcept;

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/exif.inl"
#endif
