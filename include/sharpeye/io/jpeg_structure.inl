#pragma once

/// @file
/// Bodies of jpeg_structure.hpp.

#include "sharpeye/io/jpeg_structure.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "sharpeye/io/byte_reader.hpp"
#include "sharpeye/io/exif.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// What decides how the samples of a JPEG are colours: libjpeg looks at it before the first scan, stb_image whenever it
/// comes by, and they disagree about rare files.
struct JpegColors {
  unsigned components = 0;
  bool is_jfif = false;
  int adobe_transform = -1;           ///< of the Adobe segment; -1 without one
  bool may_differ = false;            ///< there is something after the first scan that stb_image would look at
  std::string_view letters;           ///< the component ids, when they are the letters RGB
  std::vector<std::size_t> id_bytes;  ///< where they stand in the file, in frame and scan headers
};

inline bool is_adobe(unsigned marker, std::string_view content) noexcept {
  return marker == 0xee && content.size() >= 12 && content.substr(0, 5) == "Adobe";
}

/// What stands in a file against the rules, but is read by libjpeg: a frame of Motion JPEG leaves out the Huffman
/// tables that all its frames share, and some writers leave bytes between the segments.
struct JpegOddities {
  std::array<bool, 8> tables{};                             ///< which Huffman tables were defined, DC before AC
  bool lacks_tables = false;                                ///< a scan asks for one that was not
  std::vector<std::pair<std::size_t, std::size_t>> strays;  ///< where bytes between segments begin and end

  bool none() const noexcept { return !lacks_tables && strays.empty(); }

  void see_scan(std::string_view header) noexcept {
    if (header.empty()) return;
    for (std::size_t i = 2; i + 3 < header.size() && i <= 2 * static_cast<std::uint8_t>(header[0]); i += 2) {
      const unsigned use = static_cast<std::uint8_t>(header[i]);
      lacks_tables = lacks_tables || !tables[use >> 4 & 3u] || !tables[4 + (use & 3u)];
    }
  }
};

/// The segment of the tables of T.81 annex K.3, which AVI's Motion JPEG leaves out.
inline std::string standard_huffman_tables() {
  // Of each table: how many codes there are of 1 to 16 bits, and the symbols.
  static constexpr unsigned char kDc[2][16] = {{0, 1, 5, 1, 1, 1, 1, 1, 1}, {0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1}};
  static constexpr unsigned char kAc[2][16] = {{0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d},
                                               {0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77}};
  static constexpr const char* kAcSymbols[2] = {
      "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a343536373839"
      "3a43"
      "4445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9"
      "aa"
      "b2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
      "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a35363738"
      "393a"
      "434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7"
      "a8"
      "a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa"};
  std::string content;
  for (unsigned table = 0; table < 2; ++table) {
    content += static_cast<char>(table);
    content.append(reinterpret_cast<const char*>(kDc[table]), 16);
    for (char symbol = 0; symbol < 12; ++symbol) content += symbol;
    content += static_cast<char>(0x10 + table);
    content.append(reinterpret_cast<const char*>(kAc[table]), 16);
    unsigned digits = 0, value = 0;
    for (const char* digit = kAcSymbols[table]; *digit != 0; ++digit) {
      value = value << 4 | static_cast<unsigned>(*digit <= '9' ? *digit - '0' : *digit - 'a' + 10);
      if (++digits % 2 == 0) content += static_cast<char>(value & 0xffu);
    }
  }
  const std::size_t length = content.size() + 2;
  return std::string("\xff\xc4") + static_cast<char>(length >> 8) + static_cast<char>(length & 0xffu) + content;
}

/// The file up to its end marker without oddities.
inline std::string without_oddities(const JpegOddities& oddities, std::string plain) {
  for (auto stray = oddities.strays.rbegin(); stray != oddities.strays.rend(); ++stray) {
    plain.erase(stray->first, stray->second - stray->first);
  }
  if (oddities.lacks_tables) plain.insert(2, standard_huffman_tables());
  return plain;
}

/// The file up to its end marker with what makes stb_image see the colours that libjpeg sees; empty when it does
/// anyway. Four components: CMYK without an Adobe segment, and YCCK with one that does not say CMYK. Three: RGB only
/// when Adobe's transform is 0, or by the letters of the ids when there is neither an Adobe nor a JFIF segment.
inline std::string with_plain_colors(const JpegColors& colors, std::string_view until_end) {
  std::string plain;
  if (colors.components == 4) {
    const int transform = colors.adobe_transform <= 0 ? 0 : 2;
    if (colors.adobe_transform == transform && !colors.may_differ) return plain;
    // stb_image believes the last one.
    plain = until_end;
    plain += std::string(
                 "\xff\xee\0\x0e"
                 "Adobe\0\x64\0\0\0\0",
                 15) +
             static_cast<char>(transform) + "\xff\xd9";
  } else if (colors.components == 3 && !colors.letters.empty() && (colors.is_jfif || colors.adobe_transform > 0)) {
    plain = until_end;
    plain += "\xff\xd9";
    for (const std::size_t at : colors.id_bytes) {
      const std::size_t letter = colors.letters.find(plain[at]);
      if (letter != std::string_view::npos) plain[at] = static_cast<char>(letter + 1);
    }
  }
  return plain;
}

}  // namespace detail

