#pragma once

/// @file
/// The decoders of this build, in one list: those whose libraries were found when it was compiled. Opt-in: not part of
/// sharpeye.hpp.
///
/// sharpeye::compiled has libjpeg, libpng and libwebp where CMake found them (SHARPEYE_WITH_JPEG, _PNG, _WEBP).
/// Header-only, JPEG and PNG are decoded by stb_image and WebP by nobody, unless the program defines SHARPEYE_HAS_JPEG,
/// SHARPEYE_HAS_PNG or SHARPEYE_HAS_WEBP as 1 for all its source files and links the library itself.

#include <vector>

#include "sharpeye/io/image_decoder.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// All decoders; the first one that knows a file's format decodes it.
const std::vector<const ImageDecoder*>& decoders();

/// The decoder that asks decoders(). Lives as long as the program.
const ImageDecoder& default_decoder();

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/image_decoders.inl"
#endif
