#pragma once

/// @file
/// Captions of a stream of frames.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "sharpeye/pipeline/captioner.hpp"
#include "sharpeye/vision/change_gate.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Which frames are captioned, and how.
struct StreamOptions {
  CaptionOptions caption;                  ///< its on_initial and is_due belong to the stream
  double period = 0;                       ///< seconds from one captioned frame to the next; 0: no limit
  std::optional<double> change_threshold;  ///< caption only frames that differ by more, see ChangeGate
  /// Frames come when they come, as from a camera: push() returns at once, and one thread of the stream's own captions.
  /// Of frames that come meanwhile the latest waits, and the others are dropped and counted.
  bool live = false;
  bool always_refine = false;  ///< live: take the second glance also when the next frame is waiting
};

/// A caption of a frame.
struct StreamCaption {
  std::uint64_t frame;  ///< from 0 on
  double seconds;       ///< what push() was told
  bool is_refined;      ///< of the second glance
  bool is_last;         ///< no other one of this frame follows
  const Caption& caption;
};

/// What became of the frames.
struct StreamCounts {
  std::uint64_t frames = 0;     ///< pushed
  std::uint64_t skipped = 0;    ///< within the period, or unchanged
  std::uint64_t dropped = 0;    ///< late: a newer one came before their turn
  std::uint64_t captioned = 0;  ///< with an initial caption at least
  std::uint64_t refined = 0;    ///< with a refined caption too
  std::uint64_t failed = 0;     ///< see StreamCallbacks::on_error
};

/// All are called on one thread, which may not call finish() or wait_for(): that of push(), or in live mode the
/// stream's own.
struct StreamCallbacks {
  /// Each caption as soon as it is there: the initial one before the second glance, then the refined one. Where the
  /// next frame came first there is no refined one, and the initial one comes again as the last.
  std::function<void(const StreamCaption&)> on_caption;
  /// A frame that could not be captioned; the stream goes on. Without this callback push() or finish() throws the
  /// error.
  std::function<void(std::uint64_t frame, const Error&)> on_error;
};

/// Captions one frame: a Captioner, or something in its place. It asks the options' is_due and is_cancelled, and calls
/// their on_initial.
using FrameCaptioner = std::function<Caption(const ImageView& frame, const CaptionOptions& options)>;

/// Captions frames one after the other.
class CaptionStream {
 public:
  /// @param pool must outlive the stream. @throws Error kInvalidArgument
  CaptionStream(std::shared_ptr<const CaptionModel> model, ThreadPool& pool, StreamOptions options,
                StreamCallbacks callbacks);
  /// With a captioner that is set up already, or another one. @throws Error kInvalidArgument
  CaptionStream(FrameCaptioner captioner, StreamOptions options, StreamCallbacks callbacks);
  CaptionStream(const CaptionStream&) = delete;
  CaptionStream& operator=(const CaptionStream&) = delete;
  /// In live mode gives up what is being captioned.
  ~CaptionStream();

  /// Takes the next frame; the view may end when this returns (live mode copies its pixels). From one thread at a time.
  /// @param seconds where in the stream it stands; not before the one before it
  /// @throws Error as Captioner, unless there is an on_error; what a callback throws
  void push(const ImageView& frame, double seconds);
  /// Waits for the frames that were pushed. @throws as push()
  void finish();
  /// As finish(), for so long at most. @return whether all frames that were pushed are done
  bool wait_for(std::chrono::milliseconds time);
  StreamCounts counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/pipeline/caption_stream.inl"
#endif
