// Captions of a stream: when they come, which frames are left out, and that they are those of single calls.

#include "sharpeye/pipeline/caption_stream.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "support/paths.hpp"

using namespace sharpeye;

namespace {

std::shared_ptr<const CaptionModel> model() {
  static const auto loaded = CaptionModel::load(test::fixture("models/mmser_self_attention_tiny"));
  return loaded;
}

Image frame_of(unsigned seed) {
  Image image(24, 20);
  for (Index y = 0; y < 20; ++y) {
    for (Index i = 0; i < 72; ++i)
      image.row(y)[i] = static_cast<std::uint8_t>((seed = seed * 1664525 + 1013904223) >> 24);
  }
  return image;
}

/// What a stream said, one text for each caption.
struct Heard {
  std::vector<std::string> lines;
  StreamCallbacks callbacks() {
    StreamCallbacks result;
    result.on_caption = [this](const StreamCaption& one) {
      lines.push_back(concat(one.frame, "@", one.seconds, one.is_refined ? " refined " : " initial ",
                             one.is_last ? "last " : "", one.caption.refined));
    };
    return result;
  }
};

}  // namespace

TEST_CASE("the initial caption comes first, then the refined one; both are those of a single call") {
  ThreadPool pool(2);
  Captioner captioner(model(), pool);
  Heard heard;
  CaptionStream stream(model(), pool, {}, heard.callbacks());
  std::vector<std::string> expected;
  for (unsigned i = 0; i < 4; ++i) {
    stream.push(frame_of(i), i / 2.0);
    const Caption caption = captioner(frame_of(i));
    expected.push_back(concat(i, "@", i / 2.0, " initial ", caption.initial));
    expected.push_back(concat(i, "@", i / 2.0, " refined last ", caption.refined));
  }
  stream.finish();
  CHECK(heard.lines == expected);
  const StreamCounts counts = stream.counts();
  CHECK(counts.frames == 4);
  CHECK(counts.captioned == 4);
  CHECK(counts.refined == 4);
  CHECK(counts.dropped + counts.skipped + counts.failed == 0);
}

TEST_CASE("a period and a change choose frames") {
  ThreadPool pool(1);
  StreamOptions options;
  options.caption.rounds = 0;
  const auto frames_of = [&](const std::vector<std::pair<unsigned, double>>& frames) {
    std::string result;
    StreamCallbacks callbacks;
    callbacks.on_caption = [&](const StreamCaption& one) {
      if (one.is_last) result += concat(one.frame, " ");
    };
    CaptionStream stream(model(), pool, options, callbacks);
    for (const auto& [seed, seconds] : frames) stream.push(frame_of(seed), seconds);
    CHECK(stream.counts().skipped + stream.counts().captioned == frames.size());
    return result;
  };
  options.period = 1;
  CHECK(frames_of({{1, 0}, {1, 0.4}, {1, 0.8}, {1, 1.2}, {1, 1.6}, {1, 2.0}, {1, 2.4}}) == "0 3 5 ");
  CHECK(frames_of({{1, 0}, {1, 5.5}, {1, 6.4}, {1, 6.5}}) == "0 1 3 ");  // a gap is not made up for
  options.period = 0;
  options.change_threshold = ChangeGate::kDefaultThreshold;
  CHECK(frames_of({{1, 0}, {1, 1}, {2, 2}, {2, 3}, {1, 4}}) == "0 2 4 ");
  options.period = 2;
  CHECK(frames_of({{1, 0}, {2, 1}, {2, 2}, {2, 4}}) == "0 2 ");
  options.period = -1;
  CHECK_THROWS_AS(CaptionStream(model(), pool, options, {}), Error);
}

