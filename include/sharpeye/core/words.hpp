#pragma once

/// @file
/// Words for messages: untrusted text in quotes, the known name that an unknown one was probably meant to be, numbers.

#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Untrusted text for an error message: in quotes, at most 120 bytes, control characters replaced by '?'.
std::string in_quotes(std::string_view text);

/// Letters to insert, delete, exchange or swap with their neighbour until `a` is `b` (Damerau and Levenshtein).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The one of `known` that is nearest to `name`; empty when none is near (more than a third of the letters differ).
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);

/// `, did you mean "x"?` with the nearest of `known`; empty when none is near.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& known);

/// The number with `digits` digits behind the point, in any locale: fixed(2.5, 2) is "2.50".
std::string fixed(double value, int digits);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/core/words.inl"
#endif
