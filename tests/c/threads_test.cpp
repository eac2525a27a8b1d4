// The C interface from C++ and from several threads at once. Links libsharpeye alone, and nothing of the C++ library.

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "sharpeye/c_api.h"
#include "support/paths.hpp"

namespace {

const std::string kModel = test::fixture("models/mmser_self_attention_tiny");
const std::string kImage = kModel + "/image.png";

sharpeye_captioner* captioner_of(const sharpeye_model* model) {
  sharpeye_captioner_options options{};
  options.struct_size = sizeof options;
  options.threads = 1;
  sharpeye_captioner* captioner = nullptr;
  CHECK(sharpeye_captioner_new(model, &options, &captioner, nullptr) == SHARPEYE_OK);
  return captioner;
}

template <class Body>
void in_threads(int count, const Body& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&body, i] { body(i); });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("captioners of one model work in parallel") {
  sharpeye_model* model = nullptr;
  REQUIRE(sharpeye_model_load(kModel.c_str(), nullptr, &model, nullptr) == SHARPEYE_OK);
  std::vector<std::string> texts(4);
  in_threads(4, [&](int i) {
    sharpeye_captioner* captioner = captioner_of(model);
    for (int repeat = 0; repeat < 3; ++repeat) {
      sharpeye_caption* caption = nullptr;
      CHECK(sharpeye_caption_file(captioner, kImage.c_str(), nullptr, &caption, nullptr) == SHARPEYE_OK);
      texts[static_cast<std::size_t>(i)] += sharpeye_caption_refined(caption, nullptr) + std::string("\n");
      sharpeye_caption_free(caption);
    }
    sharpeye_captioner_free(captioner);
  });
  sharpeye_model_free(model);
  CHECK(texts[0].size() > 3);
  for (const std::string& text : texts) CHECK(text == texts[0]);
}

TEST_CASE("a captioner refuses a second call meanwhile, and serves the first one") {
  sharpeye_model* model = nullptr;
  REQUIRE(sharpeye_model_load(kModel.c_str(), nullptr, &model, nullptr) == SHARPEYE_OK);
  sharpeye_captioner* captioner = captioner_of(model);
  std::atomic<int> served{0}, refused{0};
  in_threads(4, [&](int) {
    for (int repeat = 0; repeat < 10; ++repeat) {
      sharpeye_error error{};
      error.struct_size = sizeof error;
      sharpeye_caption* caption = nullptr;
      const sharpeye_status status = sharpeye_caption_file(captioner, kImage.c_str(), nullptr, &caption, &error);
      (status == SHARPEYE_OK ? served : refused) += 1;
      CHECK((status == SHARPEYE_OK) == (caption != nullptr));
      if (status != SHARPEYE_OK) CHECK(std::string(error.text).find("one call at a time") != std::string::npos);
      sharpeye_caption_free(caption);
    }
  });
  CHECK(served > 0);
  CHECK(served + refused == 40);
  sharpeye_captioner_free(captioner);
  sharpeye_model_free(model);
}
