#include <doctest/doctest.h>

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "sharpeye/core/file.hpp"
#include "sharpeye/io/byte_reader.hpp"
#include "sharpeye/io/image_decoders.hpp"
#include "sharpeye/io/jpeg_structure.hpp"
#include "sharpeye/io/png_structure.hpp"
#include "sharpeye/io/stb_image_decoder.hpp"
#include "sharpeye/io/stb_png_writer.hpp"
#include "support/image_golden.hpp"
#include "support/paths.hpp"

using namespace sharpeye;

namespace {

const ImageDecoder& kDecoder = default_decoder();
const StbImageDecoder kStb;

std::string load(const std::string& name) {
  return read_file(test::fixture("image/" + name), 1 << 20);
}

bool ends_with(const std::string& name, const std::string& ending) {
  return name.size() >= ending.size() && name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
}

/// Whether a decoder knows a fixture: stb_image has no arithmetic coding.
bool reads(const ImageDecoder& decoder, const std::string& name) {
  const bool is_rare = name.find("arithmetic") == 0;
  return decoder.can_decode(image_format(load(name), name)) && !(is_rare && decoder.library() == "stb_image");
}

/// Every file of fixtures/image that has what is expected of it beside it, and that this build decodes.
std::vector<std::string> fixtures() {
  const std::string expected = ".expected.ppm";
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(test::fixture("image"))) {
    std::string name = entry.path().filename().string();
    if (!ends_with(name, expected)) continue;
    name.resize(name.size() - expected.size());
    const auto known = decoders();
    if (std::any_of(known.begin(), known.end(), [&](const ImageDecoder* one) { return reads(*one, name); })) {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

const std::vector<std::string> kFixtures = fixtures();

/// The decoders that know a fixture: more than one where a library stands before stb_image.
std::vector<const ImageDecoder*> decoders_of(const std::string& name) {
  std::vector<const ImageDecoder*> known;
  for (const ImageDecoder* decoder : decoders()) {
    if (reads(*decoder, name)) known.push_back(decoder);
  }
  return known;
}

/// stb_image is within 3 levels of libjpeg where no colour is halved, or it changes slowly; all else is exact.
int tolerance(const ImageDecoder& decoder, const std::string& name) {
  if (!ends_with(name, ".jpg") || decoder.library() != "stb_image") return 0;
  return name.find("42") == 0 ? 64 : 3;
}

/// The error of an action, or kCancelled where there was none.
ErrorCode error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kCancelled;
}

ErrorCode decode_error(const std::string& bytes, const std::string& name = "x") {
  return error_of([&] { kDecoder.decode(bytes, name); });
}

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xffu);
  return bytes;
}

std::string chunk(const std::string& type, const std::string& content) {
  return big_endian(static_cast<std::uint32_t>(content.size())) + type + content + big_endian(crc32(type + content));
}

/// Makes the CRC of every chunk right again, so that damage reaches the decoder.
std::string with_right_crcs(std::string png) {
  for (std::size_t at = 8; at + 12 <= png.size();) {
    const std::size_t length = ByteReader::big_endian(std::string_view(png).substr(at, 4));
    if (length > png.size() - at - 12) break;
    png.replace(at + 8 + length, 4, big_endian(crc32(std::string_view(png).substr(at + 4, 4 + length))));
    at += 12 + length;
  }
  return png;
}

}  // namespace

TEST_CASE("fixtures of every format decode as Pillow decodes them") {
  for (const std::string& name : kFixtures) {
    CAPTURE(name);
    const Image expected = read_image(test::fixture("image/" + name + ".expected.ppm"), kDecoder);
    for (const ImageDecoder* decoder : decoders_of(name)) {
      CAPTURE(decoder->library());
      const Image actual = upright(decoder->decode(load(name), name));
      REQUIRE(actual.width() == expected.width());
      REQUIRE(actual.height() == expected.height());
      int difference = 0;
      for (std::size_t i = 0; i < actual.pixels().size(); ++i) {
        difference = std::max(difference, std::abs(actual.pixels()[i] - expected.pixels()[i]));
      }
      CHECK(difference <= tolerance(*decoder, name));
    }
  }
  CHECK(kFixtures.size() >= 100);  // 114 with WebP
}

