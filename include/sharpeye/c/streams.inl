#pragma once

/// @file
/// Bodies of c_api.h: streams of frames.

#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "sharpeye/c/captions.inl"
#include "sharpeye/c/options.hpp"
#include "sharpeye/io/image_decoders.hpp"
#include "sharpeye/pipeline/caption_stream.hpp"

struct sharpeye_stream {
  sharpeye_stream(const sharpeye_model& model, const sharpeye_captioner_options& setting)
      : pool(sharpeye::c_api::threads_of(setting)), captioner(model.model, pool) {
    sharpeye::c_api::apply(setting, captioner, decode);
  }

  sharpeye::ThreadPool pool;
  sharpeye::Captioner captioner;
  sharpeye::DecodeOptions decode;
  sharpeye_stream_options given{};  // without its pointers to other structs
  sharpeye_caption_options caption{};
  std::string prompt;
  std::atomic<bool> is_stopped{false};
  std::atomic<std::thread::id> speaker{};  // the thread of the callback that is under way
  std::atomic_flag is_busy = ATOMIC_FLAG_INIT;
  std::optional<sharpeye::CaptionStream> stream;  // the last: its thread uses the others
};

SHARPEYE_NAMESPACE_BEGIN
namespace c_api {

/// Calls one of the user's functions. @throws Error kCancelled where it, or one before it, answered so
template <class Call>
void speak(sharpeye_stream& stream, const Call& call) {
  stream.speaker = std::this_thread::get_id();
  const std::int32_t answer = call();
  stream.speaker = std::thread::id();
  if (answer != SHARPEYE_CONTINUE) stream.is_stopped = true;
  require(!stream.is_stopped, ErrorCode::kCancelled, "stream: cancelled");
}

inline StreamCallbacks callbacks_of(sharpeye_stream& stream) {
  StreamCallbacks callbacks;
  if (stream.given.on_caption != nullptr) {
    callbacks.on_caption = [&stream](const StreamCaption& one) {
      const sharpeye_caption caption{one.caption};
      const sharpeye_stream_caption said{sizeof said,         one.frame, one.seconds, one.is_refined ? 1 : 0,
                                         one.is_last ? 1 : 0, &caption};
      speak(stream, [&] { return stream.given.on_caption(stream.given.user, &said); });
    };
  }
  if (stream.given.on_error != nullptr) {
    callbacks.on_error = [&stream](std::uint64_t frame, const Error& problem) {
      sharpeye_error error{};
      error.struct_size = sizeof error;
      report(&error, status_of(problem.code()), problem.what());
      speak(stream, [&] { return stream.given.on_error(stream.given.user, frame, &error); });
    };
  }
  return callbacks;
}

/// Runs `body` as the one call that the stream serves.
template <class Body>
sharpeye_status in_stream(sharpeye_stream* stream, sharpeye_error* error, const Body& body) noexcept {
  return guarded(error, [&] {
    require_given(stream, "stream");
    require(stream->speaker.load() != std::this_thread::get_id(), ErrorCode::kInvalidArgument,
            "stream: expected no call from its own callback");
    const Turn turn(stream->is_busy, "stream");
    require(!stream->is_stopped, ErrorCode::kCancelled, "stream: cancelled");
    body(*stream->stream);
  });
}

inline void push(CaptionStream& stream, const ImageView& frame, double seconds) {
  require(std::isfinite(seconds), ErrorCode::kInvalidArgument, "seconds: expected a finite number, actual ", seconds);
  stream.push(frame, seconds);
}

}  // namespace c_api
SHARPEYE_NAMESPACE_END

