// What callers are told, and how they end a caption: deadlines, cancellation, tokens, stop strings.

#include "sharpeye/pipeline/captioner.hpp"

#include <chrono>
#include <thread>

#include "pipeline/tiny_models.hpp"
#include "support/golden.hpp"

using namespace sharpeye;

TEST_CASE("a deadline gives the initial caption, a cancellation an error") {
  ThreadPool pool(2);
  Captioner captioner(test::load_tiny(), pool);
  const Image image = test::tiny_image();
  const Caption full = captioner(image);
  CaptionOptions late;
  late.deadline = std::chrono::steady_clock::now();
  const Caption caption = captioner(image, late);
  CHECK(caption.deadline_passed);
  CHECK(caption.rounds == 0);
  CHECK(caption.initial_ids == full.initial_ids);
  CHECK(caption.refined == full.initial);
  CHECK_FALSE(full.deadline_passed);

  CaptionOptions during;  // passes while the second caption is written: that one is not shown
  during.on_token = [&](const CaptionProgress& progress) {
    if (progress.round == 1) std::this_thread::sleep_until(*during.deadline);
  };
  during.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  const Caption cut = captioner(image, during);
  CHECK(cut.deadline_passed);
  CHECK(cut.refined == full.initial);

  for (const int patience : {0, 1, 4, 9}) {
    CaptionOptions cancelled;
    int asked = 0;
    cancelled.is_cancelled = [&] { return ++asked > patience; };
    try {
      captioner(image, cancelled);
      FAIL("expected an error");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kCancelled);
    }
  }
  CHECK(captioner(image).refined_ids == full.refined_ids);  // nothing is left behind
}

TEST_CASE("the initial caption is handed out before the second glance, or before an end without one") {
  ThreadPool pool(1);
  Captioner captioner(test::load_tiny(), pool);
  const Image image = test::tiny_image();
  for (const Index rounds : {0, 1, 2}) {
    CaptionOptions options;
    options.rounds = rounds;
    std::vector<std::string> events;
    options.on_token = [&](const CaptionProgress& progress) {
      if (progress.round > 0 && events.size() == 1) events.push_back("second glance");
    };
    options.on_initial = [&](const Caption& so_far) {
      events.push_back(so_far.refined);
      CHECK((so_far.rounds == 0 && so_far.timings.ser_connector == 0 && so_far.timings.total > 0));
    };
    const Caption whole = captioner(image, options);
    REQUIRE(events.size() == (rounds == 0 ? 1 : 2));
    CHECK(events[0] == whole.initial);
  }
}

TEST_CASE("every token is reported, and stop strings cut the text") {
  ThreadPool pool(2);
  Captioner captioner(test::load_tiny(), pool);
  const Image image = test::tiny_image();
  CaptionOptions options;
  options.generation = test::greedy(captioner.model());
  std::vector<std::vector<std::int32_t>> steps;
  std::string last_text;
  options.on_token = [&](const CaptionProgress& progress) {
    if (progress.round != 0) return;
    steps.push_back(progress.ids);
    last_text = progress.text;
  };
  const Caption whole = captioner(image, options);
  REQUIRE(!steps.empty());
  CHECK(steps.back() == whole.initial_ids);
  CHECK(steps.size() == whole.initial_ids.size());
  CHECK(last_text == whole.initial);

  REQUIRE(whole.initial.size() > 4);
  const std::string stop = whole.initial.substr(whole.initial.size() / 2, 2);
  for (const Index beams : {1, 3}) {
    options.generation->num_beams = beams;
    options.generation->stop_strings = {stop};
    CHECK(captioner(image, options).initial.find(stop) == std::string::npos);
  }
}