TEST_CASE("a decoder says how a picture was held, and does not turn it") {
  const Image stored = kDecoder.decode(load("orientation_6.png"), "x");
  CHECK(stored.width() == 24);
  CHECK(stored.height() == 16);
  CHECK(stored.orientation() == 6);
  CHECK(to_rgb(stored).orientation() == 6);
  const Image turned = upright(stored);
  CHECK(turned.width() == 16);
  CHECK(turned.height() == 24);
  CHECK(turned.orientation() == 1);
  CHECK(kDecoder.decode(encode_png(stored), "x").pixels() == turned.pixels());
  for (int orientation = 1; orientation <= 8; ++orientation) {
    CHECK(kDecoder.decode(load("orientation_" + std::to_string(orientation) + ".jpg"), "x").orientation() ==
          orientation);
  }
}

TEST_CASE("the listed decoders decode every format but WebP, which needs its library") {
  for (const ImageFormat format : {ImageFormat::kJpeg, ImageFormat::kPng, ImageFormat::kGif, ImageFormat::kBmp,
                                   ImageFormat::kPnm, ImageFormat::kTga}) {
    CHECK(default_decoder().can_decode(format));
  }
  for (const ImageDecoder* decoder : decoders()) CHECK_FALSE(decoder->library().empty());
  const ErrorCode webp = error_of([] { default_decoder().decode(std::string("RIFF\x0c\0\0\0WEBPVP8 ", 16), "x.jpg"); });
  CHECK(webp == (default_decoder().can_decode(ImageFormat::kWebp) ? ErrorCode::kFormat : ErrorCode::kUnsupported));
}

TEST_CASE("PngSuite decodes as Pillow decodes it, and its corrupt files are refused") {
  const std::string data = test::shared_data();
  if (data.empty()) {
    MESSAGE("skipped: no shared test data");
    return;
  }
  std::ifstream list(test::fixture("image/pngsuite.txt"));
  std::string name, rest;
  int decoded = 0, refused = 0;
  for (; list >> name && std::getline(list, rest);) {
    CAPTURE(name);
    const std::string path = data + "/pngsuite/" + name;
    if (name.find("corrupt/") == 0) {
      CHECK(error_of([&] { read_image(path, kDecoder); }) != ErrorCode::kCancelled);
      ++refused;
      continue;
    }
    const Image image = upright(read_image(path, kDecoder));
    std::ostringstream actual;
    actual << ' ' << image.width() << ' ' << image.height() << ' ' << std::hex;
    actual.fill('0');
    actual.width(16);
    actual << test::fnv1a(image);
    CHECK(actual.str() == rest);
    ++decoded;
  }
  CHECK(decoded == 100);
  CHECK(refused == 14);
}

TEST_CASE("a truncated file is refused, wherever it ends") {
  for (const std::string& name : kFixtures) {
    const std::string whole = load(name);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      // After its pixels a TGA has only a footer, a GIF only further frames and a trailer, an RLE picture only its end:
      // not needed. That the last number of a PNM in digits lost a digit cannot be seen.
      const bool needed = decode_error(whole.substr(0, size), name) != ErrorCode::kCancelled;
      const bool may_lack_end = ends_with(name, ".tga") || ends_with(name, ".gif") || name.find("rle") == 0 ||
                                (whole[0] == 'P' && whole[1] <= '3' && size + 4 >= whole.size());
      if (!needed && !may_lack_end) FAIL_CHECK(name << " decoded from its first " << size << " bytes");
      if (!needed && whole[0] != 'P') {
        CHECK_MESSAGE(kDecoder.decode(whole.substr(0, size), name).pixels() == kDecoder.decode(whole, name).pixels(),
                      name);
      }
    }
  }
}

