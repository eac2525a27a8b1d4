#pragma once

/// @file
/// Bodies of inflate.hpp.

#include "sharpeye/io/inflate.hpp"

#include <array>
#include <cstdint>

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// The bits of a deflate stream. What lies behind its end reads as zero, and is remembered.
class DeflateBits {
 public:
  explicit DeflateBits(std::string_view bytes) noexcept : bytes_(bytes) {}

  unsigned take(unsigned count) noexcept {
    unsigned value = 0;
    for (unsigned i = 0; i < count; ++i, ++at_) {
      if (at_ / 8 >= bytes_.size()) {
        ended_ = true;
        return 0;
      }
      value |= (static_cast<std::uint8_t>(bytes_[at_ / 8]) >> at_ % 8 & 1u) << i;
    }
    return value;
  }
  void align() noexcept { at_ = (at_ + 7) / 8 * 8; }
  bool ended() const noexcept { return ended_; }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

/// A canonical Huffman code, read bit by bit.
struct DeflateCode {
  DeflateCode(const std::uint8_t* lengths, std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i) ++counts[lengths[i]];
    counts[0] = 0;
    std::array<unsigned, 17> starts{};
    for (std::size_t length = 1; length < 16; ++length) starts[length + 1] = starts[length] + counts[length];
    for (std::size_t i = 0; i < size; ++i) {
      if (lengths[i] != 0) symbols[starts[lengths[i]]++] = static_cast<std::uint16_t>(i);
    }
  }

  /// The next symbol; above every one when there is no such code.
  unsigned take(DeflateBits& bits) const noexcept {
    unsigned code = 0, first = 0, index = 0;
    for (std::size_t length = 1; length < 16; ++length) {
      code |= bits.take(1);
      if (code < first + counts[length]) return code >= first ? symbols[index + code - first] : ~0u;
      index += counts[length];
      first = (first + counts[length]) << 1;
      code <<= 1;
    }
    return ~0u;
  }

  std::array<unsigned, 17> counts{};
  std::array<std::uint16_t, 288> symbols{};
};

/// The two codes of a block with codes of its own; false when they are broken.
inline bool take_code_lengths(DeflateBits& bits, std::array<std::uint8_t, 320>& lengths, std::size_t& literals,
                              std::size_t& distances) noexcept {
  constexpr std::uint8_t kOrder[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  literals = bits.take(5) + 257;
  distances = bits.take(5) + 1;
  const unsigned given = bits.take(4) + 4;
  std::array<std::uint8_t, 19> short_lengths{};
  for (unsigned i = 0; i < given; ++i) short_lengths[kOrder[i]] = static_cast<std::uint8_t>(bits.take(3));
  if (literals > 286 || distances > 30) return false;
  const DeflateCode code(short_lengths.data(), short_lengths.size());
  for (std::size_t i = 0; i < literals + distances;) {
    const unsigned symbol = code.take(bits);
    if (symbol > 18 || bits.ended() || (symbol == 16 && i == 0)) return false;
    if (symbol < 16) {
      lengths[i++] = static_cast<std::uint8_t>(symbol);
      continue;
    }
    const std::uint8_t repeated = symbol == 16 ? lengths[i - 1] : std::uint8_t{0};
    unsigned times = symbol == 16 ? 3 + bits.take(2) : symbol == 17 ? 3 + bits.take(3) : 11 + bits.take(7);
    if (i + times > literals + distances) return false;
    for (; times > 0; --times) lengths[i++] = repeated;
  }
  return true;
}

/// Appends the content of one block of codes; false when it is broken or too long.
inline bool inflate_block(DeflateBits& bits, const DeflateCode& literals, const DeflateCode& distances,
                          std::string& content, std::size_t max_size) {
  for (;;) {
    const unsigned symbol = literals.take(bits);
    if (bits.ended() || symbol > 285) return false;
    if (symbol == 256) return true;
    if (symbol < 256) {
      if (content.size() >= max_size) return false;
      content += static_cast<char>(symbol);
      continue;
    }
    // Lengths: 8 of one, then groups of four whose extra bits grow by one; 258 has a symbol of its own.
    const unsigned group = symbol < 265 ? 0 : (symbol - 261) / 4;
    unsigned length = symbol < 265 ? symbol - 254 : ((4 + (symbol - 261) % 4) << group) + 3;
    length = symbol == 285 ? 258 : length + bits.take(group);
    const unsigned code = distances.take(bits);
    if (code > 29) return false;
    const unsigned extra = code < 4 ? 0 : code / 2 - 1;
    const std::size_t distance = (code < 4 ? code : (2 + code % 2) << extra) + 1 + bits.take(extra);
    if (bits.ended() || distance > content.size() || length > max_size - content.size()) return false;
    for (; length > 0; --length) content += content[content.size() - distance];
  }
}

}  // namespace detail

SHARPEYE_BODY std::optional<std::string> inflate_zlib(std::string_view stream, std::size_t max_size) {
  if (stream.size() < 2 || (stream[0] & 15) != 8 || (stream[1] & 32) != 0) return std::nullopt;
  detail::DeflateBits bits(stream.substr(2));
  std::string content;
  for (bool last = false; !last;) {
    last = bits.take(1) != 0;
    const unsigned kind = bits.take(2);
    if (bits.ended() || kind == 3) return std::nullopt;
    if (kind == 0) {
      bits.align();
      const unsigned length = bits.take(16);
      if (bits.take(16) != (length ^ 0xffffu) || length > max_size - content.size()) return std::nullopt;
      for (unsigned i = 0; i < length; ++i) content += static_cast<char>(bits.take(8));
      if (bits.ended()) return std::nullopt;
      continue;
    }
    std::array<std::uint8_t, 320> lengths{};
    std::size_t literals = 288, distances = 30;
    if (kind == 2) {
      if (!detail::take_code_lengths(bits, lengths, literals, distances)) return std::nullopt;
    } else {
      for (std::size_t i = 0; i < 288; ++i) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
      for (std::size_t i = 288; i < 318; ++i) lengths[i] = 5;
    }
    if (!detail::inflate_block(bits, {lengths.data(), literals}, {lengths.data() + literals, distances}, content,
                               max_size)) {
      return std::nullopt;
    }
  }
  return content;
}

SHARPEYE_NAMESPACE_END
