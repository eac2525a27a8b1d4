#pragma once

/// @file
/// The decoders of this build, in one list: those whose libraries were found when it was compiled. Opt-in: not part of
/// sharpeye.hpp.

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