TEST_CASE("single damaged bytes give an error or an image, and the image is the same each time") {
  for (const std::string& name : kFixtures) {
    const std::string whole = load(name);
    const bool png = ends_with(name, ".png");
    const std::size_t step = whole.size() < 4000 ? 1 : 37;
    for (const ImageDecoder* decoder : decoders_of(name)) {
      for (std::size_t at = 0; at < whole.size(); at += step) {
        for (const int flip : {0x01, 0x10, 0x80, 0xff}) {
          std::string damaged = whole;
          damaged[at] = static_cast<char>(damaged[at] ^ flip);
          if (png) damaged = with_right_crcs(damaged);
          std::vector<std::uint8_t> first;
          const ErrorCode code = error_of([&] { first = decoder->decode(damaged, name, {1 << 16}).pixels(); });
          const bool expected = code == ErrorCode::kCancelled || code == ErrorCode::kFormat ||
                                code == ErrorCode::kUnsupported || code == ErrorCode::kLimit;
          if (!expected) FAIL_CHECK(name << " with byte " << at << " damaged: " << to_string(code));
          if (!first.empty() && first != decoder->decode(damaged, name, {1 << 16}).pixels()) {
            FAIL_CHECK(name << " with byte " << at << " damaged decodes differently each time");
          }
        }
      }
    }
  }
}

TEST_CASE("the pixel budget is checked in the header, before the decoder runs") {
  // 26,000 x 26,000 one-bit pixels; stb_image would take 2.5 GB for the real file of 82 KB.
  const std::string header = big_endian(26000) + big_endian(26000) + std::string("\1\0\0\0\0", 5);
  const std::string bomb =
      std::string(kPngSignature) + chunk("IHDR", header) + chunk("IDAT", std::string(82000, 'x')) + chunk("IEND", "");
  const auto start = std::chrono::steady_clock::now();
  CHECK(decode_error(bomb) == ErrorCode::kLimit);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(10));

  for (const std::string& name : kFixtures) {
    const Image whole = kDecoder.decode(load(name), name);
    const auto pixels = static_cast<std::uint64_t>(whole.width() * whole.height());
    if (pixels == 1) continue;
    CHECK_NOTHROW(kDecoder.decode(load(name), name, {pixels}));
    CHECK(error_of([&] { kDecoder.decode(load(name), name, {pixels - 1}); }) == ErrorCode::kLimit);
  }
}

TEST_CASE("a PNG cannot inflate beyond what its header declares") {
  const std::string bomb = load("inflate_bomb.png");  // 8 x 8 pixels, 4,000,000 bytes inflated
  CHECK(error_of([&] { kStb.decode(bomb, "x"); }) == ErrorCode::kFormat);
  decode_error(bomb);  // libpng stops reading when it has the pixels
}

TEST_CASE("a JPEG of more than 100 scans is refused") {
  const std::string jpeg = load("progressive_420.jpg");
  const std::size_t last_scan = jpeg.rfind("\xff\xda");
  const std::string scan = jpeg.substr(last_scan, jpeg.size() - 2 - last_scan);
  const auto repeated = [&](int times) {
    std::string bytes = jpeg.substr(0, last_scan);
    for (int i = 0; i < times; ++i) bytes += scan;
    return bytes + "\xff\xd9";
  };
  int scans = 0;
  for (std::size_t at = 0; (at = jpeg.find("\xff\xda", at)) != std::string::npos; ++at) ++scans;
  CHECK(read_jpeg_structure(repeated(101 - scans), "x", 1000).width == 24);
  CHECK(decode_error(repeated(102 - scans)) == ErrorCode::kLimit);
}

