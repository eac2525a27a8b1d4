#pragma once

/// @file
/// Frames that are read and decoded while the frame before is captioned.

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "sharpeye/io/frame_reader.hpp"

namespace tool {

/// Reads one frame ahead, on a thread of its own.
class ReadAhead final : public sharpeye::FrameReader {
 public:
  /// @param stop called by the destructor: the reader's source is to throw or to end soon
  ReadAhead(std::unique_ptr<sharpeye::FrameReader> reader, std::function<void()> stop);
  ~ReadAhead() override;

  std::optional<sharpeye::Image> next() override;
  double frame_rate() const noexcept override { return reader_->frame_rate(); }

 private:
  void run();

  const std::unique_ptr<sharpeye::FrameReader> reader_;
  const std::function<void()> stop_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::optional<sharpeye::Image> frame_;
  std::exception_ptr error_;
  bool is_there_ = false, is_over_ = false, is_given_up_ = false;
  std::thread thread_;
};

}  // namespace tool
