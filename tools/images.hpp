#pragma once

/// @file
/// Images named on the command line.

#include <string>
#include <vector>

#include "sharpeye/io/image_decoder.hpp"
#include "tools/terminal.hpp"

namespace tool {

/// The images that the arguments mean, in order: a folder stands for the images in it, sorted by name; a pattern that
/// is no file's name for what it matches; everything else, and what matches nothing, for itself.
std::vector<std::string> expand_inputs(const std::vector<std::string>& arguments);

/// Reads and decodes a file, or stdin for "-". @throws Error as read_image(); kCancelled on Ctrl-C while waiting.
Image load_image(const std::string& name, const DecodeOptions& options = {});

}  // namespace tool