TEST_CASE("PNG chunks out of order, repeated, missing or unknown are refused") {
  const std::string png = load("palette.png");
  const std::string signature(kPngSignature);
  const auto part = [&](const char* type) {
    const std::size_t at = png.find(type) - 4;
    return png.substr(at, 12 + ByteReader::big_endian(std::string_view(png).substr(at, 4)));
  };
  const std::string ihdr = part("IHDR"), plte = part("PLTE"), idat = part("IDAT"), iend = part("IEND");
  CHECK(decode_error(signature + ihdr + plte + idat + iend) == ErrorCode::kCancelled);
  CHECK(decode_error(signature + ihdr + plte + chunk("teXt", "x") + idat + iend + "rest") == ErrorCode::kCancelled);
  for (const std::string& chunks :
       {ihdr + idat + iend, ihdr + plte + plte + idat + iend, ihdr + idat + plte + iend, ihdr + plte + iend,
        ihdr + ihdr + plte + idat + iend, plte + ihdr + idat + iend, ihdr + plte + idat, idat + iend, std::string(),
        ihdr + plte + idat + chunk("teXt", "x") + idat + iend, ihdr + plte + idat + chunk("IEND", "x"),
        ihdr + chunk("PLTE", "xx") + idat + iend, ihdr + chunk("PLTE", std::string(771, 'x')) + idat + iend}) {
    CHECK(decode_error(signature + chunks) == ErrorCode::kFormat);
  }
  CHECK(decode_error(signature + ihdr + plte + chunk("XXXX", "") + idat + iend) == ErrorCode::kUnsupported);
  CHECK(decode_error(signature + chunk("CgBI", "    ") + ihdr + plte + idat + iend) == ErrorCode::kFormat);
}

TEST_CASE("kinds that are not supported say so") {
  CHECK(decode_error("P6\n1 1\n65536\n123456") == ErrorCode::kFormat);
  CHECK(decode_error("P2\n1 1\n15\n16") == ErrorCode::kFormat);
  CHECK(decode_error("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nMAXVAL 255\nENDHDR\n12345") == ErrorCode::kUnsupported);
  CHECK(decode_error("P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nENDHDR\n123") == ErrorCode::kFormat);
  CHECK(decode_error("P5\n1 -1\n255\n1") == ErrorCode::kFormat);
  CHECK(decode_error("P5\n99999999999999999999 1\n255\n1") == ErrorCode::kFormat);
  CHECK(decode_error("P5\n0 1\n255\n1") == ErrorCode::kFormat);
  CHECK(decode_error(load("rgb.tga"), "photo.raw") == ErrorCode::kUnsupported);  // a TGA is known by its name only
  CHECK(decode_error(load("rgb.tga"), "PHOTO.TGA") == ErrorCode::kCancelled);
  CHECK(decode_error("any text is no picture", "text.tga") == ErrorCode::kUnsupported);
  CHECK(decode_error("") == ErrorCode::kUnsupported);
  const std::string data = test::shared_data();
  if (data.empty()) {
    MESSAGE("skipped: no shared test data");
    return;
  }
  CHECK(error_of([&] { read_image(data + "/jpeg/testimgari.jpg", kStb); }) == ErrorCode::kUnsupported);    // arithmetic
  CHECK(error_of([&] { read_image(data + "/jpeg/monkey12.jpg", kDecoder); }) == ErrorCode::kUnsupported);  // 12 bits
  CHECK(read_image(data + "/jpeg/testimgint.jpg", kDecoder).width() == 227);
}

TEST_CASE("a BMP palette index out of range is refused") {
  std::string bmp = load("bilevel.bmp");
  CHECK(decode_error(bmp) == ErrorCode::kCancelled);
  bmp.erase(58, 4);  // the second of two palette entries
  bmp[10] = 58;
  CHECK(decode_error(bmp) == ErrorCode::kFormat);
}

