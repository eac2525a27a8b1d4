#pragma once

/// @file
/// Files of captions: lines of JSON, and what is made of them.

#include <string>
#include <string_view>
#include <vector>

#include "tools/name_index.hpp"

namespace tool {

enum class CaptionFormat { kLines, kCsv, kCoco };

/// "jsonl", "csv" or "coco".
CaptionFormat caption_format(const std::string& name);

/// Parses a line that `caption --out` or `--json` wrote. @param where begins messages
/// @return the place of its image; kNone if it is none of them @throws Error kFormat for any other line
std::size_t find_line(std::string_view text, const std::string& where, const NameIndex& index, sharpeye::Json& line);

/// Writes files of lines in another format, one after the other; atomically. Images that failed have their error in
/// CSV, and are left out of COCO's results. @throws Error
void write_captions(const std::string& path, CaptionFormat format, const std::vector<std::string>& files);

/// COCO's results need a number for each image: the digits at the end of the file's name, before the extension.
/// @throws Error kInvalidArgument for names without digits, or two of one number
void check_coco_ids(const std::vector<std::string>& names);

}  // namespace tool
