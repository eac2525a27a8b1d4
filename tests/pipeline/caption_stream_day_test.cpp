// A day of a live stream, on a clock that does not wait: every drop is counted, and nothing grows.

#include <doctest/doctest.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "sharpeye/pipeline/caption_stream.hpp"
#include "support/resident_memory.hpp"

using namespace sharpeye;

namespace {

constexpr double kDay = 24 * 3600, kCost = 0.73;  // seconds of the day, and of a caption

/// A captioner that takes kCost seconds of the day: it is done when release() is called for then.
class SlowCaptioner {
 public:
  Caption operator()(const ImageView& frame, const CaptionOptions& with) {
    Caption caption;
    caption.initial = caption.refined = concat("pixel ", int{frame.data[0]});
    with.on_initial(caption);
    std::unique_lock<std::mutex> lock(mutex_);
    ++begun_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return released_ == begun_; });
    // It would have begun a second glance by now, and asks on the way.
    if (with.is_due && with.is_due()) {
      caption.deadline_passed = true;
    } else {
      caption.rounds = 1;
    }
    return caption;
  }

  /// Waits until so many frames were begun.
  void wait_for_begin(std::uint64_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return begun_ == count; });
  }
  /// Lets the frame that is at work be done.
  void release() {
    const std::lock_guard<std::mutex> lock(mutex_);
    released_ = begun_;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t begun_ = 0, released_ = 0;
};

/// What becomes of frames by the contract: one is captioned, the latest of those that come meanwhile waits.
struct Expected {
  StreamCounts counts;
  std::uint64_t begun = 0;
  bool is_busy = false, is_waiting = false;
  double end = 0;  // of the one at work

  void begin(double now) {
    is_busy = true;
    end = now + kCost;
    ++begun;
    ++counts.captioned;
  }
  /// The frame at work is done. @return whether another one is at work now
  bool finish() {
    if (!is_waiting) ++counts.refined;
    is_busy = is_waiting;
    if (is_waiting) begin(end);
    is_waiting = false;
    return is_busy;
  }
  void push(double now) {
    ++counts.frames;
    if (!is_busy) {
      begin(now);
      return;
    }
    if (is_waiting) ++counts.dropped;
    is_waiting = true;
  }
};

std::size_t open_files() {
  std::error_code ignored;
  std::size_t count = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", ignored), end; entry != end; ++entry) ++count;
  return count;
}

}  // namespace

TEST_CASE("live for a day: drops are those of the contract, memory and descriptors stay") {
  SlowCaptioner captioner;
  StreamOptions options;
  options.live = true;
  std::uint64_t said = 0, last_frame = 0;
  double last_seconds = -1;
  StreamCallbacks callbacks;
  callbacks.on_caption = [&](const StreamCaption& one) {
    ++said;
    last_frame = one.frame;
    if (one.is_last) last_seconds = one.seconds;
  };
  CaptionStream stream([&](const ImageView& frame, const CaptionOptions& with) { return captioner(frame, with); },
                       options, callbacks);
  Expected expected;
  Image image(32, 24);
  long first_kib = 0;
  std::size_t files = 0;
  const auto let_time_pass = [&](double now) {
    while (expected.is_busy && expected.end <= now) {
      captioner.release();
      if (expected.finish()) {
        captioner.wait_for_begin(expected.begun);
      } else {
        REQUIRE(stream.wait_for(std::chrono::minutes(5)));
      }
    }
  };
  double now = 0;
  for (std::uint64_t i = 0; now < kDay; ++i) {
    let_time_pass(now);
    const bool was_idle = !expected.is_busy;
    image.row(0)[0] = static_cast<std::uint8_t>(i);
    stream.push(image, now);
    expected.push(now);
    if (was_idle) captioner.wait_for_begin(expected.begun);
    // Half an hour of five frames a second, half an hour of one in two seconds.
    const double next = now + (static_cast<long>(now / 1800) % 2 == 0 ? 0.2 : 2);
    if (now < 3600 && next >= 3600) {
      first_kib = support::resident_kib();
      files = open_files();
    }
    now = next;
  }
  let_time_pass(now + 2 * kCost);
  stream.finish();
  const StreamCounts counts = stream.counts();
  CHECK(counts.frames == expected.counts.frames);
  CHECK(counts.dropped == expected.counts.dropped);
  CHECK(counts.captioned == expected.counts.captioned);
  CHECK(counts.refined == expected.counts.refined);
  CHECK(counts.skipped + counts.failed == 0);
  CHECK(counts.captioned + counts.dropped == counts.frames);
  CHECK(said == 2 * counts.captioned);
  CHECK(last_frame == counts.frames - 1);
  CHECK(last_seconds > kDay - 3);
  // Some of each kind: 24 * 9,900 frames, of which the slow half hours' are all captioned and refined.
  CHECK(counts.frames > 230'000);
  CHECK(counts.dropped > 100'000);
  CHECK(counts.refined > 20'000);
  if (first_kib > 0) {
    MESSAGE("frames ", counts.frames, ", dropped ", counts.dropped, ", captioned ", counts.captioned, ", refined ",
            counts.refined, "; resident ", first_kib, " KiB after an hour, at the end ", support::resident_kib());
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // they keep what is freed for a while
    CHECK(support::resident_kib() <= first_kib + 1024);
#endif
    CHECK(open_files() == files);
  }
}
