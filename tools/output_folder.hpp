#pragma once

/// @file
/// Where a subcommand writes a model or a tokenizer: --output, and --force for what is there already.

#include <filesystem>
#include <string>

#include "sharpeye/pipeline/model_folder.hpp"
#include "tools/terminal.hpp"

namespace tool {

/// @throws Error kInvalidArgument where a file is there that only --force replaces
inline void require_new(const std::string& path, bool force) {
  require(force || !std::filesystem::exists(path), ErrorCode::kInvalidArgument, path,
          ": is already there; --force replaces it");
}

/// For a model made from another one. @throws Error as require_new(); kInvalidArgument where it is the same directory
inline void require_new_model(const std::string& model, const std::string& output, bool force) {
  require_new(output + "/config.json", force);
  require_other_folder(model, output);
}

}  // namespace tool
