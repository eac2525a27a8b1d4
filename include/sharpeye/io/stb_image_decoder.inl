#pragma once

/// @file
/// Bodies of stb_image_decoder.hpp: the only place that sees stb_image.

#ifdef STBI_INCLUDE_STB_IMAGE_H
#error "sharpeye/io/stb_image_decoder.inl configures stb_image.h, which this source file has already included"
#endif

#include "sharpeye/io/stb_image_decoder.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

SHARPEYE_NAMESPACE_BEGIN

/// stb_image's allocator: zeroed, so that nothing left in memory can become pixels, and limited per decode, so that a
/// file cannot inflate to more than its header declares. stb passes no context through, hence the thread-local.
namespace stb_memory {

inline thread_local std::uint64_t remaining = 0;  ///< bytes that the running decode may still take
inline constexpr std::size_t kHeader = 16;        ///< before each block: its size; 16 keeps blocks aligned for SSE

inline void* allocate(std::size_t size) noexcept {
  if (size > remaining) return nullptr;
  auto* block = static_cast<char*>(std::calloc(1, size + kHeader));
  if (block == nullptr) return nullptr;
  std::memcpy(block, &size, sizeof size);
  remaining -= size;
  return block + kHeader;
}

inline void release(void* pointer) noexcept {
  if (pointer == nullptr) return;
  char* block = static_cast<char*>(pointer) - kHeader;
  std::size_t size;
  std::memcpy(&size, block, sizeof size);
  remaining += size;
  std::free(block);
}

inline void* reallocate(void* pointer, std::size_t old_size, std::size_t new_size) noexcept {
  void* moved = allocate(new_size);
  if (moved == nullptr || pointer == nullptr) return moved;
  std::memcpy(moved, pointer, old_size < new_size ? old_size : new_size);
  release(pointer);
  return moved;
}

}  // namespace stb_memory

SHARPEYE_NAMESPACE_END

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_MAX_DIMENSIONS (1 << 16)  // kMaxImageSide
#define STBI_MALLOC(size) ::sharpeye::stb_memory::allocate(size)
#define STBI_REALLOC_SIZED(pointer, old_size, new_size) ::sharpeye::stb_memory::reallocate(pointer, old_size, new_size)
#define STBI_FREE(pointer) ::sharpeye::stb_memory::release(pointer)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wunused-function"
#if defined(__clang__)
// Where JPEG data stops too early, stb before 2.28 shifts a zero by more than 31 bits: undefined, yet always zero.
#pragma clang attribute push(__attribute__((no_sanitize("shift-exponent"))), apply_to = function)
#endif
#include <stb/stb_image.h>
#if defined(__clang__)
#pragma clang attribute pop
#endif
#pragma GCC diagnostic pop

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY std::string StbImageDecoder::library() const {
  return "stb_image";
}

// stb_image is static: header-only, each source file has its own copy, and the linker keeps one of the bodies below
// with the copy that belongs to it. So all that is asked of stb_image, down to its last error, is asked in this one
// function.
SHARPEYE_BODY Image StbImageDecoder::decode(std::string_view bytes, std::string_view name,
                                            const DecodeOptions& options) const {
  const ImageStructure structure = read_image_structure(bytes, name, options.max_pixels);
  require(can_decode(structure.format), ErrorCode::kUnsupported, name, ": expected a JPEG or a PNG");
  require(structure.rare.empty(), ErrorCode::kUnsupported, name, ": expected a Huffman-coded JPEG, actual ",
          structure.rare,
          ", which stb_image does not read: build with libjpeg-turbo, or save it anew as an ordinary JPEG");
  const std::string_view file = structure.plain.empty() ? bytes : std::string_view(structure.plain);
  require(file.size() <= 0x7fffffff, ErrorCode::kLimit, name, ": expected at most 2 GiB, actual ", file.size(),
          " bytes");
  // JPEG planes are whole MCUs, of at most 32 x 32 pixels.
  const auto padded =
      static_cast<std::uint64_t>((structure.width + 31) / 32 * 32 * ((structure.height + 31) / 32 * 32));
  stb_memory::remaining = 32 * padded + 4 * std::uint64_t{file.size()} + (std::uint64_t{1} << 20);

  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, void (*)(void*)> rgb(
      stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(file.data()), static_cast<int>(file.size()), &width,
                            &height, &channels, 3),
      stbi_image_free);
  require(rgb != nullptr, ErrorCode::kFormat, name, ": cannot decode: ", stbi_failure_reason());
  require(width == structure.width && height == structure.height, ErrorCode::kFormat, name, ": expected ",
          structure.width, " x ", structure.height, " pixels, the decoder found ", width, " x ", height);
  Image image(structure.width, structure.height, structure.orientation);
  std::memcpy(image.row(0), rgb.get(), image.pixels().size());
  return image;
}

SHARPEYE_NAMESPACE_END
