/// Any bytes, given to the image decoder under a name that also admits TGA. The first byte chooses whether the CRCs of
/// a PNG are made right, without which no mutation would reach the inflater.

#include <cstddef>
#include <cstdint>
#include <string>

#include "sharpeye/io/stb_image_decoder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if ((data[0] & 1u) != 0) {
    for (std::size_t at = 8; at + 12 <= bytes.size();) {
      const std::size_t length = sharpeye::ByteReader::big_endian(std::string_view(bytes).substr(at, 4));
      if (length > bytes.size() - at - 12) break;
      const std::uint32_t crc = sharpeye::crc32(std::string_view(bytes).substr(at + 4, 4 + length));
      for (unsigned i = 0; i < 4; ++i) bytes[at + 8 + length + i] = static_cast<char>(crc >> (24 - 8 * i) & 0xffu);
      at += 12 + length;
    }
  }
  try {
    sharpeye::DecodeOptions options;
    options.max_pixels = 1 << 16;
    sharpeye::StbImageDecoder().decode(bytes, ".tga", options);
  } catch (const sharpeye::Error&) {
  }
  return 0;
}
