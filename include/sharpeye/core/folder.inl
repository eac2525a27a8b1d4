#pragma once

/// @file
/// Bodies of folder.hpp.

#include "sharpeye/core/folder.hpp"

#include <sys/stat.h>
#include <unistd.h>

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY bool file_exists(const std::string& path) noexcept {
  return ::access(path.c_str(), F_OK) == 0;
}

SHARPEYE_BODY void fail_missing(const std::string& folder, const std::string& expected, const std::string& actual) {
  struct stat status {};
  const char* instead = nullptr;
  if (::stat(folder.c_str(), &status) != 0) {
    instead = "no such directory";
  } else if (!S_ISDIR(status.st_mode)) {
    instead = "a file";
  }
  fail(ErrorCode::kFileNotFound, folder, ": expected ", expected, ", actual ",
       instead == nullptr ? actual : std::string(instead));
}

SHARPEYE_NAMESPACE_END
