#pragma once

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Where a block's norms stand: before attention and feed-forward (on their input), or after each sum.
enum class NormPlacement { kPre, kPost };

SHARPEYE_NAMESPACE_END