extern "C" {

sharpeye_status sharpeye_stream_new(const sharpeye_model* model, const sharpeye_stream_options* options,
                                    sharpeye_stream** stream, sharpeye_error* error) {
  if (stream != nullptr) *stream = nullptr;
  return sharpeye::c_api::guarded(error, [&] {
    using namespace sharpeye;
    c_api::require_given(model, "model");
    c_api::require_given(stream, "stream");
    const sharpeye_stream_options given = c_api::read_struct(options, "options");
    auto made = std::make_unique<sharpeye_stream>(*model, c_api::read_captioner_options(given.captioner));
    made->given = given;
    made->caption = c_api::read_struct(given.caption, "caption");
    made->given.captioner = nullptr;
    made->given.caption = nullptr;
    require(made->caption.on_initial == nullptr && made->caption.initial == nullptr, ErrorCode::kInvalidArgument,
            "caption: expected no on_initial and no initial caption for a stream");
    require(made->caption.attention == 0, ErrorCode::kInvalidArgument,
            "caption: expected no attention for a stream, actual ", made->caption.attention);
    if (made->caption.prompt != nullptr) {
      made->prompt = made->caption.prompt;
      made->caption.prompt = made->prompt.c_str();
    }
    StreamOptions chosen;
    chosen.caption = c_api::caption_options(*model->model, made->caption, {}, made->is_stopped);
    chosen.caption.deadline.reset();  // of each frame
    chosen.period = given.period;
    if (given.change_threshold != 0) chosen.change_threshold = given.change_threshold;
    chosen.live = given.live != 0;
    chosen.always_refine = given.always_refine != 0;
    const FrameCaptioner captioner = [self = made.get()](const ImageView& frame, const CaptionOptions& with) {
      if (self->caption.deadline_ms == 0) return self->captioner(frame, with);
      CaptionOptions until = with;
      until.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(self->caption.deadline_ms);
      return self->captioner(frame, until);
    };
    made->stream.emplace(captioner, std::move(chosen), c_api::callbacks_of(*made));
    *stream = made.release();
  });
}

sharpeye_status sharpeye_stream_push(sharpeye_stream* stream, const sharpeye_image* frame, double seconds,
                                     sharpeye_error* error) {
  return sharpeye::c_api::in_stream(stream, error, [&](sharpeye::CaptionStream& to) {
    sharpeye::c_api::push(to, sharpeye::c_api::view_of(frame), seconds);
  });
}

sharpeye_status sharpeye_stream_push_encoded(sharpeye_stream* stream, const void* bytes, size_t size, double seconds,
                                             sharpeye_error* error) {
  return sharpeye::c_api::in_stream(stream, error, [&](sharpeye::CaptionStream& to) {
    sharpeye::c_api::require_given(bytes, "bytes");
    const sharpeye::Image image =
        sharpeye::default_decoder().decode({static_cast<const char*>(bytes), size}, "image", stream->decode);
    sharpeye::c_api::push(to, image, seconds);
  });
}

sharpeye_status sharpeye_stream_wait(sharpeye_stream* stream, int32_t milliseconds, int32_t* is_done,
                                     sharpeye_error* error) {
  if (is_done != nullptr) *is_done = 0;
  return sharpeye::c_api::in_stream(stream, error, [&](sharpeye::CaptionStream& to) {
    bool is_idle = true;
    if (milliseconds < 0) {
      to.finish();
    } else {
      is_idle = to.wait_for(std::chrono::milliseconds(milliseconds));
    }
    if (is_done != nullptr) *is_done = is_idle ? 1 : 0;
  });
}

sharpeye_status sharpeye_stream_read_counts(const sharpeye_stream* stream, sharpeye_stream_counts* counts,
                                            sharpeye_error* error) {
  return sharpeye::c_api::guarded(error, [&] {
    sharpeye::c_api::require_given(stream, "stream");
    const sharpeye::StreamCounts own = stream->stream->counts();
    const sharpeye_stream_counts all{sizeof all,    own.frames,  own.skipped, own.dropped,
                                     own.captioned, own.refined, own.failed};
    sharpeye::c_api::write_struct(all, counts, "counts");
  });
}

void sharpeye_stream_free(sharpeye_stream* stream) {
  if (stream != nullptr) stream->is_stopped = true;
  delete stream;
}

}  // extern "C"
