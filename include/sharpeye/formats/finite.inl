#pragma once

/// @file
/// Bodies of finite.hpp.

#include "sharpeye/formats/finite.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Index of the first of `count` floating-point Words whose magnitude (the bits below the sign) is at least `limit`,
/// or -1. Adding 2^(bits-1) - limit carries into the sign bit exactly for those, so one OR per block decides.
template <class Word>
Index first_at_least(const std::byte* data, Index count, Word limit) noexcept {
  constexpr Index kBlock = 2048;  // a fixed length lets compilers vectorise without a remainder
  constexpr Word kSign = static_cast<Word>(Word{1} << (sizeof(Word) * 8 - 1));
  const Word offset = static_cast<Word>(kSign - limit);
  Word words[kBlock] = {};
  for (Index begin = 0; begin < count; begin += kBlock) {
    const Index length = std::min(kBlock, count - begin);
    std::memcpy(words, data + begin * static_cast<Index>(sizeof(Word)),
                static_cast<std::size_t>(length) * sizeof(Word));
    if (length < kBlock) std::fill(words + length, words + kBlock, Word{0});
    Word seen = 0;
    for (Index i = 0; i < kBlock; ++i) {
      seen = static_cast<Word>(seen | static_cast<Word>(static_cast<Word>(words[i] & ~kSign) + offset));
    }
    if ((seen & kSign) == 0) continue;
    const auto bad = std::find_if(words, words + length, [&](Word word) { return (word & ~kSign) >= limit; });
    return begin + (bad - words);
  }
  return -1;
}

}  // namespace detail

SHARPEYE_BODY Index find_non_finite(const StoredTensor& tensor) noexcept {
  const Index count = tensor.size();
  switch (tensor.dtype) {
    case DType::kF16: return detail::first_at_least<std::uint16_t>(tensor.data, count, 0x7c00);
    case DType::kBF16: return detail::first_at_least<std::uint16_t>(tensor.data, count, 0x7f80);
    case DType::kF32: return detail::first_at_least<std::uint32_t>(tensor.data, count, 0x7f800000);
    case DType::kF64:  // the smallest double that rounds to an infinite float
      return detail::first_at_least<std::uint64_t>(tensor.data, count, 0x47effffff0000000);
    default: return -1;
  }
}

SHARPEYE_BODY void require_finite(const StoredTensor& tensor, const std::string& where) {
  const Index bad = find_non_finite(tensor);
  if (bad < 0) return;
  double value;
  StoredTensor{tensor.name, tensor.dtype, {}, tensor.data + bad * size_of(tensor.dtype), tensor.owner}.copy_to(&value);
  fail(ErrorCode::kNotFinite, where, ": ", tensor.name, ": expected finite weights, element ", bad, " is ", value);
}

SHARPEYE_NAMESPACE_END
