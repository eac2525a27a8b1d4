#pragma once

/// @file
/// Bodies of frame_reader.hpp.

#include "sharpeye/io/frame_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "sharpeye/core/words.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Bytes of a source that have been read and not yet used.
class ByteQueue {
 public:
  explicit ByteQueue(ByteSource source) : source_(std::move(source)) {}

  /// Reads until `size` bytes are there. @return whether they are; at the end of the source they are not
  bool need(std::size_t size) {
    if (end_ - begin_ < size && begin_ > 0) {
      std::copy(bytes_.begin() + static_cast<std::ptrdiff_t>(begin_),
                bytes_.begin() + static_cast<std::ptrdiff_t>(end_), bytes_.begin());
      end_ -= begin_;
      begin_ = 0;
    }
    while (end_ - begin_ < size) {
      if (bytes_.size() < std::max(size, end_ + kBlock)) bytes_.resize(std::max(size, end_ + kBlock) + end_ / 2);
      const std::size_t got = source_(bytes_.data() + end_, bytes_.size() - end_);
      if (got == 0) return false;
      end_ += got;
    }
    return true;
  }
  std::string_view view() const { return std::string_view(bytes_.data() + begin_, end_ - begin_); }
  unsigned at(std::size_t i) const { return static_cast<unsigned char>(bytes_[begin_ + i]); }
  void drop(std::size_t size) { begin_ += size; }

 private:
  static constexpr std::size_t kBlock = std::size_t{1} << 16;

  ByteSource source_;
  std::vector<char> bytes_;
  std::size_t begin_ = 0, end_ = 0;  // what is there and not used
};

inline std::uint8_t clamp_level(int value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}

/// BT.601 (ITU-R BT.601-7, 2.5.1, 2.5.3), 8 bits behind the point.
inline void put_rgb(std::uint8_t* pixel, int luma, int blue, int red, bool is_full_range) {
  const int u = blue - 128, v = red - 128;
  const int y = is_full_range ? 256 * luma : 298 * (luma - 16);
  const int rv = is_full_range ? 359 : 409, gu = is_full_range ? 88 : 100, gv = is_full_range ? 183 : 208,
            bu = is_full_range ? 454 : 516;
  pixel[0] = clamp_level((y + rv * v + 128) >> 8);
  pixel[1] = clamp_level((y - gu * u - gv * v + 128) >> 8);
  pixel[2] = clamp_level((y + bu * u + 128) >> 8);
}

/// Where a frame's three planes are. Blue and red differences of (x, y) stand at [y >> down_y][(x >> down_x) * step].
struct YuvPlanes {
  const char *luma, *blue, *red;
  Index luma_stride, chroma_stride, step;
  int down_x, down_y;
  bool is_full_range;
};

inline Image to_image(const YuvPlanes& planes, Index width, Index height) {
  Image image(width, height);
  const auto level = [](const char* bytes, Index i) { return static_cast<int>(static_cast<unsigned char>(bytes[i])); };
  for (Index y = 0; y < height; ++y) {
    std::uint8_t* row = image.row(y);
    const char* luma = planes.luma + y * planes.luma_stride;
    const Index chroma = (y >> planes.down_y) * planes.chroma_stride;
    for (Index x = 0; x < width; ++x) {
      const Index at = chroma + (x >> planes.down_x) * planes.step;
      const bool is_grey = planes.blue == nullptr;
      put_rgb(row + 3 * x, level(luma, x), is_grey ? 128 : level(planes.blue, at),
              is_grey ? 128 : level(planes.red, at), planes.is_full_range);
    }
  }
  return image;
}

/// What readers of a byte queue share.
class QueueReader : public FrameReader {
 protected:
  QueueReader(ByteQueue queue, std::string name, const DecodeOptions& options)
      : queue_(std::move(queue)), name_(std::move(name)), options_(options) {}

  std::string where() const { return concat(name_, ": frame ", number_); }

  void check_size(Index width, Index height) const {
    ImageStructure structure;
    declare_size(structure, static_cast<std::uint64_t>(std::max<Index>(0, width)),
                 static_cast<std::uint64_t>(std::max<Index>(0, height)), name_, options_.max_pixels);
  }

  /// Waits for a frame of `size` bytes behind `header` ones. @throws Error where the stream ends in it, which is its
  /// end
  void need_frame(std::size_t header, std::size_t size) {
    if (queue_.need(header + size)) return;
    const std::size_t actual = queue_.view().size() - header;
    queue_.drop(queue_.view().size());
    fail(ErrorCode::kFormat, where(), ": expected ", size, " bytes, actual ", actual,
         ": the stream ended inside a frame");
  }

  ByteQueue queue_;
  std::string name_;
  DecodeOptions options_;
  std::uint64_t number_ = 0;
};

