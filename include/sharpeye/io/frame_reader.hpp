#pragma once

/// @file
/// Frames from a stream of bytes, as a pipe from ffmpeg has them.

#include <memory>
#include <string>

#include "sharpeye/io/frame_stream.hpp"
#include "sharpeye/io/image_decoder.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A reader of raw frames. @param name begins messages. @throws Error kInvalidArgument for sizes that cannot be
std::unique_ptr<FrameReader> read_raw_frames(ByteSource source, std::string name, const RawFrames& frames,
                                             const DecodeOptions& options = {});

/// A reader of what the first bytes say: YUV4MPEG2 (8 bits: 4:2:0, 4:2:2, 4:4:4, mono; BT.601), or JPEG and PNG files
/// one after the other, which may differ in size (MJPEG, ffmpeg's image2pipe). A frame cut short by the next one, and
/// bytes between frames, are errors, after which it goes on with the next beginning of a frame.
/// @param decoder of JPEG and PNG; must outlive the reader. @param name begins messages
/// @throws Error kFormat for other bytes, kUnsupported for other kinds of Y4M, and what the source throws
std::unique_ptr<FrameReader> read_frames(ByteSource source, std::string name, const ImageDecoder& decoder,
                                         const DecodeOptions& options = {});

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/frame_reader.inl"
#endif
