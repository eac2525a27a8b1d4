#pragma once

/// @file
/// Which instruction set the kernels use: detected once at run time, or named by the environment variable SHARPEYE_ISA.

#include <cstdlib>
#include <cstring>

#include "sharpeye/core/error.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
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
#if defined(__linux__)
#include <sys/auxv.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif
#else
#define SHARPEYE_ARM64 0
#endif

SHARPEYE_NAMESPACE_BEGIN

/// Instruction sets with kernels of their own, weakest first: plain C++, those of x86-64, those of 64-bit ARM.
enum class Isa { kScalar, kAvx2, kAvxVnni, kAvx512, kAvx512Vnni, kNeon, kNeonDot, kNeonI8mm };
inline constexpr Isa kAllIsas[] = {Isa::kScalar,     Isa::kAvx2, Isa::kAvxVnni, Isa::kAvx512,
                                   Isa::kAvx512Vnni, Isa::kNeon, Isa::kNeonDot, Isa::kNeonI8mm};

/// "scalar", "avx2", "avxvnni", "avx512", "avx512vnni", "neon", "neondot" or "neoni8mm", the values of SHARPEYE_ISA.
inline const char* to_string(Isa isa) noexcept {
  switch (isa) {
    case Isa::kNeonI8mm: return "neoni8mm";
    case Isa::kNeonDot: return "neondot";
    case Isa::kNeon: return "neon";
    case Isa::kAvx512Vnni: return "avx512vnni";
    case Isa::kAvxVnni: return "avxvnni";
    case Isa::kAvx512: return "avx512";
    case Isa::kAvx2: return "avx2";
    default: return "scalar";
  }
}

/// Whether this CPU and its operating system can run the kernels of `isa`. kAvx2 stands for AVX2, FMA and F16C;
/// kAvx512 for these and AVX-512 F, BW, DQ and VL. With VNNI, and with NEON's dot product (ARMv8.2), integer products
/// take one instruction instead of three or more; with its product of matrices (i8mm) those of 8 bits and many rows
/// half of one.
inline bool is_supported(Isa isa) noexcept {
  if (isa == Isa::kScalar) return true;
#if SHARPEYE_ARM64
  if (isa == Isa::kNeon) return true;
  if (isa != Isa::kNeonDot && (isa != Isa::kNeonI8mm || !SHARPEYE_ARM64_I8MM)) return false;
#if defined(__linux__)
  constexpr unsigned long kDotProductBit = 1ul << 20;  // HWCAP_ASIMDDP
  constexpr unsigned long kI8mmBit = 1ul << 13;        // HWCAP2_I8MM
  return (::getauxval(AT_HWCAP) & kDotProductBit) != 0 &&
         (isa == Isa::kNeonDot || (::getauxval(AT_HWCAP2) & kI8mmBit) != 0);
#elif defined(__APPLE__)
  const auto has = [](const char* feature) {
    int value = 0;
    std::size_t size = sizeof value;
    return ::sysctlbyname(feature, &value, &size, nullptr, 0) == 0 && value != 0;
  };
  return has("hw.optional.arm.FEAT_DotProd") && (isa == Isa::kNeonDot || has("hw.optional.arm.FEAT_I8MM"));
#else
  return false;
#endif
#elif SHARPEYE_X86
  if (isa == Isa::kNeon || isa == Isa::kNeonDot || isa == Isa::kNeonI8mm) return false;
  constexpr unsigned kF16cBit = 1u << 29;
  constexpr unsigned kAvxVnniBit = 1u << 4;
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  const bool is_512 = isa == Isa::kAvx512 || isa == Isa::kAvx512Vnni;
  if (is_512 && !(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))) {
    return false;
  }
  if (isa == Isa::kAvx512Vnni && !__builtin_cpu_supports("avx512vnni")) return false;
  if (isa == Isa::kAvxVnni && (__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) == 0 || (eax & kAvxVnniBit) == 0)) {
    return false;
  }
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & kF16cBit) != 0;
#else
  return false;
#endif
}

/// The best supported instruction set, or the one that SHARPEYE_ISA names.
/// @throws Error kInvalidArgument when SHARPEYE_ISA names an unknown or unsupported one.
inline Isa detect_isa() {
  Isa best = Isa::kScalar;
  for (const Isa isa : kAllIsas) best = is_supported(isa) ? isa : best;
  const char* wanted = std::getenv("SHARPEYE_ISA");
  if (wanted == nullptr || *wanted == '\0') return best;
  for (const Isa isa : kAllIsas) {
    if (std::strcmp(wanted, to_string(isa)) != 0) continue;
    require(is_supported(isa), ErrorCode::kInvalidArgument, "SHARPEYE_ISA: this CPU does not support ", wanted);
    return isa;
  }
  fail(ErrorCode::kInvalidArgument,
       "SHARPEYE_ISA: expected scalar, avx2, avxvnni, avx512, avx512vnni, neon, neondot or neoni8mm, "
       "actual ",
       wanted);
}

SHARPEYE_NAMESPACE_END
