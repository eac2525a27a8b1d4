#pragma once

/// @file
/// Images named on the command line.

#include <string>
#include <vector>

#include "sharpeye/io/image_decoder.hpp"
#include "tools/options.hpp"
#include "tools/terminal.hpp"

namespace tool {

/// The images that arguments stand for.
struct Inputs {
  std::vector<std::string> names;
  bool has_failed = false;  ///< a folder could not be read
};

/// The images that the arguments mean, in order: a folder stands for the images in it, sorted by name (with
/// `recursive`, also for those in its folders); a pattern that is no file's name for what it matches; everything else,
/// and what matches nothing, for itself. Says on stderr which folders cannot be read, and in one line what was left out
/// of the others.
Inputs expand_inputs(const std::vector<std::string>& arguments, bool recursive = false);

/// Images as arguments and as a list in a file.
struct ImageArguments {
  std::vector<std::string> inputs;
  std::string list;
  bool recursive = false, null = false;

  /// @param names "images", or "--images": of the arguments
  void add_to(Command& command, const char* names, const char* text, const char* type);
  /// As expand_inputs(). @throws Error kInvalidArgument where there are none; of the list as read_input()
  Inputs expand() const;
  /// What ends each name of the list.
  char mark() const { return null ? '\0' : '\n'; }
};

/// Whether a folder's file of this name is taken for an image.
bool is_image_name(const std::string& name);

/// Reads and decodes a file, or stdin for "-". @throws Error as read_image(); kCancelled on Ctrl-C while waiting.
Image load_image(const std::string& name, const DecodeOptions& options = {});

}  // namespace tool
