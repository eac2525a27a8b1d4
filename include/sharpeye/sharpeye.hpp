#pragma once

/// @file
/// All of sharpeye that captions images. Decoding image files is apart: sharpeye/io/stb_image_decoder.hpp.

#include "sharpeye/pipeline/captioner.hpp"
