#pragma once

/// @file
/// What two source files of one user's program share: a function that takes one of sharpeye's types, and a record of
/// which entities each file sees.

#include <string>

#include "sharpeye/sharpeye.hpp"
#include "sharpeye/simd/kernels.hpp"

/// Defined in second.cpp, called from first.cpp. Its mangled name holds sharpeye's inline namespace.
std::string describe(const sharpeye::Caption& caption);

/// Addresses and values that must be the same in every source file of one program.
struct Entities {
  const char* (*function)(sharpeye::ErrorCode) noexcept;
  const std::uint64_t* constant;
  const sharpeye::simd::KernelTable* kernels;
  std::size_t size_of_options;
};

inline bool operator==(const Entities& a, const Entities& b) {
  return a.function == b.function && a.constant == b.constant && a.kernels == b.kernels &&
         a.size_of_options == b.size_of_options;
}

static inline Entities entities_here() {
  return {&sharpeye::to_string, &sharpeye::kConfigFileLimit, &sharpeye::simd::kernels(),
          sizeof(sharpeye::CaptionOptions)};
}

/// entities_here() as second.cpp sees it.
Entities entities_there(const sharpeye::Caption& caption);
