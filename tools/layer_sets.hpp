#pragma once

/// @file
/// The option that names sets of a vision tower's layers.

#include <string>
#include <vector>

#include "sharpeye/core/types.hpp"
#include "tools/options.hpp"

namespace tool {

using namespace sharpeye;

/// Adds `--layers N,N...`, which may be given several times.
Option& add_layer_sets(Command& command, std::vector<std::string>& sets, const char* description);

/// "2,4,5" -> {2, 4, 5}. @throws Error
std::vector<Index> parse_layers(const std::string& text);

/// "PREFIX_2_4_5"
std::string name_with(std::string prefix, const std::vector<Index>& layers);

}  // namespace tool