TEST_CASE("the trials of public files: as Pillow, or refused with the reason") {
  const std::string data = test::shared_data() + "/trials/";
  if (!std::filesystem::exists(data)) {
    MESSAGE("skipped: no shared test data");
    return;
  }
  for (const auto& entry : std::filesystem::directory_iterator(data)) {
    const std::string name = entry.path().filename().string();
    CAPTURE(name);
    if (name != "README.md") CHECK_NOTHROW(read_image(entry.path().string(), kDecoder));
  }
  for (const char* name : {"ex_long6.jpg", "xmp6.jpg", "png_rawexif6.png"}) {
    CHECK(read_image(data + name, kDecoder).orientation() == 6);
  }
}

TEST_CASE("pictures of kinds that are not read say what to do") {
  const std::pair<std::string, std::string> files[] = {{std::string("\0\0\0\x18"
                                                                    "ftypheic\0\0\0\0mif1heic",
                                                                    24),
                                                        "HEIC"},
                                                       {std::string("\0\0\0\x18"
                                                                    "ftypavif\0\0\0\0mif1avif",
                                                                    24),
                                                        "AVIF"},
                                                       {std::string("II\x2a\0\x08\0\0\0", 8), "TIFF"},
                                                       {std::string("\xff\x0a", 2), "JPEG XL"}};
  for (const auto& [bytes, kind] : files) {
    try {
      kDecoder.decode(bytes, "photo.jpg");
      FAIL_CHECK(kind << " was decoded");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kUnsupported);
      CHECK(std::string(error.what()).find("actual " + kind + ", which is not read: save it as JPEG or PNG first") !=
            std::string::npos);
    }
  }
  std::string lossless = load("gray.jpg");
  lossless[lossless.find("\xff\xc0") + 1] = '\xc3';
  const std::tuple<std::string, const ImageDecoder*, std::string> codings[] = {
      {lossless, &kDecoder, "actual lossless coding (SOF3): save it anew as an ordinary JPEG"},
      {load("arithmetic_17x9.jpg"), &kStb, "actual arithmetic coding (SOF9), which stb_image does not read"},
      {load("arithmetic_progressive_24x16.jpg"), &kStb, "actual arithmetic coding (SOF10), which stb_image does not"}};
  for (const auto& [bytes, decoder, words] : codings) {
    try {
      decoder->decode(bytes, "x");
      FAIL_CHECK("it was decoded, without " << words);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kUnsupported);
      CHECK(std::string(error.what()).find(words) != std::string::npos);
    }
  }
}

TEST_CASE("a decoder's own error has the file's name and the reason") {
  std::string jpeg = load("gray.jpg");
  jpeg[jpeg.find("\xff\xc4") + 5] = 17;  // a Huffman table with too many codes of one bit
  for (const ImageDecoder* decoder : decoders_of("gray.jpg")) {
    try {
      decoder->decode(jpeg, "broken.jpg");
      FAIL_CHECK(decoder->library() << " decoded it");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kFormat);
      CHECK(std::string(error.what()).find("broken.jpg: ") == 0);
    }
  }
}

TEST_CASE("a picture comes through a pipe as from a file") {
  const test::TemporaryFolder folder;
  const std::string pipe = folder / "pipe", bytes = load("orientation_6.jpg");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  std::thread writer([&] { std::ofstream(pipe, std::ios::binary) << bytes; });
  const Image image = read_image(pipe, kDecoder);
  writer.join();
  CHECK(image.pixels() == kDecoder.decode(bytes, "x").pixels());
}

TEST_CASE("a PNG that is written reads back, and replaces the file that was there") {
  Image image(37, 5);
  for (Index y = 0; y < 5; ++y)
    for (Index i = 0; i < 3 * 37; ++i) image.row(y)[i] = static_cast<std::uint8_t>(i * i + 29 * y);
  const test::TemporaryFolder folder;
  const std::string path = folder / "image.png";
  write_png(path, Image(1, 1));
  write_png(path, image);
  const Image read = read_image(path, kDecoder);
  CHECK(read.width() == 37);
  CHECK(read.pixels() == image.pixels());
  CHECK_THROWS_AS(write_png(folder / "none/image.png", image), Error);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}
