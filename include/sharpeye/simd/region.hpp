#pragma once

/// @file
/// What a region of kernels stands in: its target options, and all that must be included before it.
///
/// A region is one namespace whose functions may use one instruction set, in a program compiled with plain `g++ -O2`.
/// Inside it there is no Eigen (it picks its instruction set when it is included), no standard header (its functions
/// would be compiled for the region's instruction set, and the linker could keep them for everybody) and nothing with a
/// dynamic initialiser; no vector leaves it. Each file of regions/ holds one, and defines the function that hands out
/// its kernels; the compiled library makes a translation unit of each.

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "sharpeye/simd/isa.hpp"

#if SHARPEYE_X86
#include <immintrin.h>
#elif SHARPEYE_ARM64
#include <arm_neon.h>
#endif

/// SHARPEYE_REGION_BEGIN("avx2,fma,f16c") ... SHARPEYE_REGION_END: the functions in between are compiled with these
/// target options.
#define SHARPEYE_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define SHARPEYE_REGION_BEGIN(options) \
  SHARPEYE_PRAGMA(clang attribute push(__attribute__((target(options))), apply_to = function))
#define SHARPEYE_REGION_END _Pragma("clang attribute pop")
#else
#define SHARPEYE_REGION_BEGIN(options) _Pragma("GCC push_options") SHARPEYE_PRAGMA(GCC target(options))
#define SHARPEYE_REGION_END _Pragma("GCC pop_options")
#endif

/// For functions that take or return vectors of integers: GCC inlines some too late to keep them in registers.
#define SHARPEYE_INLINE inline __attribute__((always_inline))
