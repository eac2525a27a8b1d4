#pragma once

/// @file
/// `sharpeye caption --out -`: a line for each image to stdout, as a part of a pipe.

#include "tools/caption_work.hpp"

namespace tool {

/// Writes the lines that --out writes to stdout, in the order of the names and each at once: of the images named on the
/// command line, then of those that --list names. From stdin these are taken as they come, and one named twice has two
/// lines, so that whoever writes names may wait for each one's line.
/// @return an ExitCode; Ctrl-C finishes the current image
/// @throws Error of the whole command; OutputError where nobody reads any more
int caption_to_lines(const CaptionCommand& command, Session& session, const CaptionOptions& options);

}  // namespace tool
