#pragma once

/// @file
/// Index, the element types of tensors (DType), and the two 16-bit floating-point formats.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Sizes and positions. Signed, as in Eigen, so that differences and downward loops are safe.
using Index = std::ptrdiff_t;

/// Element types, named as in safetensors. The library computes from F32, F16 and BF16; the others are read and
/// converted.
enum class DType { kBool, kU8, kI8, kU16, kI16, kU32, kI32, kU64, kI64, kF16, kBF16, kF32, kF64 };

/// Size of one element in bytes.
inline constexpr Index size_of(DType dtype) noexcept {
  switch (dtype) {
    case DType::kBool:
    case DType::kU8:
    case DType::kI8: return 1;
    case DType::kU16:
    case DType::kI16:
    case DType::kF16:
    case DType::kBF16: return 2;
    case DType::kU32:
    case DType::kI32:
    case DType::kF32: return 4;
    case DType::kU64:
    case DType::kI64:
    case DType::kF64: return 8;
  }
  return 0;
}

/// The safetensors name, for example "BF16".
inline constexpr const char* to_string(DType dtype) noexcept {
  switch (dtype) {
    case DType::kBool: return "BOOL";
    case DType::kU8: return "U8";
    case DType::kI8: return "I8";
    case DType::kU16: return "U16";
    case DType::kI16: return "I16";
    case DType::kU32: return "U32";
    case DType::kI32: return "I32";
    case DType::kU64: return "U64";
    case DType::kI64: return "I64";
    case DType::kF16: return "F16";
    case DType::kBF16: return "BF16";
    case DType::kF32: return "F32";
    case DType::kF64: return "F64";
  }
  return "?";
}

/// How a model's matrices are stored and computed with. The first three are element types; the others hold integers
/// with scales beside them: kInt8 one for each row, kInt4 one for each 32 numbers of a row.
enum class WeightFormat { kF32, kF16, kBF16, kInt8, kInt4 };

/// IEEE 754 binary16: 1 sign, 5 exponent, 10 mantissa bits. Conversion from float rounds to nearest even.
struct float16 {
  std::uint16_t bits = 0;

  float16() = default;
  explicit float16(float value) noexcept {
    std::uint32_t word;
    std::memcpy(&word, &value, sizeof word);
    const std::uint32_t sign = (word >> 16) & 0x8000u;
    const std::uint32_t magnitude = word & 0x7fffffffu;
    if (magnitude > 0x7f800000u) {  // NaN: keep it quiet
      bits = static_cast<std::uint16_t>(sign | 0x7e00u);
    } else if (magnitude >= 0x477ff000u) {  // rounds to 2^16 or more: infinity
      bits = static_cast<std::uint16_t>(sign | 0x7c00u);
    } else if (magnitude < 0x38800000u) {  // below 2^-14: adding 0.5 lets the FPU align and round the subnormal
      float shifted;
      std::memcpy(&shifted, &magnitude, sizeof shifted);
      shifted += 0.5f;
      std::uint32_t aligned;
      std::memcpy(&aligned, &shifted, sizeof aligned);
      bits = static_cast<std::uint16_t>(sign | (aligned - 0x3f000000u));
    } else {
      const std::uint32_t rounded = magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u);
      bits = static_cast<std::uint16_t>(sign | (rounded >> 13));
    }
  }
  explicit operator float() const noexcept {
    const std::uint32_t sign = (bits & 0x8000u) << 16;
    const std::uint32_t magnitude = bits & 0x7fffu;
    std::uint32_t word;
    if (magnitude >= 0x7c00u) {
      word = sign | 0x7f800000u | ((magnitude & 0x3ffu) << 13);
    } else if (magnitude >= 0x400u) {
      word = sign | ((magnitude << 13) + 0x38000000u);
    } else {  // subnormal: magnitude * 2^-24 is exact in float
      const float value = static_cast<float>(magnitude) * 5.9604644775390625e-8f;
      std::memcpy(&word, &value, sizeof word);
      word |= sign;
    }
    float value;
    std::memcpy(&value, &word, sizeof value);
    return value;
  }
};

/// bfloat16: the upper half of a binary32. Conversion from float rounds to nearest even.
struct bfloat16 {
  std::uint16_t bits = 0;

  bfloat16() = default;
  explicit bfloat16(float value) noexcept {
    std::uint32_t word;
    std::memcpy(&word, &value, sizeof word);
    if ((word & 0x7fffffffu) > 0x7f800000u) {
      bits = static_cast<std::uint16_t>((word >> 16) | 0x40u);
    } else {
      bits = static_cast<std::uint16_t>((word + 0x7fffu + ((word >> 16) & 1u)) >> 16);
    }
  }
  explicit operator float() const noexcept {
    const std::uint32_t word = static_cast<std::uint32_t>(bits) << 16;
    float value;
    std::memcpy(&value, &word, sizeof value);
    return value;
  }
};

/// `product = a * b` of non-negative 64-bit sizes; false when it would overflow.
inline bool checked_multiply(std::uint64_t a, std::uint64_t b, std::uint64_t& product) noexcept {
  if (b != 0 && a > std::numeric_limits<std::uint64_t>::max() / b) return false;
  product = a * b;
  return true;
}

/// `sum = a + b`; false when it would overflow.
inline bool checked_add(std::uint64_t a, std::uint64_t b, std::uint64_t& sum) noexcept {
  if (a > std::numeric_limits<std::uint64_t>::max() - b) return false;
  sum = a + b;
  return true;
}

SHARPEYE_NAMESPACE_END
