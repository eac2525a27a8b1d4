#pragma once

/// @file
/// Which run a file of `Optimization::save()` belongs to.

#include <map>
#include <string>

#include "sharpeye/core/types.hpp"

SHARPEYE_NAMESPACE_BEGIN

class SafetensorsFile;

namespace training {

/// The number of steps behind the state of a run. @param run what the run is.
/// @throws Error kConfig when the file belongs to another run, naming the first difference
Index step_of_state(const SafetensorsFile& state, const std::map<std::string, std::string>& run);

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/run_state.inl"
#endif
