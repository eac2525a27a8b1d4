#pragma once

/// @file
/// What `sharpeye caption` prints of an image, and `sharpeye serve` answers.

#include <optional>
#include <string>

#include "sharpeye/io/json.hpp"
#include "sharpeye/pipeline/captioner.hpp"

namespace tool {

/// What stands in the place of a caption that the model was not sure enough of.
inline constexpr char kNotSure[] = "not sure";

/// Captions, confidence, tokens, steps and timings: an object's members. @param min_confidence captions below it are
/// kNotSure, and "sure" says of both whether they reach it
sharpeye::Json to_json(const sharpeye::Caption& caption, std::optional<double> min_confidence = std::nullopt);

/// The members of --json, the image's name before them. A file's name may be any bytes, and JSON is UTF-8: of a name
/// that is not, "image" has replacements, and "image_base64" the bytes.
sharpeye::Json to_json(const std::string& name, const sharpeye::Caption& caption,
                       std::optional<double> min_confidence = std::nullopt);

/// The line of an image that --out writes, without its end and the same in every run: to_json() without the times.
std::string to_line(const std::string& name, const sharpeye::Caption& caption,
                    std::optional<double> min_confidence = std::nullopt);

/// The line of an image that failed. @param problem what is wrong with it
std::string to_failure_line(const std::string& name, const std::string& problem);

/// The name and the captions, a line each. @param min_confidence captions below it are kNotSure
std::string to_text(const std::string& name, const sharpeye::Caption& caption,
                    std::optional<double> min_confidence = std::nullopt);

/// Says on stderr that a deadline passed, if it did.
void report_deadline(const std::string& name, const sharpeye::Caption& caption);

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
