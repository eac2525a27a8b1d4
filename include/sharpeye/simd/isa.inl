#pragma once

/// @file
/// Bodies of isa.hpp.

#include "sharpeye/simd/isa.hpp"

#include <cstdlib>
#include <cstring>

#include "sharpeye/core/error.hpp"

#if SHARPEYE_X86
#include <cpuid.h>
#elif SHARPEYE_ARM64 && defined(__linux__)
#include <sys/auxv.h>
#elif SHARPEYE_ARM64 && defined(__APPLE__)
#include <sys/sysctl.h>
#endif

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY const char* to_string(Isa isa) noexcept {
  switch (isa) {
    case Isa::kNeonI8mm: return "neoni8mm";
    case Isa::kNeonDot: return "neondot";
    case Isa::kNeon: return "neon";
    case Isa::kAvx512Bf16: return "avx512bf16";
    case Isa::kAvx512Vnni: return "avx512vnni";
    case Isa::kAvxVnni: return "avxvnni";
    case Isa::kAvx512: return "avx512";
    case Isa::kAvx2: return "avx2";
    default: return "scalar";
  }
}

SHARPEYE_BODY bool is_supported(Isa isa) noexcept {
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
  constexpr unsigned kAvx512Bf16Bit = 1u << 5;
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  const bool is_512 = isa == Isa::kAvx512 || isa == Isa::kAvx512Vnni || isa == Isa::kAvx512Bf16;
  if (is_512 && !(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))) {
    return false;
  }
  if (is_512 && isa != Isa::kAvx512 && !__builtin_cpu_supports("avx512vnni")) return false;
  if (isa == Isa::kAvx512Bf16 &&
      (__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) == 0 || (eax & kAvx512Bf16Bit) == 0)) {
    return false;
  }
  if (isa == Isa::kAvxVnni && (__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) == 0 || (eax & kAvxVnniBit) == 0)) {
    return false;
  }
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & kF16cBit) != 0;
#else
  return false;
#endif
}

SHARPEYE_BODY Isa detect_isa() {
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
       "SHARPEYE_ISA: expected scalar, avx2, avxvnni, avx512, avx512vnni, avx512bf16, neon, neondot or neoni8mm, "
       "actual ",
       wanted);
}

SHARPEYE_NAMESPACE_END
