#pragma once

/// @file
/// The version of sharpeye (CMake reads these lines) and the inline namespace that every name lives in.

#define SHARPEYE_VERSION_MAJOR 0
#define SHARPEYE_VERSION_MINOR 1
#define SHARPEYE_VERSION_PATCH 0
#define SHARPEYE_VERSION_STRING "0.1.0"

// Eigen chooses its instruction set and its alignment when it is included. Two translation units of one program that
// are compiled with different flags would therefore define different bodies under one name, and the linker would keep
// whichever came first. The inline namespace carries what those bodies depend on, so a mixture cannot link silently.
#if defined(__AVX512F__)
#define SHARPEYE_BASELINE_ISA avx512
#elif defined(__AVX2__) && defined(__FMA__)
#define SHARPEYE_BASELINE_ISA avx2fma
#elif defined(__AVX2__)
#define SHARPEYE_BASELINE_ISA avx2
#elif defined(__AVX__)
#define SHARPEYE_BASELINE_ISA avx
#elif defined(__SSE4_2__)
#define SHARPEYE_BASELINE_ISA sse42
#elif defined(__SSE4_1__)
#define SHARPEYE_BASELINE_ISA sse41
#elif defined(__SSSE3__)
#define SHARPEYE_BASELINE_ISA ssse3
#elif defined(__SSE3__)
#define SHARPEYE_BASELINE_ISA sse3
#elif defined(__aarch64__)
#define SHARPEYE_BASELINE_ISA neon
#else
#define SHARPEYE_BASELINE_ISA base
#endif

// Eigen's alignment: set by the user, or by Eigen when it was included before us, or what Eigen is going to choose.
#if defined(EIGEN_MAX_ALIGN_BYTES)
#define SHARPEYE_EIGEN_ALIGNMENT EIGEN_MAX_ALIGN_BYTES
#elif defined(EIGEN_DONT_ALIGN) || defined(EIGEN_DONT_VECTORIZE)
#define SHARPEYE_EIGEN_ALIGNMENT 0
#elif defined(__AVX512F__)
#define SHARPEYE_EIGEN_ALIGNMENT 64
#elif defined(__AVX__)
#define SHARPEYE_EIGEN_ALIGNMENT 32
#else
#define SHARPEYE_EIGEN_ALIGNMENT 16
#endif
#if defined(EIGEN_DONT_VECTORIZE)
#define SHARPEYE_EIGEN_KIND plain
#else
#define SHARPEYE_EIGEN_KIND simd
#endif

// Header-only is the default: what a header declares has its body in the .inl file beside it, which the header
// includes. A program that defines SHARPEYE_COMPILED for all of its sources includes declarations only and links the
// bodies, which were compiled once (CMake's sharpeye::compiled). The two ways live in different namespaces: a mixture
// is a link error.
#if defined(SHARPEYE_COMPILED)
#define SHARPEYE_LINKAGE compiled
#define SHARPEYE_BODY  // before a function's body in an .inl file
#else
#define SHARPEYE_LINKAGE headers
#define SHARPEYE_BODY inline
#endif

#define SHARPEYE_JOIN_(version, isa, kind, alignment, linkage) v##version##_##isa##_##kind##alignment##_##linkage
#define SHARPEYE_JOIN(version, isa, kind, alignment, linkage) SHARPEYE_JOIN_(version, isa, kind, alignment, linkage)
#define SHARPEYE_ABI \
  SHARPEYE_JOIN(0_1, SHARPEYE_BASELINE_ISA, SHARPEYE_EIGEN_KIND, SHARPEYE_EIGEN_ALIGNMENT, SHARPEYE_LINKAGE)

#define SHARPEYE_NAMESPACE_BEGIN \
  namespace sharpeye {           \
  inline namespace SHARPEYE_ABI {
#define SHARPEYE_NAMESPACE_END \
  }                            \
  }