class RawReader final : public QueueReader {
 public:
  RawReader(ByteQueue queue, std::string name, const RawFrames& frames, const DecodeOptions& options)
      : QueueReader(std::move(queue), std::move(name), options), frames_(frames) {
    require(frames.width > 0 && frames.height > 0 && frames.width <= kMaxImageSide && frames.height <= kMaxImageSide,
            ErrorCode::kInvalidArgument, name_, ": expected sides of 1 to ", kMaxImageSide, " pixels, actual ",
            frames.width, " x ", frames.height);
    check_size(frames.width, frames.height);
    const bool is_rgb = frames.layout == RawFrames::Layout::kRgb24;
    const Index row = is_rgb ? 3 * frames.width : 2 * ((frames.width + 1) / 2);
    // A plane of luma alone may have an odd row, and the differences below it one byte more.
    if (frames_.stride == 0) frames_.stride = row;
    require(frames_.stride >= row && frames_.stride <= 16 * kMaxImageSide, ErrorCode::kInvalidArgument, name_,
            ": stride: expected ", row, " bytes or some more, actual ", frames_.stride);
    rows_ = is_rgb ? frames.height : frames.height + (frames.height + 1) / 2;
  }

  std::optional<Image> next() override {
    if (!queue_.need(1)) return std::nullopt;
    const auto size = static_cast<std::size_t>(frames_.stride * rows_);
    need_frame(0, size);
    const char* bytes = queue_.view().data();
    const Index width = frames_.width, height = frames_.height;
    std::optional<Image> image;
    if (frames_.layout == RawFrames::Layout::kNv12) {
      const char* chroma = bytes + frames_.stride * height;
      image = to_image({bytes, chroma, chroma + 1, frames_.stride, frames_.stride, 2, 1, 1, false}, width, height);
    } else {
      image.emplace(width, height);
      for (Index y = 0; y < height; ++y) std::copy_n(bytes + y * frames_.stride, 3 * width, image->row(y));
    }
    queue_.drop(size);
    ++number_;
    return image;
  }

 private:
  RawFrames frames_;
  Index rows_ = 0;
};

/// YUV4MPEG2, the format of mjpegtools: a line of parameters, then "FRAME", a line end, and planes, again and again.
class Y4mReader final : public QueueReader {
 public:
  Y4mReader(ByteQueue queue, std::string name, const DecodeOptions& options)
      : QueueReader(std::move(queue), std::move(name), options) {
    const std::size_t end = line_end();
    require(end != 0, ErrorCode::kFormat, name_, ": expected a YUV4MPEG2 header, actual no end of its line");
    std::string_view rest = queue_.view().substr(0, end);
    for (rest.remove_prefix(std::min(rest.size(), rest.find(' '))); !rest.empty();) {
      rest.remove_prefix(1);
      const std::string_view word = rest.substr(0, rest.find(' '));
      rest.remove_prefix(word.size());
      if (!word.empty()) take(word);
    }
    queue_.drop(end + 1);
    require(width_ > 0 && height_ > 0, ErrorCode::kFormat, name_, ": expected W and H in the YUV4MPEG2 header");
    check_size(width_, height_);
    luma_ = static_cast<std::size_t>(width_ * height_);
    chroma_width_ = (width_ + (1 << down_x_) - 1) >> down_x_;
    chroma_ = is_mono_ ? 0 : static_cast<std::size_t>(chroma_width_ * ((height_ + (1 << down_y_) - 1) >> down_y_));
  }

  std::optional<Image> next() override {
    if (!queue_.need(1)) return std::nullopt;
    std::size_t skipped = 0;
    for (; queue_.need(6) && !is_frame(); ++skipped) {
      const std::size_t place = queue_.view().find('F', 1);
      const std::size_t gap = std::min(place, queue_.view().size()) - 1;
      skipped += gap;
      queue_.drop(gap + 1);
    }
    if (skipped > 0 || !queue_.need(6)) {
      if (!queue_.need(6)) {
        skipped += queue_.view().size();
        queue_.drop(queue_.view().size());
      }
      fail(ErrorCode::kFormat, where(), ": expected FRAME, actual ", skipped, " bytes of something else, left out");
    }
    const std::size_t header = line_end() + 1;
    need_frame(header, luma_ + 2 * chroma_);
    const char* bytes = queue_.view().data() + header;
    const char* blue = is_mono_ ? nullptr : bytes + luma_;
    const char* red = is_mono_ ? nullptr : blue + chroma_;
    Image image =
        to_image({bytes, blue, red, width_, chroma_width_, 1, down_x_, down_y_, is_full_range_}, width_, height_);
    queue_.drop(header + luma_ + 2 * chroma_);
    ++number_;
    return image;
  }

