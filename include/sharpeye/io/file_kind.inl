#pragma once

/// @file
/// Bodies of file_kind.hpp.

#include "sharpeye/io/file_kind.hpp"

#include <algorithm>
#include <cstddef>

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

struct FileSignature {
  std::size_t offset;
  std::string_view bytes;
  const char* kind;
};

/// The kind of a file that begins with a signature; null for none.
inline const char* signed_file_kind(std::string_view bytes) noexcept {
  using namespace std::string_view_literals;
  static constexpr FileSignature kSignatures[] = {
      // pictures
      {0, "\xff\xd8\xff"sv, "JPEG"},
      {0, "\x89PNG"sv, "PNG"},
      {0, "GIF87a"sv, "GIF"},
      {0, "GIF89a"sv, "GIF"},
      {8, "WEBP"sv, "WebP"},
      {0, "\0\0\0\x0cJXL \r\n\x87\n"sv, "JPEG XL"},
      {0, "\xff\x0a"sv, "JPEG XL"},
      {0, "\0\0\0\x0cjP  \r\n\x87\n"sv, "JPEG 2000"},
      {0, "\xff\x4f\xff\x51"sv, "JPEG 2000"},
      {0, "II\x2a\0"sv, "TIFF"},
      {0, "MM\0\x2a"sv, "TIFF"},
      {0, "II\x2b\0"sv, "TIFF"},
      {0, "MM\0\x2b"sv, "TIFF"},
      {0, "8BPS"sv, "a Photoshop document"},
      {0, "gimp xcf"sv, "a GIMP document"},
      {0, "\x76\x2f\x31\x01"sv, "OpenEXR"},
      {0, "#?RADIANCE"sv, "Radiance HDR"},
      {0, "qoif"sv, "QOI"},
      {0, "DDS "sv, "DDS"},
      {0, "BPG\xfb"sv, "BPG"},
      {0, "\0\0\1\0"sv, "an icon (ICO)"},
      {0, "\0\0\2\0"sv, "a cursor (CUR)"},
      {0, "icns"sv, "an icon (ICNS)"},
      {0, "FUJIFILMCCD-RAW"sv, "a camera's raw file"},
      // documents, films, sound
      {0, "%PDF-"sv, "PDF"},
      {0, "%!PS"sv, "PostScript"},
      {0, "{\\rtf"sv, "RTF"},
      {0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, "an old Office document"},
      {8, "AVI "sv, "AVI"},
      {8, "WAVE"sv, "WAV"},
      {0, "\x1a\x45\xdf\xa3"sv, "Matroska or WebM"},
      {0, "OggS"sv, "Ogg"},
      {0, "fLaC"sv, "FLAC"},
      {0, "ID3"sv, "MP3"},
      {0, "\0\0\1\xba"sv, "MPEG"},
      // archives
      {0, "\x1f\x8b"sv, "gzip"},
      {0, "BZh"sv, "bzip2"},
      {0,
       "\xfd"
       "7zXZ\0"sv,
       "xz"},
      {0, "\x28\xb5\x2f\xfd"sv, "zstd"},
      {0, "\x04\x22\x4d\x18"sv, "lz4"},
      {0, "7z\xbc\xaf\x27\x1c"sv, "7z"},
      {0, "Rar!\x1a\x07"sv, "RAR"},
      {257, "ustar"sv, "tar"},
      // weights and data
      {0, "GGUF"sv, "GGUF"},
      {0, "lmgg"sv, "GGML"},
      {0, "tjgg"sv, "GGML"},
      {4, "TFL3"sv, "TensorFlow Lite"},
      {0, "\x89HDF\r\n\x1a\n"sv, "HDF5"},
      {0, "\x93NUMPY"sv, "NumPy"},
      {0, "SQLite format 3\0"sv, "SQLite"},
      {0, "PAR1"sv, "Parquet"},
      {0, "ARROW1"sv, "Arrow"},
      {0,
       "\x7f"
       "ELF"sv,
       "an ELF program"},
      {0, "MZ"sv, "a Windows program"},
      {0, "version https://git-lfs.github.com/spec/"sv, "a Git LFS pointer"},
  };
  for (const FileSignature& signature : kSignatures) {
    if (signature.offset == 8 && bytes.substr(0, 4) != "RIFF") continue;
    if (bytes.size() >= signature.offset && bytes.substr(signature.offset, signature.bytes.size()) == signature.bytes) {
      return signature.kind;
    }
  }
  return nullptr;
}

