#pragma once

/// @file
/// The page that `sharpeye explain` writes.

#include <string>

#include "tools/explain_image.hpp"
#include "tools/heatmap.hpp"

namespace tool {

/// explain_page.html, with `%DATA%` in the place of its data.
extern const char* const kExplainPage;

/// The page: one file that asks for nothing else. Whatever stands in captions, names and regions is data in it, never
/// markup. @param choice what it shows first
std::string to_page(const ExplainedImage& found, const CaptionModel& model, const MapChoice& choice);

}  // namespace tool
