// The server without sockets: requests in, replies out. The captioner is a fake that says what it was asked.

#include "tools/serve_service.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cmath>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "run_command.hpp"
#include "sharpeye/core/error.hpp"
#include "tools/base64.hpp"

namespace {

using namespace tool;
using sharpeye::concat;

std::string image_text(int width = 4, int height = 3) {
  return to_base64(concat("P6\n", width, " ", height, "\n255\n") +
                   std::string(static_cast<std::size_t>(3 * width * height), 'x'));
}

Caption fake_caption(std::size_t, const Image& image, const CaptionOptions& options) {
  Caption caption;
  caption.initial = concat("an image of ", image.width(), " columns");
  caption.initial_ids = {5, 6, 7, 2};
  caption.refined = concat("an image of ", image.height(), " rows");
  caption.refined_ids = {5, 6, 8, 9, 2};
  caption.rounds = *options.rounds;
  if (caption.rounds == 0) caption.refined = caption.initial;
  const std::string words[] = {"an", "an image", "an image of"};
  const std::vector<std::int32_t> ids{5};
  if (options.on_ids) options.on_ids("pass1.input_ids", {1, 2, 3});
  for (sharpeye::Index round = 0; round <= caption.rounds; ++round) {
    for (const std::string& text : words) {
      sharpeye::require(!options.is_cancelled(), sharpeye::ErrorCode::kCancelled, "caption: cancelled");
      if (options.on_token) options.on_token({round, ids, text});
    }
    if (round == 0 && options.on_initial) {
      Caption so_far = caption;
      so_far.refined = so_far.initial;
      so_far.rounds = 0;
      options.on_initial(so_far);
    }
  }
  return caption;
}

ServiceConfig config() {
  ServiceConfig config;
  config.context.model.name = "fake";
  config.context.model.refine_generation.num_beams = 1;
  return config;
}

ServeRequest post(const std::string& path, const std::string& body) {
  return {"POST", path, "application/json", "", "127.0.0.1:1", "", body};
}

bool nobody_leaves() {
  return false;
}

struct Received {
  int status;
  std::string type, body;
  std::vector<std::string> parts;
};

Received ask(Service& service, const ServeRequest& request) {
  const ServeReply reply = service.answer(request, nobody_leaves);
  Received received{reply.status, reply.content_type, reply.body, {}};
  if (reply.stream) {
    reply.stream([&](std::string_view part) {
      CHECK(!part.empty());
      received.parts.emplace_back(part);
      received.body += part;
      return true;
    });
  }
  return received;
}

std::string generate(const std::string& more = "") {
  return R"({"model":"fake","images":[")" + image_text() + "\"]" + more + "}";
}

std::string chat(const std::string& more = "") {
  return R"({"model":"fake","messages":[{"role":"user","content":[{"type":"text","text":"?"},{"type":"image_url",)"
         R"("image_url":{"url":"data:image/x-portable-pixmap;base64,)" +
         image_text() + "\"}}]}]" + more + "}";
}

}  // namespace

TEST_CASE("each API gets the refined caption in its own form") {
  Service service(config(), fake_caption);
  const auto ours = test::parse(ask(service, post("/v1/captions", R"({"image":")" + image_text() + "\"}")).body);
  CHECK(ours.at("captions")[0].at("initial") == "an image of 4 columns");
  CHECK(ours.at("captions")[0].at("refined") == "an image of 3 rows");
  const auto openai = test::parse(ask(service, post("/v1/chat/completions", chat())).body);
  CHECK(openai.at("choices")[0].at("message").at("content") == "an image of 3 rows");
  CHECK(openai.at("usage").at("prompt_tokens") == 3);
  CHECK(openai.at("usage").at("completion_tokens") == 5);
  const auto ollama = test::parse(ask(service, post("/api/generate", generate(",\"stream\":false"))).body);
  CHECK(ollama.at("response") == "an image of 3 rows");
  CHECK(ollama.at("eval_count") == 5);
}

TEST_CASE("a stream grows by the words of the last glance, and adds up to the caption") {
  Service service(config(), fake_caption);
  const Received ollama = ask(service, post("/api/generate", generate()));
  CHECK(ollama.type == "application/x-ndjson");
  std::vector<std::string> texts;
  for (const std::string& part : ollama.parts) texts.push_back(test::parse(part).at("response").get<std::string>());
  CHECK(texts == std::vector<std::string>{"an", " image", " of", " 3 rows", ""});
  CHECK(test::parse(ollama.parts.back()).at("done") == true);

  const Received openai = ask(service, post("/v1/chat/completions", chat(",\"stream\":true")));
  CHECK(openai.type == "text/event-stream");
  CHECK(openai.parts.size() == 6);  // the role, four parts, and the end
  CHECK(openai.parts[2].find("\"content\":\" image\"") != std::string::npos);
  CHECK(openai.parts.back().find("data: [DONE]\n\n") != std::string::npos);
}