  double frame_rate() const noexcept override { return frame_rate_; }

 private:
  static constexpr std::size_t kLongestLine = 1024;

  // Where the queue's first line ends; 0 where it does not.
  std::size_t line_end() {
    for (std::size_t i = 0; i < kLongestLine && queue_.need(i + 1); ++i) {
      if (queue_.at(i) == '\n') return i;
    }
    return 0;
  }
  bool is_frame() {
    const std::string_view view = queue_.view();
    return view.substr(0, 5) == "FRAME" && (view[5] == '\n' || (view[5] == ' ' && line_end() > 0));
  }

  Index number(std::string_view text, Index max) const {
    Index value = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    require(error == std::errc() && stop == text.data() + text.size() && value >= 1 && value <= max, ErrorCode::kFormat,
            name_, ": YUV4MPEG2 header: expected a number from 1 to ", max, ", actual ", in_quotes(text));
    return value;
  }

  void take(std::string_view word) {
    const std::string_view value = word.substr(1);
    switch (word[0]) {
      case 'W': width_ = number(value, kMaxImageSide); break;
      case 'H': height_ = number(value, kMaxImageSide); break;
      case 'F': {
        const std::size_t colon = value.find(':');
        if (colon == value.npos || value == "0:0") break;  // unknown
        frame_rate_ = static_cast<double>(number(value.substr(0, colon), Index{1} << 31)) /
                      static_cast<double>(number(value.substr(colon + 1), Index{1} << 31));
        break;
      }
      case 'C': take_colour(value); break;
      case 'X':
        if (value == "COLORRANGE=FULL") is_full_range_ = true;
        break;
      default: break;  // interlacing, aspect, comments
    }
  }

  void take_colour(std::string_view value) {
    const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
      return std::find(names.begin(), names.end(), value) != names.end();
    };
    is_mono_ = value == "mono";
    if (is_one_of({"420", "420jpeg", "420mpeg2", "420paldv"})) {
      down_x_ = down_y_ = 1;
    } else if (value == "422") {
      down_x_ = 1;
      down_y_ = 0;
    } else if (is_mono_ || value == "444") {
      down_x_ = down_y_ = 0;
    } else {
      fail(ErrorCode::kUnsupported, name_, ": expected YUV4MPEG2 of 8 bits, C420, C422, C444 or Cmono, actual C",
           in_quotes(value));
    }
  }

  Index width_ = 0, height_ = 0, chroma_width_ = 0;
  std::size_t luma_ = 0, chroma_ = 0;
  double frame_rate_ = 0;
  int down_x_ = 1, down_y_ = 1;
  bool is_mono_ = false, is_full_range_ = false;
};

inline constexpr std::string_view kJpegStart = "\xff\xd8\xff", kPngStart = "\x89PNG\r\n\x1a\n";

/// JPEG and PNG files, one after the other. What is between two of them tells where the first one ends.
class ImageFileReader final : public QueueReader {
 public:
  ImageFileReader(ByteQueue queue, std::string name, const ImageDecoder& decoder, const DecodeOptions& options)
      : QueueReader(std::move(queue), std::move(name), options), decoder_(decoder) {}

  std::optional<Image> next() override {
    if (!queue_.need(1)) return std::nullopt;
    const std::size_t skipped = skip_to_start();
    require(skipped == 0, ErrorCode::kFormat, where(), ": expected a JPEG or PNG, actual ", skipped,
            " bytes of something else, left out");
    const std::uint64_t number = number_++;
    const bool is_png = starts_with(kPngStart);
    const std::size_t size = is_png ? png_size() : jpeg_size();
    const std::string frame_name = concat(name_, ": frame ", number);
    if (size_is_whole_) {
      const std::string bytes(queue_.view().substr(0, size));
      queue_.drop(size);
      return decoder_.decode(bytes, frame_name, options_);
    }
    // Its own lengths may have reached into the next file, which is therefore looked for from the front on.
    queue_.drop(resume_at_);
    const std::size_t left_out = resume_at_ + skip_to_start();
    fail(size > kMaxImageFileBytes ? ErrorCode::kLimit : ErrorCode::kFormat, frame_name, ": expected a whole ",
         is_png ? "PNG" : "JPEG", ", actual one that breaks off after ", size, " bytes; left out ", left_out);
  }

 private:
  bool starts_with(std::string_view start) {
    return queue_.need(start.size()) && queue_.view().substr(0, start.size()) == start;
  }

  // Drops what stands before the next file. @return how many bytes
  std::size_t skip_to_start() {
    std::size_t skipped = 0;
    while (queue_.need(1) && !starts_with(kJpegStart) && !starts_with(kPngStart)) {
      const std::size_t place = queue_.view().find_first_of("\xff\x89", 1);
      const std::size_t gap = std::min(place, queue_.view().size());
      skipped += gap;
      queue_.drop(gap);
    }
    return skipped;
  }

