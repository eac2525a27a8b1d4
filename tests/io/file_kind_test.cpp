#include "sharpeye/io/file_kind.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "io/io_support.hpp"
#include "sharpeye/io/image_decoder.hpp"

using namespace sharpeye;

namespace {

std::string bytes(const char* text, std::size_t size) {
  return std::string(text, size) + std::string(20, '\1');
}

}  // namespace

TEST_CASE("what a file is does not depend on its name") {
  const std::vector<std::pair<std::string, std::string>> kinds{
      {"", "an empty file"},
      {bytes("RIFF\x10\0\0\0WEBPVP8 ", 16), "WebP"},
      {bytes("RIFF\x10\0\0\0WAVEfmt ", 16), "WAV"},
      {bytes("\0\0\0\x18"
             "ftypheic\0\0\0\0mif1heic",
             24),
       "HEIC"},
      {bytes("\0\0\0\x18"
             "ftypmif1\0\0\0\0mif1heic",
             24),
       "HEIC"},
      {bytes("\0\0\0\x18"
             "ftypmif1\0\0\0\0mif1avif",
             24),
       "AVIF"},
      {bytes("\0\0\0\x18"
             "ftypavif\0\0\0\0avifmif1",
             24),
       "AVIF"},
      {bytes("\0\0\0\x18"
             "ftypisom\0\0\0\0isommp41",
             24),
       "MP4"},
      {bytes("\0\0\0\x14"
             "ftypqt  \0\0\0\0qt  ",
             20),
       "QuickTime"},
      {bytes("II\x2a\0", 4), "TIFF"},
      {bytes("MM\0\x2a", 4), "TIFF"},
      {bytes("\xff\x0a", 2), "JPEG XL"},
      {bytes("\0\0\0\x0cJXL \r\n\x87\n", 12), "JPEG XL"},
      {bytes("\0\0\0\x0cjP  \r\n\x87\n", 12), "JPEG 2000"},
      {bytes("\x89PNG\r\n\x1a\n", 8), "PNG"},
      {bytes("\xff\xd8\xff\xe0", 4), "JPEG"},
      {"%PDF-1.7\n%\xe2\xe3", "PDF"},
      {"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "SVG"},
      {"<?xml version=\"1.0\"?>\n<!-- drawn -->\n<svg/>", "SVG"},
      {"<?xml version=\"1.0\"?>\n<a/>", "XML"},
      {"\xef\xbb\xbf\r\n <!DOCTYPE html>\n<html>", "an HTML page"},
      {"<HTML><body>404", "an HTML page"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n", "a Git LFS pointer"},
      {"{\"error\": \"not found\"}", "JSON"},
      {bytes("\x1f\x8b\x08\0", 4), "gzip"},
      {bytes("PK\3\4\x14\0", 6), "zip"},
      {bytes("PK\3\4\0\0archive/data.pkl", 22), "a PyTorch checkpoint (zip)"},
      {bytes("\x80\2}q", 4), "a Python pickle"},
      {bytes("GGUF\3\0\0\0", 8), "GGUF"},
      {bytes("\x93NUMPY\1\0", 8), "NumPy"},
      {bytes("\x89HDF\r\n\x1a\n", 8), "HDF5"},
      {bytes("\x10\0\0\0\0\0\0\0{\"a\":", 13), "safetensors"},
      {std::string(257, 'a') + "ustar", "tar"},
      {std::string(100, '\0'), "a file of zero bytes only"},
      {"P3\n1 1\n255\n1 2 3\n", "a PNM file in decimal digits"},
      {"  \n", "blank text"},
      {"Not found\nsorry", "text that begins with \"Not found\""},
      {"\1\2\xfe\xff", "a file of an unknown kind that begins with the bytes 01 02 fe ff"},
  };
  for (const auto& [content, kind] : kinds) CHECK(describe_file(content) == kind);
}

TEST_CASE("every beginning of a file is described") {
  for (const std::string& whole :
       {bytes("\0\0\0\x18"
              "ftypmif1\0\0\0\0mif1avif",
              24),
        bytes("RIFF\x10\0\0\0WEBP", 12), std::string("<?xml version=\"1.0\"?><svg/>"), std::string(300, 'x')}) {
    for (std::size_t size = 0; size <= whole.size(); ++size) CHECK_FALSE(describe_file(whole.substr(0, size)).empty());
  }
}

TEST_CASE("a file that is no picture says what it is, whatever its name says") {
  for (const char* name : {"photo.jpg", "photo.png", "photo.tga", "photo"}) {
    const auto refused = [&](const std::string& content, const std::string& part) {
      test::check_error(ErrorCode::kUnsupported, std::string(name) + ": expected a JPEG",
                        [&] { read_image_structure(content, name, 100); });
      test::check_error(ErrorCode::kUnsupported, "actual " + part, [&] { read_image_structure(content, name, 100); });
    };
    refused("", "an empty file");
    refused("8BPS....", "a Photoshop document");
    refused("<!doctype html>", "an HTML page");
    refused("version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer");
  }
}
