#pragma once

/// @file
/// Bodies of caption_stream.hpp.

#include "sharpeye/pipeline/caption_stream.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// A frame of the live mode, whose buffer serves again and again.
struct StreamFrame {
  std::vector<std::uint8_t> pixels;
  ImageView view;
  std::uint64_t number = 0;
  double seconds = 0;

  void copy(const ImageView& from) {
    const Index row = from.width * bytes_per_pixel(from.format);
    pixels.resize(static_cast<std::size_t>(row * from.height));
    for (Index y = 0; y < from.height; ++y) {
      std::memcpy(pixels.data() + row * y, from.row(y), static_cast<std::size_t>(row));
    }
    view = from;
    view.data = pixels.data();
    view.stride = row;
  }
};

}  // namespace detail

struct CaptionStream::State {
  State(FrameCaptioner frame_captioner, StreamOptions stream_options, StreamCallbacks stream_callbacks)
      : captioner(std::move(frame_captioner)),
        options(std::move(stream_options)),
        callbacks(std::move(stream_callbacks)) {
    require(options.period >= 0, ErrorCode::kInvalidArgument, "period: expected 0 or more seconds, actual ",
            options.period);
    if (options.change_threshold) gate = ChangeGate(*options.change_threshold);
    if (options.live) thread = std::thread([this] { run(); });
  }

  ~State() {
    if (!thread.joinable()) return;
    {
      const std::lock_guard<std::mutex> lock(mutex);
      is_given_up = true;
    }
    changed.notify_all();
    thread.join();
  }

  bool is_wanted(const ImageView& frame, double seconds) {
    if (options.period > 0) {
      if (seconds < due) return false;
      // In step with the stream's time, not with the frames that happened to come late.
      due = std::max(due + options.period, seconds < due + options.period ? 0 : seconds + options.period);
    }
    return !options.change_threshold || gate.passes(frame);
  }

  void caption(const ImageView& view, std::uint64_t number, double seconds) {
    CaptionOptions with = options.caption;
    const auto tell = [&](const Caption& caption, bool is_refined, bool is_last) {
      if (callbacks.on_caption) callbacks.on_caption({number, seconds, is_refined, is_last, caption});
    };
    bool has_initial = false;
    std::exception_ptr of_callback;
    with.on_initial = [&](const Caption& caption) {
      has_initial = true;
      try {
        tell(caption, false, false);
      } catch (...) {
        of_callback = std::current_exception();
        throw;
      }
    };
    if (options.live) {
      with.is_cancelled = [this, outer = options.caption.is_cancelled] {
        const std::lock_guard<std::mutex> lock(mutex);
        return is_given_up || (outer && outer());
      };
      if (!options.always_refine) {
        with.is_due = [this] {
          const std::lock_guard<std::mutex> lock(mutex);
          return is_waiting;
        };
      }
    }
    Caption done;
    try {
      done = captioner(view, with);
    } catch (const Error& error) {
      if (of_callback) throw;
      if (error.code() == ErrorCode::kCancelled || !callbacks.on_error) throw;
      count(&StreamCounts::failed);
      callbacks.on_error(number, error);
      return;
    }
    if (done.rounds > 0) count(&StreamCounts::refined);
    if (has_initial) count(&StreamCounts::captioned);
    tell(done, done.rounds > 0, true);
  }

  void count(std::uint64_t StreamCounts::*which) {
    const std::lock_guard<std::mutex> lock(mutex);
    ++(counts.*which);
  }

  // The live mode's thread.
  void run() {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return is_waiting || is_given_up; });
      if (is_given_up || !is_waiting) return;
      std::swap(waiting, current);
      is_waiting = false;
      is_busy = true;
      lock.unlock();
      std::exception_ptr problem;
      try {
        caption(current.view, current.number, current.seconds);
      } catch (...) {
        problem = std::current_exception();
      }
      lock.lock();
      is_busy = false;
      if (problem && !failure) failure = problem;
      changed.notify_all();
    }
  }

  bool is_idle() const { return !options.live || (!is_waiting && !is_busy); }

  void rethrow() {
    const std::exception_ptr problem = std::exchange(failure, nullptr);
    if (problem) std::rethrow_exception(problem);
  }

  FrameCaptioner captioner;
  const StreamOptions options;
  const StreamCallbacks callbacks;
  ChangeGate gate;
  double due = 0;
  StreamCounts counts;

  mutable std::mutex mutex;  // guards what follows, and `counts`
  std::condition_variable changed;
  detail::StreamFrame waiting, current;  // (`current` belongs to the thread)
  bool is_waiting = false, is_busy = false, is_given_up = false;
  std::exception_ptr failure;
  std::thread thread;
};

SHARPEYE_BODY CaptionStream::CaptionStream(std::shared_ptr<const CaptionModel> model, ThreadPool& pool,
                                           StreamOptions options, StreamCallbacks callbacks)
    : CaptionStream([own = std::make_shared<Captioner>(std::move(model), pool)](
                        const ImageView& frame, const CaptionOptions& with) { return (*own)(frame, with); },
                    std::move(options), std::move(callbacks)) {}
SHARPEYE_BODY CaptionStream::CaptionStream(FrameCaptioner captioner, StreamOptions options, StreamCallbacks callbacks)
    : state_(std::make_unique<State>(std::move(captioner), std::move(options), std::move(callbacks))) {}
SHARPEYE_BODY CaptionStream::~CaptionStream() = default;

SHARPEYE_BODY void CaptionStream::push(const ImageView& frame, double seconds) {
  State& state = *state_;
  check(frame);
  const std::uint64_t number = state.counts.frames;  // only this thread changes it
  state.count(&StreamCounts::frames);
  if (!state.is_wanted(frame, seconds)) {
    state.count(&StreamCounts::skipped);
    return;
  }
  if (!state.options.live) {
    state.caption(frame, number, seconds);
    return;
  }
  {
    const std::lock_guard<std::mutex> lock(state.mutex);
    state.rethrow();
    if (state.is_waiting) ++state.counts.dropped;
    state.waiting.copy(frame);
    state.waiting.number = number;
    state.waiting.seconds = seconds;
    state.is_waiting = true;
  }
  state.changed.notify_all();
}

SHARPEYE_BODY void CaptionStream::finish() {
  State& state = *state_;
  std::unique_lock<std::mutex> lock(state.mutex);
  state.changed.wait(lock, [&] { return state.is_idle(); });
  state.rethrow();
}

SHARPEYE_BODY bool CaptionStream::wait_for(std::chrono::milliseconds time) {
  State& state = *state_;
  std::unique_lock<std::mutex> lock(state.mutex);
  const bool is_done = state.changed.wait_for(lock, time, [&] { return state.is_idle(); });
  state.rethrow();
  return is_done;
}

SHARPEYE_BODY StreamCounts CaptionStream::counts() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->counts;
}

SHARPEYE_NAMESPACE_END