  // Both: the bytes of the file at the queue's front, or, if it breaks off, those until there.
  std::size_t broken_at(std::size_t size, std::size_t resume_at) {
    size_is_whole_ = false;
    resume_at_ = resume_at <= queue_.view().size() ? resume_at : 2;  // a broken length can point anywhere
    return size;
  }

  std::size_t png_size() {
    size_is_whole_ = true;
    for (std::size_t at = kPngStart.size();;) {
      if (!queue_.need(at + 12)) return broken_at(queue_.view().size(), kPngStart.size());
      const std::uint64_t length =
          queue_.at(at) << 24 | queue_.at(at + 1) << 16 | queue_.at(at + 2) << 8 | queue_.at(at + 3);
      const std::string_view type = queue_.view().substr(at + 4, 4);
      const bool is_type = std::all_of(type.begin(), type.end(),
                                       [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
      if (!is_type || length > kMaxImageFileBytes || at + length > kMaxImageFileBytes)
        return broken_at(at, kPngStart.size());
      const bool is_last = type == "IEND";
      at += 12 + static_cast<std::size_t>(length);
      if (!queue_.need(at)) return broken_at(queue_.view().size(), kPngStart.size());
      if (is_last) return at;
    }
  }

  std::size_t jpeg_size() {
    size_is_whole_ = true;
    std::size_t scan = 0;  // where coded pixels have begun
    for (std::size_t at = 2;;) {
      if (!queue_.need(at + 2)) return broken_at(queue_.view().size(), scan > 0 ? at : 2);
      if (queue_.at(at) != 0xff || at > kMaxImageFileBytes) return broken_at(at, scan > 0 ? at : 2);
      const unsigned marker = queue_.at(at + 1);
      if (marker == 0xff) {  // filling
        ++at;
        continue;
      }
      if (marker == 0xd9) return at + 2;
      if (marker == 0xd8) return broken_at(at, scan > 0 ? at : 2);  // the next file's beginning
      if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
        at += 2;
        continue;
      }
      if (!queue_.need(at + 4)) return broken_at(queue_.view().size(), scan > 0 ? at : 2);
      const std::size_t length = queue_.at(at + 2) << 8 | queue_.at(at + 3);
      if (length < 2) return broken_at(at, scan > 0 ? at : 2);
      at += 2 + length;
      if (marker != 0xda) continue;
      scan = at;
      // The coded pixels: 0xff stands for itself with a 0 behind it, and begins a restart.
      for (;;) {
        if (!queue_.need(at + 2)) return broken_at(queue_.view().size(), at);
        const std::size_t place = queue_.view().find('\xff', at);
        if (place == std::string_view::npos || place + 1 >= queue_.view().size()) {
          at = place == std::string_view::npos ? queue_.view().size() : place;
          if (at > kMaxImageFileBytes) return broken_at(at, at);
          continue;
        }
        const unsigned next = queue_.at(place + 1);
        at = place;
        if (next != 0 && (next < 0xd0 || next > 0xd7)) break;
        at = place + 2;
      }
    }
  }

  const ImageDecoder& decoder_;
  bool size_is_whole_ = true;
  std::size_t resume_at_ = 0;
};

}  // namespace detail

SHARPEYE_BODY std::unique_ptr<FrameReader> read_raw_frames(ByteSource source, std::string name, const RawFrames& frames,
                                                           const DecodeOptions& options) {
  return std::make_unique<detail::RawReader>(detail::ByteQueue(std::move(source)), std::move(name), frames, options);
}

SHARPEYE_BODY std::unique_ptr<FrameReader> read_frames(ByteSource source, std::string name, const ImageDecoder& decoder,
                                                       const DecodeOptions& options) {
  constexpr std::string_view kY4mStart = "YUV4MPEG2 ";
  detail::ByteQueue queue(std::move(source));
  queue.need(kY4mStart.size());
  const std::string_view start = queue.view();
  const auto begins_as = [&](std::string_view known) { return start.substr(0, known.size()) == known; };
  if (begins_as(kY4mStart)) return std::make_unique<detail::Y4mReader>(std::move(queue), std::move(name), options);
  require(start.empty() || begins_as(detail::kJpegStart) || begins_as(detail::kPngStart), ErrorCode::kFormat, name,
          ": expected YUV4MPEG2, JPEG or PNG frames, actual ", in_quotes(start.substr(0, 10)),
          " (raw frames need their layout and size)");
  return std::make_unique<detail::ImageFileReader>(std::move(queue), std::move(name), decoder, options);
}

SHARPEYE_NAMESPACE_END
