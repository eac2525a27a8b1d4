#pragma once

/// @file
/// A cursor over the bytes of a file that refuses to read past the end.

#include <cstdint>
#include <string_view>

#include "sharpeye/core/error.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Reads numbers and runs of bytes in order. The bytes and the name must outlive the reader.
class ByteReader {
 public:
  ByteReader(std::string_view bytes, std::string_view name) noexcept : bytes_(bytes), name_(name) {}

  std::size_t offset() const noexcept { return offset_; }
  std::size_t remaining() const noexcept { return bytes_.size() - offset_; }

  /// The next `count` bytes. @throws Error kFormat when the file ends before.
  std::string_view take(std::uint64_t count) {
    require(count <= remaining(), ErrorCode::kFormat, name_, ": truncated: expected ", count, " bytes at offset ",
            offset_, ", actual ", remaining());
    const std::string_view taken = bytes_.substr(offset_, static_cast<std::size_t>(count));
    offset_ += taken.size();
    return taken;
  }

  /// Unsigned integers of 1, 2 and 4 bytes, big-endian (`be`) and little-endian (`le`). @throws Error kFormat as
  /// take().
  std::uint8_t u8() { return static_cast<std::uint8_t>(take(1)[0]); }
  std::uint16_t u16be() { return static_cast<std::uint16_t>(big_endian(take(2))); }
  std::uint32_t u32be() { return big_endian(take(4)); }
  std::uint16_t u16le() { return static_cast<std::uint16_t>(little_endian(take(2))); }
  std::uint32_t u24le() { return little_endian(take(3)); }
  std::uint32_t u32le() { return little_endian(take(4)); }

  /// The number that at most four bytes spell.
  static std::uint32_t big_endian(std::string_view bytes) noexcept {
    std::uint32_t value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
  }
  static std::uint32_t little_endian(std::string_view bytes) noexcept {
    std::uint32_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
    return value;
  }

 private:
  std::string_view bytes_;
  std::string_view name_;
  std::size_t offset_ = 0;
};

SHARPEYE_NAMESPACE_END
