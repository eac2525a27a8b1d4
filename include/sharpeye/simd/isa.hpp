#pragma once

/// @file
/// Which instruction set the kernels use: detected once at run time, or named by the environment variable SHARPEYE_ISA.

#include "sharpeye/version.hpp"

#if defined(__x86_64__)
#define SHARPEYE_X86 1
#else
#define SHARPEYE_X86 0
#endif
#if defined(__aarch64__)
#define SHARPEYE_ARM64 1
// Older ones of GCC do not know the matrix instructions.
#if defined(__clang__) || __GNUC__ >= 10
#define SHARPEYE_ARM64_I8MM 1
#else
#define SHARPEYE_ARM64_I8MM 0
#endif
#else
#define SHARPEYE_ARM64 0
#define SHARPEYE_ARM64_I8MM 0
#endif

SHARPEYE_NAMESPACE_BEGIN

/// Instruction sets with kernels of their own, weakest first: plain C++, those of x86-64, those of 64-bit ARM.
enum class Isa { kScalar, kAvx2, kAvxVnni, kAvx512, kAvx512Vnni, kAvx512Bf16, kNeon, kNeonDot, kNeonI8mm };
inline constexpr Isa kAllIsas[] = {Isa::kScalar,     Isa::kAvx2, Isa::kAvxVnni, Isa::kAvx512,  Isa::kAvx512Vnni,
                                   Isa::kAvx512Bf16, Isa::kNeon, Isa::kNeonDot, Isa::kNeonI8mm};

/// "scalar", "avx2", "avxvnni", "avx512", "avx512vnni", "avx512bf16", "neon", "neondot" or "neoni8mm", the values of
/// SHARPEYE_ISA.
const char* to_string(Isa isa) noexcept;

/// Whether this CPU and its operating system can run the kernels of `isa`. kAvx2 stands for AVX2, FMA and F16C;
/// kAvx512 for these and AVX-512 F, BW, DQ and VL; kAvx512Bf16 for these, VNNI and BF16. With VNNI, and with NEON's dot
/// product (ARMv8.2), integer products take one instruction instead of three or more; with its product of matrices
/// (i8mm) those of 8 bits and many rows half of one.
bool is_supported(Isa isa) noexcept;

/// The best supported instruction set, or the one that SHARPEYE_ISA names.
/// @throws Error kInvalidArgument when SHARPEYE_ISA names an unknown or unsupported one.
Isa detect_isa();

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/simd/isa.inl"
#endif
