#pragma once

/// @file
/// Tensors that stand in a file under another prefix than a model asks for.

#include <string>
#include <vector>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The one of `names` that is `name` under another prefix: one of the two is the end of the other, at a dot, and has
/// two parts at least. Empty when there is none.
std::string find_moved(const std::string& name, const std::vector<std::string>& names);

/// How find_moved()'s result differs from `name`, for messages, for example `names begin with "model."`.
std::string describe_move(const std::string& name, const std::string& moved);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/formats/moved_names.inl"
#endif
