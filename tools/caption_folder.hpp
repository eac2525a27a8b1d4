#pragma once

/// @file
/// `sharpeye caption --out` and `--format sidecar`: many images, in as many runs as it takes.

#include "tools/caption_work.hpp"

namespace tool {

/// Captions the images that have no line (no sidecar) yet. @return an ExitCode; Ctrl-C finishes the current image
/// @throws Error of the whole command: a file that cannot be written, or was written with another model
int caption_to_files(const CaptionCommand& command, Session& session, const CaptionOptions& options, Inputs inputs);

}  // namespace tool
