#pragma once

/// @file
/// What `sharpeye stream` prints: each format is one class and a line in make_stream_output().

#include <memory>
#include <optional>
#include <string>

#include "sharpeye/pipeline/caption_stream.hpp"

namespace tool {

/// Receives the captions of a stream and prints them, whole lines at a time.
class StreamOutput {
 public:
  virtual ~StreamOutput() = default;
  /// @param name of the frame's file; empty where there is none
  virtual void take(const sharpeye::StreamCaption& caption, const std::string& name) = 0;
  /// @param seconds where the stream ends
  virtual void end(double seconds) = 0;
};

/// @param format "jsonl" (both captions, at once), "srt", "vtt" or "llovi" (the last caption of each frame)
/// @param min_confidence captions below it are "not sure"
std::unique_ptr<StreamOutput> make_stream_output(const std::string& format, std::optional<double> min_confidence);

}  // namespace tool