SHARPEYE_BODY ImageStructure read_jpeg_structure(std::string_view bytes, std::string_view name,
                                                 std::uint64_t max_pixels) {
  ByteReader reader(bytes, name);
  require(reader.take(2) == "\xff\xd8", ErrorCode::kFormat, name, ": expected the JPEG marker SOI");
  ImageStructure structure;
  structure.format = ImageFormat::kJpeg;
  detail::JpegColors colors;
  detail::JpegOddities oddities;
  constexpr std::string_view kXmp("http://ns.adobe.com/xap/1.0/\0", 29);
  std::string_view exif, xmp;
  bool progressive = false;
  int scans = 0;
  for (;;) {
    // As libjpeg: what is no marker is skipped, and markers without content have no meaning here.
    const std::size_t end = reader.offset();
    std::size_t start = end;
    unsigned marker = 0;
    while (marker <= 1 || (marker >= 0xd0 && marker <= 0xd7)) {
      start = bytes.find('\xff', reader.offset());
      require(start != std::string_view::npos, ErrorCode::kFormat, name,
              ": truncated: expected a JPEG marker after offset ", end);
      reader.take(start - reader.offset() + 1);
      marker = 0xff;
      while (marker == 0xff) marker = reader.u8();
    }
    if (start != end) oddities.strays.emplace_back(end, start);
    if (marker == 0xd9) {  // EOI
      structure.plain = detail::with_plain_colors(colors, bytes.substr(0, start));
      if (oddities.none()) break;
      if (structure.plain.empty()) structure.plain = std::string(bytes.substr(0, start)) + "\xff\xd9";
      structure.plain = detail::without_oddities(oddities, std::move(structure.plain));
      break;
    }
    require(marker != 0xd8, ErrorCode::kFormat, name, ": expected one JPEG marker SOI, actual another at offset ",
            start);
    const unsigned length = reader.u16be();
    require(length >= 2, ErrorCode::kFormat, name, ": JPEG segment at offset ", start,
            ": expected a length of at least 2, actual ", length);
    const std::string_view content = reader.take(length - 2);
    const std::size_t content_start = reader.offset() - content.size();

    if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {  // SOFn
      const bool is_arithmetic = marker == 0xc9 || marker == 0xca;
      const char* kind = marker == 0xc3 || marker == 0xcb ? "lossless coding" : "hierarchical coding";
      require(marker <= 0xc2 || is_arithmetic, ErrorCode::kUnsupported, name,
              ": expected a baseline, extended or progressive JPEG, actual ", kind, " (SOF", marker - 0xc0,
              "): save it anew as an ordinary JPEG");
      if (is_arithmetic) structure.rare = concat("arithmetic coding (SOF", marker - 0xc0, ")");
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
        colors.id_bytes.push_back(content_start + 6 + 3 * i);
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
      colors.components = components;
      progressive = marker == 0xc2 || marker == 0xca;
      if (components == 3 && content[6] == 'R' && content[9] == 'G' && content[12] == 'B') colors.letters = "RGB";
    } else if (marker == 0xc4) {  // DHT; stb before 2.28 overran its tables when a code had more than 256 symbols
      for (ByteReader tables(content, name); tables.remaining() > 0;) {
        const std::string_view counts = tables.take(17).substr(1);
        unsigned symbols = 0;
        const unsigned table = static_cast<std::uint8_t>(content[content.size() - tables.remaining() - 17]);
        if ((table & 0xecu) == 0) oddities.tables[(table >> 4) * 4 + (table & 3u)] = true;
        for (const char count : counts) symbols += static_cast<std::uint8_t>(count);
        require(symbols <= 256, ErrorCode::kFormat, name, ": JPEG segment at offset ", start,
                ": expected at most 256 Huffman symbols, actual ", symbols);
        tables.take(symbols);
      }
    } else if (marker == 0xe1 && exif.empty() && content.substr(0, 5) == std::string_view("Exif\0", 5)) {
      exif = content.substr(std::min<std::size_t>(6, content.size()));
    } else if (marker == 0xe1 && scans == 0 && content.substr(0, kXmp.size()) == kXmp) {
      xmp = content.substr(kXmp.size());
    } else if (marker == 0xe0 && content.substr(0, 5) == std::string_view("JFIF\0", 5)) {
      colors.is_jfif = colors.is_jfif || scans == 0;
    } else if (detail::is_adobe(marker, content)) {
      if (scans == 0) colors.adobe_transform = static_cast<std::uint8_t>(content[11]);
      colors.may_differ = colors.may_differ || scans > 0 || content[5] != 0;
    } else if (marker == 0xda) {  // SOS
      if (!progressive && structure.rare.empty()) oddities.see_scan(content);
      for (std::size_t i = 1; i + 3 < content.size(); i += 2) colors.id_bytes.push_back(content_start + i);
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
  structure.orientation = picture_orientation(exif, xmp);
  return structure;
}

SHARPEYE_NAMESPACE_END
