#pragma once

/// @file
/// Which of a file's tensors may be meant by a name that it does not have.

#include <string>
#include <vector>

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The one of `names` that differs least from `name`; empty when all differ by more than a third of its characters.
std::string find_similar(const std::string& name, const std::vector<std::string>& names);

/// The one of `names` that is `name` under another prefix: one of the two is the end of the other, at a dot, and has
/// two parts at least. Empty when there is none.
std::string find_moved(const std::string& name, const std::vector<std::string>& names);

/// How find_moved()'s result differs from `name`, for messages, for example `names begin with "model."`.
std::string describe_move(const std::string& name, const std::string& moved);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/formats/similar_names.inl"
#endif
