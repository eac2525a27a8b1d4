#pragma once

/// @file
/// For frame_reader.inl: YUV4MPEG2.

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "sharpeye/core/words.hpp"
#include "sharpeye/io/frame_queue.hpp"
#include "sharpeye/io/yuv_frame.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

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
    Image image(width_, height_);  // before the frame is there: nothing waits for its memory then
    need_frame(header, luma_ + 2 * chroma_);
    const char* bytes = queue_.view().data() + header;
    const char* blue = is_mono_ ? nullptr : bytes + luma_;
    const char* red = is_mono_ ? nullptr : blue + chroma_;
    convert_frame({bytes, blue, red, width_, chroma_width_, 1, down_x_, down_y_, is_full_range_}, image);
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

}  // namespace detail

SHARPEYE_NAMESPACE_END
