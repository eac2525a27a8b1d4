/// Any bytes, given to every image decoder of the build that knows their format. The first byte chooses whether the
/// CRCs of a PNG are made right, without which no mutation would reach the inflater, and a name that admits TGA or DIB.

#include <cstddef>
#include <cstdint>
#include <string>

#include "sharpeye/io/byte_reader.hpp"
#include "sharpeye/io/image_decoders.hpp"
#include "sharpeye/io/png_structure.hpp"

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
  const char* name = (data[0] & 2u) != 0 ? ".dib" : ".tga";
  sharpeye::DecodeOptions options;
  options.max_pixels = 1 << 16;
  for (const sharpeye::ImageDecoder* decoder : sharpeye::decoders()) {
    try {
      if (decoder->can_decode(sharpeye::image_format(bytes, name))) decoder->decode(bytes, name, options);
    } catch (const sharpeye::Error&) {
    }
  }
  return 0;
}
