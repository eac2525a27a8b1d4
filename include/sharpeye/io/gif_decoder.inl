#pragma once

/// @file
/// Bodies of gif_decoder.hpp.

#include "sharpeye/io/gif_decoder.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "sharpeye/io/byte_reader.hpp"
#include "sharpeye/io/gif_structure.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// The picture of a GIF, which takes indices in the order of the file.
class GifCanvas {
 public:
  explicit GifCanvas(const GifStructure& structure)
      : image(structure.width, structure.height, structure.orientation), structure_(structure) {
    for (std::size_t index = 0; index < 256; ++index) {
      for (std::size_t c = 0; c < 3; ++c) {
        const std::size_t at = 3 * index + c;
        colors_[at] = structure.palette.empty()       ? static_cast<std::uint8_t>(index)
                      : at < structure.palette.size() ? static_cast<std::uint8_t>(structure.palette[at])
                                                      : std::uint8_t{0};
      }
    }
    const std::uint8_t* background = colors_.data() + 3 * (structure.transparent < 0 ? 0 : structure.transparent);
    if (background[0] == 0 && background[1] == 0 && background[2] == 0) return;
    for (Index i = 0; i < image.width() * image.height(); ++i) std::memcpy(image.row(0) + 3 * i, background, 3);
  }

  /// Whether every pixel of the frame was put.
  bool full() const noexcept { return y_ >= structure_.frame_height; }

  void put(std::uint8_t index) noexcept {
    std::memcpy(image.row(structure_.frame_y + y_) + 3 * (structure_.frame_x + x_), colors_.data() + 3 * index, 3);
    if (++x_ < structure_.frame_width) return;
    x_ = 0;
    if (!structure_.interlaced) {
      ++y_;
      return;
    }
    constexpr Index kFirst[] = {0, 4, 2, 1}, kStep[] = {8, 8, 4, 2};
    y_ += kStep[pass_];
    while (y_ >= structure_.frame_height && pass_ < 3) y_ = kFirst[++pass_];
  }

  Image image;

 private:
  const GifStructure& structure_;
  std::array<std::uint8_t, 768> colors_{};
  Index x_ = 0, y_ = 0;
  int pass_ = 0;
};

/// The codes of a frame, through the blocks.
class GifCodes {
 public:
  GifCodes(std::string_view blocks, std::string_view name) : reader_(blocks, name) {}

  /// The next code; false at the end of the blocks.
  bool take(unsigned size, unsigned& code) {
    while (count_ < size) {
      if (left_ == 0) {
        if (reader_.remaining() == 0) return false;
        left_ = reader_.u8();
        continue;
      }
      bits_ |= std::uint32_t{reader_.u8()} << count_;
      count_ += 8;
      --left_;
    }
    code = bits_ & ((1u << size) - 1);
    bits_ >>= size;
    count_ -= size;
    return true;
  }

 private:
  ByteReader reader_;
  unsigned left_ = 0, count_ = 0;
  std::uint32_t bits_ = 0;
};

/// GIF's LZW: puts the indices until the canvas is full or the codes end.
inline void expand_gif(const GifStructure& structure, std::string_view name, GifCanvas& canvas) {
  constexpr unsigned kTable = 4096, kMaxBits = 12;
  std::array<std::uint8_t, kTable> symbols{}, text{};  // of each code the last index; a code's indices, backwards
  std::array<std::uint16_t, kTable> links{};           // the code of the indices before the last one
  const unsigned clear = 1u << structure.code_bits, end = clear + 1;
  unsigned size = structure.code_bits + 1, next = clear + 2, previous = 0, code = 0;
  std::uint8_t first = 0;  // of the previous code's indices
  bool fresh = true;       // no code since the last clear code
  GifCodes codes(structure.blocks, name);
  while (!canvas.full() && codes.take(size, code) && code != end) {
    if (code == clear) {
      size = structure.code_bits + 1;
      next = clear + 2;
      fresh = true;
      continue;
    }
    require(fresh ? code < clear : code <= next && code < kTable, ErrorCode::kFormat, name,
            ": expected GIF codes of the table, actual ", code);
    if (fresh) {
      first = static_cast<std::uint8_t>(code);
      canvas.put(first);
      previous = code;
      fresh = false;
      continue;
    }
    unsigned length = 0, at = code;
    if (code == next) {  // the code that is about to be made
      text[length++] = first;
      at = previous;
    }
    while (at >= clear) {
      require(length + 1 < kTable, ErrorCode::kFormat, name, ": expected GIF codes of the table, actual ", code);
      text[length++] = symbols[at];
      at = links[at];
    }
    first = static_cast<std::uint8_t>(at);
    if (next < kTable) {
      symbols[next] = first;
      links[next] = static_cast<std::uint16_t>(previous);
      if (next == (1u << size) - 1 && size < kMaxBits) ++size;
      ++next;
    }
    previous = code;
    canvas.put(first);
    while (length > 0 && !canvas.full()) canvas.put(text[--length]);
  }
  require(canvas.full(), ErrorCode::kFormat, name, ": truncated: expected GIF codes for ", structure.frame_width, " x ",
          structure.frame_height, " pixels");
}

}  // namespace detail

SHARPEYE_BODY Image GifDecoder::decode(std::string_view bytes, std::string_view name,
                                       const DecodeOptions& options) const {
  require(image_format(bytes, name) == ImageFormat::kGif, ErrorCode::kUnsupported, name, ": expected a GIF");
  const GifStructure structure = read_gif_structure(bytes, name, options.max_pixels);
  detail::GifCanvas canvas(structure);
  detail::expand_gif(structure, name, canvas);
  return std::move(canvas.image);
}

SHARPEYE_NAMESPACE_END
