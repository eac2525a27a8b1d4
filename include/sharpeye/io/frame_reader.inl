#pragma once

/// @file
/// Bodies of frame_reader.hpp. Each kind of stream has a file of its own.

#include "sharpeye/io/frame_reader.hpp"

#include <string_view>
#include <utility>

#include "sharpeye/core/words.hpp"
#include "sharpeye/io/frame_queue.hpp"
#include "sharpeye/io/image_file_frames.hpp"
#include "sharpeye/io/raw_frame_reader.hpp"
#include "sharpeye/io/y4m_reader.hpp"

SHARPEYE_NAMESPACE_BEGIN

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