TEST_CASE("with beams, stop texts or a deadline a stream hands out whole captions only") {
  ServiceConfig with_beams = config();
  with_beams.context.model.refine_generation.num_beams = 3;
  Service service(with_beams, fake_caption);
  CHECK(ask(service, post("/api/generate", generate())).parts.size() == 2);
  Service greedy(config(), fake_caption);
  CHECK(ask(greedy, post("/api/generate", generate(R"(,"options":{"stop":"rows"})"))).parts.size() == 2);
}

TEST_CASE("our own stream shows each round as it grows, and when it is complete") {
  Service service(config(), fake_caption);
  const std::string body = R"({"stream":true,"images":[")" + image_text() + "\",\"" + image_text(5, 6) + "\"]}";
  const Received received = ask(service, post("/v1/captions", body));
  std::vector<std::string> complete;
  for (const std::string& part : received.parts) {
    const auto json = test::parse(part);
    if (json.contains("complete") && json.at("complete") == true)
      complete.push_back(json.at("text").get<std::string>());
  }
  CHECK(complete == std::vector<std::string>{"an image of 4 columns", "an image of 3 rows", "an image of 5 columns",
                                             "an image of 6 rows"});
}

TEST_CASE("a caption that the model is not sure of is not told") {
  ServiceConfig careful = config();
  careful.context.limits.min_confidence = 0.5;
  for (const double probability : {0.4, 0.6}) {
    Service service(careful, [&](std::size_t worker, const Image& image, const CaptionOptions& options) {
      Caption caption = fake_caption(worker, image, options);
      caption.refined_confidence.log_probabilities = {static_cast<float>(std::log(probability))};
      return caption;
    });
    const std::string text = probability < 0.5 ? "not sure" : "an image of 3 rows";
    const Received stream = ask(service, post("/api/generate", generate()));
    CHECK(stream.parts.size() == 2);
    CHECK(test::parse(stream.parts[0]).at("response") == text);
    CHECK(ask(service, post("/v1/chat/completions", chat())).body.find("\"" + text + "\"") != std::string::npos);
    const std::string image = R"({"image":")" + image_text() + "\"";
    const auto ours = test::parse(ask(service, post("/v1/captions", image + "}")).body).at("captions")[0];
    CHECK(ours.at("refined") == text);
    CHECK(ours.at("sure").at("refined") == (probability > 0.5));
    const auto open = test::parse(ask(service, post("/v1/captions", image + R"(,"min_confidence":0.1})")).body);
    CHECK(open.at("captions")[0].at("refined") == "an image of 3 rows");
  }
}

TEST_CASE("one glance where it is asked for") {
  Service service(config(), fake_caption);
  const auto reply =
      test::parse(ask(service, post("/v1/captions", R"({"glances":1,"image":")" + image_text() + "\"}")).body);
  CHECK(reply.at("captions")[0].at("refined") == "an image of 4 columns");
  ServiceConfig without = config();
  without.context.model.refines = false;
  without.context.model.rounds = 0;
  Service one(without, fake_caption);
  CHECK(ask(one, post("/v1/captions", R"({"glances":2,"image":")" + image_text() + "\"}")).status == 400);
}

