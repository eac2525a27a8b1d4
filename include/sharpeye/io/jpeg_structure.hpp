#pragma once

/// @file
/// The marker segments of JPEG (ITU-T T.81 annex B). stb_image accepts a file that stops in the middle of a scan and
/// decodes any number of scans.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "sharpeye/io/image_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Every scan may visit every pixel, so scans bound the work that a small file can ask for. Encoders write about ten.
inline constexpr int kMaxJpegScans = 100;

/// Walks the segments of a JPEG file from SOI to EOI; what follows EOI is ignored.
/// @throws Error kFormat for a missing or repeated frame header, no scan, or a truncated file; kUnsupported for
/// arithmetic, lossless or 12-bit coding, a height of 0 (DNL), or sampling factors that do not divide; kLimit for more
/// than kMaxJpegScans scans and as declare_size().
inline ImageStructure read_jpeg_structure(std::string_view bytes, std::string_view name, std::uint64_t max_pixels) {
  ByteReader reader(bytes, name);
  require(reader.take(2) == "\xff\xd8", ErrorCode::kFormat, name, ": expected the JPEG marker SOI");
  ImageStructure structure;
  structure.format = ImageFormat::kJpeg;
  int scans = 0;
  for (;;) {
    const std::size_t start = reader.offset();
    require(reader.u8() == 0xff, ErrorCode::kFormat, name, ": expected a JPEG marker at offset ", start);
    unsigned marker = 0xff;
    while (marker == 0xff) marker = reader.u8();
    if (marker == 0xd9) break;  // EOI
    const unsigned length = reader.u16be();
    require(length >= 2, ErrorCode::kFormat, name, ": JPEG segment at offset ", start,
            ": expected a length of at least 2, actual ", length);
    const std::string_view content = reader.take(length - 2);

    if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {  // SOFn
      require(marker <= 0xc2, ErrorCode::kUnsupported, name,
              ": expected a baseline, extended or progressive Huffman JPEG, actual frame type SOF", marker - 0xc0);
      require(structure.width == 0, ErrorCode::kFormat, name, ": expected one JPEG frame header, actual a second one");
      ByteReader frame(content, name);
      const unsigned precision = frame.u8();
      require(precision == 8, ErrorCode::kUnsupported, name, ": expected 8-bit JPEG samples, actual ", precision);
      const unsigned height = frame.u16be(), width = frame.u16be();
      require(height != 0, ErrorCode::kUnsupported, name, ": expected the JPEG's height in its frame header");
      declare_size(structure, width, height, name, max_pixels);
      const unsigned components = frame.u8();
      require(components == 1 || components == 3 || components == 4, ErrorCode::kUnsupported, name,
              ": expected 1, 3 or 4 JPEG components, actual ", components);
      std::array<unsigned, 4> across{1, 1, 1, 1}, down{1, 1, 1, 1};
      for (std::size_t i = 0; i < components; ++i) {
        const std::string_view component = frame.take(3);
        across[i] = static_cast<std::uint8_t>(component[1]) >> 4;
        down[i] = static_cast<std::uint8_t>(component[1]) & 15u;
        require(across[i] >= 1 && across[i] <= 4 && down[i] >= 1 && down[i] <= 4, ErrorCode::kFormat, name,
                ": expected JPEG sampling factors of 1 to 4, actual ", across[i], " x ", down[i]);
      }
      for (std::size_t i = 0; i < components; ++i) {  // stb before 2.28 overran its buffers here (CVE-2021-37789)
        require(*std::max_element(across.begin(), across.end()) % across[i] == 0 &&
                    *std::max_element(down.begin(), down.end()) % down[i] == 0,
                ErrorCode::kUnsupported, name, ": expected JPEG sampling factors that divide the largest one");
      }
    } else if (marker == 0xc4) {  // DHT; stb before 2.28 overran its tables when a code had more than 256 symbols
      for (ByteReader tables(content, name); tables.remaining() > 0;) {
        const std::string_view counts = tables.take(17).substr(1);
        unsigned symbols = 0;
        for (const char count : counts) symbols += static_cast<std::uint8_t>(count);
        require(symbols <= 256, ErrorCode::kFormat, name, ": JPEG segment at offset ", start,
                ": expected at most 256 Huffman symbols, actual ", symbols);
        tables.take(symbols);
      }
    } else if (marker == 0xe1 && structure.exif.empty() && content.substr(0, 5) == std::string_view("Exif\0", 5)) {
      structure.exif = content.substr(std::min<std::size_t>(6, content.size()));
    } else if (marker == 0xda) {  // SOS
      require(structure.width != 0, ErrorCode::kFormat, name, ": expected a JPEG frame header before the first scan");
      require(++scans <= kMaxJpegScans, ErrorCode::kLimit, name, ": expected at most ", kMaxJpegScans, " JPEG scans");
      for (;;) {  // entropy-coded data ends at a marker that is neither a stuffed zero nor RSTn
        const std::size_t at = bytes.find('\xff', reader.offset());
        require(at != std::string_view::npos && at + 1 < bytes.size(), ErrorCode::kFormat, name,
                ": truncated: expected the end of JPEG scan ", scans);
        const auto next = static_cast<std::uint8_t>(bytes[at + 1]);
        const bool data = next == 0 || (next >= 0xd0 && next <= 0xd7);
        reader.take(at - reader.offset() + (data ? 2 : 0));
        if (!data) break;
      }
    }
  }
  require(scans > 0, ErrorCode::kFormat, name, ": expected a JPEG scan before EOI");
  return structure;
}

SHARPEYE_NAMESPACE_END