TEST_CASE("live: push does not wait, the latest frame does, and the others are counted") {
  ThreadPool pool(1);
  StreamOptions options;
  options.live = true;
  std::atomic<bool> goes_on{false}, has_begun{false};
  std::vector<std::uint64_t> captioned;
  std::vector<std::string> texts;
  StreamCallbacks callbacks;
  callbacks.on_caption = [&](const StreamCaption& one) {
    has_begun = true;
    while (!goes_on) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // a slow frame
    if (!one.is_last) return;
    captioned.push_back(one.frame);
    texts.push_back(one.caption.refined);
  };
  CaptionStream stream(model(), pool, options, callbacks);
  stream.push(frame_of(0), 0);
  while (!has_begun) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  for (unsigned i = 1; i < 10; ++i) stream.push(frame_of(i), i);
  CHECK(stream.counts().dropped == 8);
  goes_on = true;
  stream.finish();
  CHECK(captioned == std::vector<std::uint64_t>{0, 9});
  const StreamCounts counts = stream.counts();
  CHECK(counts.frames == 10);
  CHECK(counts.captioned == 2);
  CHECK(counts.refined == 1);  // frame 0's second glance made room for frame 9
  Captioner captioner(model(), pool);
  CHECK(texts == std::vector<std::string>{captioner(frame_of(0)).initial, captioner(frame_of(9)).refined});
  stream.push(frame_of(3), 11);  // it can go on
  stream.finish();
  CHECK(captioned.back() == 10);
}

TEST_CASE("live: always_refine takes the second glance whatever waits; the destructor gives up") {
  ThreadPool pool(1);
  StreamOptions options;
  options.live = true;
  options.always_refine = true;
  {
    CaptionStream stream(model(), pool, options, {});
    for (unsigned i = 0; i < 6; ++i) stream.push(frame_of(i), i);
    stream.finish();
    CHECK(stream.counts().refined == stream.counts().captioned);
    CHECK(stream.counts().captioned + stream.counts().dropped == 6);
  }
  options.caption.rounds = 100000;
  const auto begin = std::chrono::steady_clock::now();
  {
    CaptionStream stream(model(), pool, options, {});
    stream.push(frame_of(1), 0);
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
}

TEST_CASE("another captioner can stand in the place of the model's; waiting has an end") {
  StreamOptions options;
  options.live = true;
  std::atomic<bool> goes_on{false};
  const FrameCaptioner slow = [&](const ImageView& frame, const CaptionOptions& with) {
    Caption caption;
    caption.initial = caption.refined = concat(frame.width, " x ", frame.height);
    with.on_initial(caption);
    while (!goes_on) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return caption;
  };
  Heard heard;
  CaptionStream stream(slow, options, heard.callbacks());
  CHECK(stream.wait_for(std::chrono::milliseconds(0)));  // nothing was pushed
  stream.push(frame_of(1), 3);
  CHECK(!stream.wait_for(std::chrono::milliseconds(20)));
  goes_on = true;
  CHECK(stream.wait_for(std::chrono::minutes(1)));
  CHECK(heard.lines == std::vector<std::string>{"0@3 initial 24 x 20", "0@3 initial last 24 x 20"});
  CHECK(stream.counts().captioned == 1);
  CHECK(stream.counts().refined == 0);
}

TEST_CASE("what goes wrong with a frame is said, and the stream goes on") {
  ThreadPool pool(1);
  for (const bool live : {false, true}) {
    CAPTURE(live);
    StreamOptions options;
    options.live = live;
    options.caption.prompt = "<image>" + std::string(4000, 'x');  // longer than the model's positions
    std::vector<std::string> errors;
    StreamCallbacks callbacks;
    callbacks.on_error = [&](std::uint64_t frame, const Error& error) {
      errors.push_back(concat(frame, error.what()));
    };
    CaptionStream stream(model(), pool, options, callbacks);
    for (unsigned i = 0; i < 2; ++i) {
      stream.push(frame_of(i), i);
      stream.finish();
    }
    CHECK(errors.size() == 2);
    CHECK(errors.at(1).find("1prompt: expected less than max_position_embeddings") == 0);
    CHECK(stream.counts().failed == 2);
    CHECK_THROWS_AS(stream.push(ImageView{}, 2), Error);

    CaptionStream strict(model(), pool, options, {});  // nobody listens: the error is thrown
    CHECK_THROWS_AS((strict.push(frame_of(1), 0), strict.finish()), Error);

    StreamCallbacks bad;
    bad.on_caption = [](const StreamCaption&) { fail(ErrorCode::kFileAccess, "a full disk"); };
    bad.on_error = callbacks.on_error;
    options.caption.prompt.reset();
    CaptionStream full(model(), pool, options, bad);
    CHECK_THROWS_WITH((full.push(frame_of(1), 0), full.finish()), "a full disk");
  }
}
