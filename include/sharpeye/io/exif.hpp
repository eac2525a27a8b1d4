#pragma once

/// @file
/// The orientation tag of EXIF and of XMP: which way up the camera was held.

#include <optional>
#include <string_view>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The orientation, 1 to 8, of a TIFF block (EXIF 2.3, tag 0x0112 of the first directory); 1, upright, when there is
/// none or the block is malformed: a picture is worth showing even if what is said about it is not.
///
/// As Pillow reads it: of any numeric type but BYTE, and the first of several values. EXIF says one SHORT, but LONGs
/// and longer lists are written too.
int exif_orientation(std::string_view tiff) noexcept;

/// The same, of a picture that may have both kinds of data, each empty when it has not: XMP's tiff:Orientation counts
/// where the EXIF data has no such tag. An "Exif\0\0" before the TIFF block is skipped.
int picture_orientation(std::string_view exif, std::string_view xmp) noexcept;

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/exif.inl"
#endif
