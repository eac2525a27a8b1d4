#pragma once

/// @file
/// What a folder has, and what it lacks.

#include <string>

#include "sharpeye/core/error.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Whether `path` leads to a file, a folder or anything else; a link to nothing does not.
bool file_exists(const std::string& path) noexcept;

/// For a folder that lacks a file. @throws Error kFileNotFound: "folder: expected `expected`, actual `actual`", or that
/// there is no such directory
[[noreturn]] void fail_missing(const std::string& folder, const std::string& expected, const std::string& actual);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/core/folder.inl"
#endif
