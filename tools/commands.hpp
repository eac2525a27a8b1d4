#pragma once

/// @file
/// The subcommands of this build. CMake writes their definitions from SHARPEYE_COMMANDS (tools/CMakeLists.txt).

#include <string>
#include <vector>

#include "tools/options.hpp"

namespace tool {

/// In the order of --help. Each is declared by the function add_<name> of its own file.
extern const std::vector<CommandEntry> kCommands;

/// Those that were left out.
extern const std::vector<std::string> kCommandsLeftOut;

}  // namespace tool
