#pragma once

/// @file
/// What `sharpeye caption` prints of an image.

#include <string>

#include "sharpeye/pipeline/captioner.hpp"

namespace tool {

/// One JSON object and a line end. A file's name may be any bytes, and JSON is UTF-8: of a name that is not, "image"
/// has replacements, and "image_base64" the bytes.
std::string to_json_line(const std::string& name, const sharpeye::Caption& caption);

/// The name and the captions, a line each.
std::string to_text(const std::string& name, const sharpeye::Caption& caption);

/// Prints the text of one generation as it grows, each under a label of its own.
class StreamedText {
 public:
  void show(const sharpeye::CaptionProgress& progress);
  void end();

 private:
  void begin(sharpeye::Index round);

  sharpeye::Index round_ = -1;
  std::size_t shown_ = 0;
};

}  // namespace tool
