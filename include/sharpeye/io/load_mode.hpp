#pragma once

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// How tensor data reaches memory.
enum class LoadMode {
  kRead,  ///< each tensor is read into its own buffer when asked for: nothing can change it afterwards
  kMap,   ///< tensors point into a mapping of the file: no copy, shared between processes, see FileMapping for the risk
};

SHARPEYE_NAMESPACE_END