TEST_CASE("several images are lines, of the last message that has images") {
  Service service(config(), fake_caption);
  const std::string two = R"({"model":"fake","stream":false,"messages":[{"role":"user","content":"a","images":[")" +
                          image_text(9, 9) +
                          R"("]},{"role":"assistant","content":"b"},{"role":"user","content":"c","images":[")" +
                          image_text() + "\",\"" + image_text(5, 6) + "\"]}]}";
  const auto reply = test::parse(ask(service, post("/api/chat", two)).body);
  CHECK(reply.at("message").at("content") == "an image of 3 rows\nan image of 6 rows");
}

TEST_CASE("errors have the form of the API") {
  Service service(config(), fake_caption);
  CHECK(ask(service, post("/api/chat", "{")).body.find("{\"error\":\"request: ") == 0);
  const auto openai = test::parse(ask(service, post("/v1/chat/completions", R"({"model":"x"})")).body);
  CHECK(openai.at("error").at("type") == "invalid_request_error");
  CHECK(openai.at("error").at("code") == "model_not_found");
  CHECK(openai.at("error").at("param").is_null());
}

TEST_CASE("what a captioner throws becomes a status, or the last part of a stream") {
  Service service(config(), [](std::size_t, const Image&, const CaptionOptions&) -> Caption {
    throw sharpeye::Error(sharpeye::ErrorCode::kLimit, "prompt: too long");
  });
  CHECK(ask(service, post("/api/generate", generate(",\"stream\":false"))).status == 400);
  const Received stream = ask(service, post("/api/generate", generate()));
  CHECK(stream.status == 200);
  CHECK(stream.body == "{\"error\":\"prompt: too long\"}\n");
  Service broken(config(), [](std::size_t, const Image&, const CaptionOptions&) -> Caption { throw std::bad_alloc(); });
  CHECK(ask(broken, post("/api/generate", generate(",\"stream\":false"))).status == 503);
  CHECK(test::parse(ask(broken, {"GET", "/health", "", "", "", "", ""}).body).at("running") == 0);  // it was given back
}

TEST_CASE("a full queue and a stop are answered at once") {
  ServiceConfig small = config();
  small.queue = 1;
  std::promise<void> go;
  const std::shared_future<void> may_go = go.get_future().share();
  Service service(small, [&](std::size_t worker, const Image& image, const CaptionOptions& options) {
    may_go.wait();
    return fake_caption(worker, image, options);
  });
  const auto state = [&](const char* key) {
    return test::parse(ask(service, {"GET", "/health", "", "", "", "", ""}).body).at(key).get<int>();
  };
  const std::string body = generate(",\"stream\":false");
  auto running =
      std::async(std::launch::async, [&] { return service.answer(post("/api/generate", body), nobody_leaves); });
  while (state("running") == 0) std::this_thread::yield();
  auto waiting =
      std::async(std::launch::async, [&] { return service.answer(post("/api/generate", body), nobody_leaves); });
  while (state("waiting") == 0) std::this_thread::yield();
  const ServeReply ollama = service.answer(post("/api/generate", body), nobody_leaves);
  CHECK(ollama.status == 503);
  CHECK(ollama.body.find("server busy") != std::string::npos);
  CHECK(service.answer(post("/v1/chat/completions", chat()), nobody_leaves).status == 429);
  CHECK(ask(service, post("/v1/chat/completions", chat(",\"stream\":true"))).status == 429);
  service.stop();
  CHECK(waiting.get().status == 503);
  CHECK(service.answer(post("/api/generate", body), nobody_leaves).status == 503);
  CHECK(ask(service, {"GET", "/health", "", "", "", "", ""}).status == 503);
  go.set_value();
  CHECK(running.get().status == 200);
}

TEST_CASE("who waits longer than allowed is refused, also where the reply has begun") {
  ServiceConfig hasty = config();
  hasty.context.limits.seconds = 0.05;
  std::promise<void> go;
  const std::shared_future<void> may_go = go.get_future().share();
  Service service(hasty, [&](std::size_t worker, const Image& image, const CaptionOptions& options) {
    may_go.wait();
    CaptionOptions patient = options;
    patient.is_cancelled = nobody_leaves;
    return fake_caption(worker, image, patient);
  });
  const std::string body = generate(",\"stream\":false");
  auto running =
      std::async(std::launch::async, [&] { return service.answer(post("/api/generate", body), nobody_leaves); });
  const auto running_now = [&] {
    return test::parse(ask(service, {"GET", "/health", "", "", "", "", ""}).body).at("running").get<int>();
  };
  while (running_now() == 0) std::this_thread::yield();
  CHECK(service.answer(post("/api/generate", body), nobody_leaves).status == 503);
  const Received stream = ask(service, post("/api/generate", generate()));
  CHECK(stream.status == 200);
  CHECK(stream.body.find("no captioner became free in time") != std::string::npos);
  int looks = 0;
  const auto leaves_later = [&] { return ++looks > 1; };
  CHECK(service.answer(post("/api/generate", body), leaves_later).status != 200);
  go.set_value();
  CHECK(running.get().status == 200);
}

TEST_CASE("a stream that is next keeps nobody waiting, and a place that is given up is free again") {
  Service service(config(), fake_caption);
  {
    // Replies whose head is never sent: one for the captioner that is free, and one that is next.
    const ServeReply first = service.answer(post("/api/generate", generate()), nobody_leaves);
    const ServeReply second = service.answer(post("/api/generate", generate()), nobody_leaves);
    CHECK(first.stream);
    CHECK(second.stream);
    CHECK(service.answer(post("/api/generate", generate(",\"stream\":false")), nobody_leaves).status == 200);
    second.stream([](std::string_view) { return true; });
  }
  const auto health = test::parse(ask(service, {"GET", "/health", "", "", "", "", ""}).body);
  CHECK(health.at("running") == 0);
  CHECK(health.at("waiting") == 0);
  CHECK(ask(service, post("/api/generate", generate())).parts.size() == 5);
}

TEST_CASE("captions of many at once are done by the captioners' own threads, each by one at a time") {
  ServiceConfig wide = config();
  wide.parallel = 3;
  std::mutex mutex;
  std::map<std::size_t, std::set<std::thread::id>> threads;
  std::array<std::atomic<int>, 3> at_work{};
  Service service(wide, [&](std::size_t worker, const Image& image, const CaptionOptions& options) {
    const int others = at_work.at(worker)++;
    {
      const std::lock_guard<std::mutex> lock(mutex);
      threads[worker].insert(std::this_thread::get_id());
      CHECK(others == 0);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    --at_work.at(worker);
    return fake_caption(worker, image, options);
  });
  std::vector<std::future<Received>> replies;
  for (int i = 0; i < 60; ++i) {
    const std::string body = generate(i % 2 == 0 ? ",\"stream\":false" : "");
    replies.push_back(
        std::async(std::launch::async, [&service, body] { return ask(service, post("/api/generate", body)); }));
  }
  for (auto& reply : replies) CHECK(reply.get().status == 200);
  CHECK(threads.size() == 3);
  for (const auto& [worker, of_worker] : threads) CHECK(of_worker.size() == 1);
}

TEST_CASE("a client that has gone is not captioned for") {
  Service service(config(), fake_caption);
  const ServeReply reply = service.answer(post("/api/generate", generate(",\"stream\":false")), [] { return true; });
  CHECK(reply.status == 499);
  const ServeReply stream = service.answer(post("/api/generate", generate()), nobody_leaves);
  int parts = 0;
  stream.stream([&](std::string_view) { return ++parts < 2; });
  CHECK(parts == 2);
}

TEST_CASE("who may ask") {
  ServiceConfig locked = config();
  locked.api_key = "key";
  Service service(locked, fake_caption);
  ServeRequest request{"GET", "/v1/models", "", "", "localhost", "", ""};
  CHECK(ask(service, request).status == 401);
  request.authorization = "Bearer key";
  CHECK(ask(service, request).status == 200);
  request.origin = "https://example.org";
  CHECK(ask(service, request).status == 403);
  request.origin = "http://localhost";
  CHECK(ask(service, request).status == 200);
  for (const char* host : {"example.org", "127.0.0.1.example.org", "add.de"}) {
    request.host = host;
    request.origin = concat("http://", host);
    CHECK(ask(service, request).status == 403);
  }
  request.host = "[::1]:8080";
  request.origin = "http://[::1]:8080";
  CHECK(ask(service, request).status == 200);
  locked.is_loopback = false;
  Service open(locked, fake_caption);
  request.host = "photos.example.org";
  request.origin = "";
  CHECK(ask(open, request).status == 200);
}

TEST_CASE("the end of a body must be clear") {
  const auto status_of = [](const std::string& method, const BodyFraming& framing) {
    try {
      check_framing(method, framing, 100);
      return 200;
    } catch (const HttpError& error) {
      return error.status();
    }
  };
  CHECK(status_of("POST", {1, "100", "", ""}) == 200);
  CHECK(status_of("POST", {0, "", "chunked", "identity"}) == 200);
  CHECK(status_of("GET", {}) == 200);
  CHECK(status_of("POST", {1, "101", "", ""}) == 413);
  CHECK(status_of("POST", {1, "18446744073709551617", "", ""}) == 413);
  CHECK(status_of("POST", {}) == 411);
  CHECK(status_of("POST", {2, "5", "", ""}) == 400);
  CHECK(status_of("POST", {1, "5", "chunked", ""}) == 400);
  CHECK(status_of("POST", {1, "5x", "", ""}) == 400);
  CHECK(status_of("POST", {0, "", "gzip", ""}) == 501);
  CHECK(status_of("POST", {1, "5", "", "gzip"}) == 415);
}