/// The kind of a file whose bytes 4 to 8 are "ftyp": pictures and films in ISO's box format, told by their brands.
inline const char* box_file_kind(std::string_view bytes) noexcept {
  const std::string_view main = bytes.substr(8, 4);
  if (main == "qt  ") return "QuickTime";
  if (main == "crx ") return "a camera's raw file";
  const char* kind = "MP4";
  for (std::size_t at = 8; at + 4 <= bytes.size() && at < 64; at += at == 8 ? 8 : 4) {
    const std::string_view brand = bytes.substr(at, 4);
    if (brand == "avif" || brand == "avis") return "AVIF";
    if (brand.substr(0, 3) == "hei" || brand.substr(0, 3) == "hev" || brand == "mif1" || brand == "msf1") kind = "HEIC";
  }
  return kind;
}

inline char ascii_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Whether text begins so, in any case and after blanks.
inline bool text_begins(std::string_view text, std::string_view lower) noexcept {
  if (text.size() < lower.size()) return false;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    if (ascii_lower(text[i]) != lower[i]) return false;
  }
  return true;
}

/// The kind of a text by its markup; null for plain text.
inline const char* markup_kind(std::string_view text) noexcept {
  for (const char* tag : {"<!doctype html", "<html", "<head", "<body", "<title", "<script"}) {
    if (text_begins(text, tag)) return "an HTML page";
  }
  if (text_begins(text, "<svg") || text_begins(text, "<!doctype svg")) return "SVG";
  if (text_begins(text, "<?xml") || text_begins(text, "<!--")) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text_begins(text.substr(at), "<svg")) return "SVG";
      if (text_begins(text.substr(at), "<html")) return "an HTML page";
    }
    return "XML";
  }
  if (text_begins(text, "{") || text_begins(text, "[")) return "JSON";
  return nullptr;
}

/// Whether bytes can be text: UTF-8 or another superset of ASCII, without control characters or 0xff, which binary
/// files are full of.
inline bool looks_like_text(std::string_view bytes) noexcept {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && !(byte >= '\t' && byte <= '\r') && byte != 0x1b) || byte == 0x7f || byte == 0xff) return false;
  }
  return true;
}

}  // namespace detail

SHARPEYE_BODY std::string describe_file(std::string_view bytes) {
  if (bytes.empty()) return "an empty file";
  bytes = bytes.substr(0, 4096);
  const auto starts = [bytes](std::string_view magic) { return bytes.substr(0, magic.size()) == magic; };
  if (const char* kind = detail::signed_file_kind(bytes)) return kind;
  if (bytes.size() >= 12 && bytes.substr(4, 4) == "ftyp") return detail::box_file_kind(bytes);
  if (starts("PK\3\4") || starts("PK\5\6")) {
    return bytes.find("data.pkl") != std::string_view::npos ? "a PyTorch checkpoint (zip)" : "zip";
  }
  if (starts("\x80\2") || starts("\x80\3") || starts("\x80\4") || starts("\x80\5")) return "a Python pickle";
  if (bytes.size() > 9 && bytes.substr(5, 3) == std::string_view("\0\0\0", 3) && bytes[8] == '{') return "safetensors";
  if (bytes.find_first_not_of('\0') == std::string_view::npos) return "a file of zero bytes only";
  if (starts("\xff\xfe") || starts("\xfe\xff")) return "text in UTF-16";

  if (detail::looks_like_text(bytes)) {
    std::string_view text = bytes;
    if (starts("\xef\xbb\xbf")) text.remove_prefix(3);
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    if (text.empty()) return "blank text";
    if (const char* kind = detail::markup_kind(text)) return kind;
    if (text[0] == 'P' && text.size() > 1 && text[1] >= '1' && text[1] <= '3') return "a PNM file in decimal digits";
    if (detail::text_begins(text, "p7")) return "PAM";
    const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
    std::string quoted = "text that begins with \"";
    for (const char c : line.substr(0, 40)) quoted += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    return quoted + '"';
  }
  if (starts("P4") && bytes.size() > 2 && bytes[2] <= ' ') return "PBM";
  if (starts("P7\n")) return "PAM";
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hexadecimal = "a file of an unknown kind that begins with the bytes";
  for (const char c : bytes.substr(0, 8)) {
    const auto byte = static_cast<unsigned char>(c);
    hexadecimal += {' ', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return hexadecimal;
}

SHARPEYE_NAMESPACE_END
