#pragma once

/// @file
/// The scan for weights that are not finite.

#include <string>

#include "sharpeye/io/stored_tensor.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Flat index of the first element that is NaN, infinite, or (F64) too large for a float; -1 when there is none.
/// Integer tensors have none. One pass over the bits.
Index find_non_finite(const StoredTensor& tensor) noexcept;

/// @param where the file, for the message. @throws Error kNotFinite with the element's index and value
void require_finite(const StoredTensor& tensor, const std::string& where);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/formats/finite.inl"
#endif
