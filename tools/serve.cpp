/// @file
/// `sharpeye serve`: captions for other programs, over HTTP.

#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <memory>
#include <thread>

#include "sharpeye/models/mm_ser_config.hpp"
#include "tools/model_info.hpp"
#include "tools/serve_http.hpp"
#include "tools/session.hpp"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace tool {
namespace {

struct ServeCommand {
  SessionOptions session;
  HttpOptions http;
  ServeLimits limits;
  std::string name, api_key, api_key_file;
  int parallel = 1, queue = 64, max_images = 16;
  std::optional<int> glances;
  std::optional<Index> beams, max_new_tokens;
};

void declare(ServeCommand& options, Command& command) {
  options.session.add_to(command);
  command.text("--host", options.http.host, "The address to listen on; 0.0.0.0 is all of this machine's");
  command.number("--port", options.http.port, 0, 65535, "0 takes one that is free, and says which");
  command.text("--name", options.name, "What clients call the model; default its folder's name");
  const Option& key = command.text("--api-key", options.api_key, "Clients must send this as Authorization: Bearer");
  command.text("--api-key-file", options.api_key_file, "The same, from a file, where other users do not see it")
      .type("FILE")
      .excludes(key);
  command.number("--parallel", options.parallel, 1, ThreadPool::kMaxThreads,
                 "Requests captioned at once, each on its share of the threads");
  command.number("--queue", options.queue, 0, 1 << 20, "Requests that may wait; more are refused at once");
  command.number("--time-limit", options.limits.seconds, 0.001, 1e6, "Seconds for a request, waiting included");
  command.number("--max-body", options.http.max_body, 1, std::uint64_t{1} << 32, "Bytes of a request");
  command.number("--max-images", options.max_images, 1, 1 << 16, "Images of a request");
  command.number("--max-connections", options.http.max_connections, 1, 1 << 16, "Connections at once");
  command.number("--glances", options.glances, 1, 2, "Where a request does not say; default as the model says");
  command.number("--beams", options.beams, 1, 64, "Where a request does not say");
  command.number("--max-new-tokens", options.max_new_tokens, 1, Index{1} << 17, "Where a request does not say");
  command.number("--min-confidence", options.limits.min_confidence, 0, 1,
                 "Say \"not sure\" instead of a caption whose tokens have a lower mean probability (geometric mean)");
  command.flag("--use-prompts", options.limits.use_prompts,
               "Ask the model with the texts that OpenAI's and Ollama's clients send, instead of its own prompt");
  command.flag("--use-sampling", options.limits.use_sampling,
               "Follow temperature, top_p, top_k and seed of OpenAI's and Ollama's clients");
}

ServedModel describe(const ServeCommand& options, const CaptionModel& model) {
  ServedModel served;
  const std::filesystem::path folder = std::filesystem::weakly_canonical(options.session.model);
  served.name = !options.name.empty() ? options.name : one_line(folder.filename().string());
  require(!served.name.empty(), ErrorCode::kInvalidArgument, "--name: expected a name");
  const ModelInfo info = inspect_model(options.session.model, {});
  const auto total = info.parts.find("total");
  if (total != info.parts.end()) {
    served.parameters = total->second.parameters;
    served.bytes = total->second.bytes;
  }
  struct stat file {};
  if (::stat((options.session.model + "/config.json").c_str(), &file) == 0) served.created = file.st_mtime;
  served.refines = model.refines();
  served.rounds = options.glances ? *options.glances - 1 : served.refines ? model.config().rounds : 0;
  require(served.refines || served.rounds == 0, ErrorCode::kInvalidArgument,
          "--glances: expected 1 with a model without ser_connector");
  served.generation = model.generation();
  served.refine_generation = model.refine_generation();
  for (GenerationConfig* generation : {&served.generation, &served.refine_generation}) {
    if (options.beams) {
      generation->num_beams = *options.beams;
      generation->do_sample = false;
    }
    generation->max_new_tokens = options.max_new_tokens.value_or(generation->max_new_tokens);
    check(*generation, "options");
  }
  return served;
}

std::string read_key(const ServeCommand& options) {
  if (options.api_key_file.empty()) return options.api_key;
  std::string key = read_input(options.api_key_file, 4096);
  while (!key.empty() && (key.back() == '\n' || key.back() == '\r')) key.pop_back();
  require(!key.empty(), ErrorCode::kInvalidArgument, options.api_key_file, ": expected an API key, actual nothing");
  return key;
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.compare(0, 4, "127.") == 0;
}

// Ctrl-C and SIGTERM, waited for by this thread; those that it starts do not get them. A second one ends the program.
class StopSignals {
 public:
  StopSignals() {
    ::sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM}) ::sigaddset(&signals_, signal);
    ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  }
  // Waits half a second at most.
  bool wait() const {
    const timespec half{0, 500'000'000};
    return ::sigtimedwait(&signals_, nullptr, &half) > 0;
  }
  void allow() const { ::pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr); }

 private:
  sigset_t signals_{};
};

// Each connection is a thread for a while. glibc would give them up to eight arenas a core, and each keeps pieces of
// what it had: 2 MB after 10,000 malformed requests (serve_soak.py). With two, captioners and connections wait for one
// another and share cache lines, a hundredth of the demo model's rate. What one caption gives back the next one needs:
// its pages should not be cleared for each.
void share_memory() {
#if defined(__GLIBC__)
  ::mallopt(M_ARENA_MAX, 8);
  ::mallopt(M_MMAP_THRESHOLD, 8 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 16 << 20);
#endif
}

// Gives free memory back to the system when the server has become idle: thousands of requests leave pieces of it
// between those that stay, and else they would be kept (2 MB after 40,000 malformed ones).
class IdleMemory {
 public:
  void look(const Service& service) {
    const std::uint64_t answered = service.answered();
    if (answered == given_back_after_ || !service.is_idle()) return;
    given_back_after_ = answered;
#if defined(__GLIBC__)
    ::malloc_trim(0);
#endif
  }

 private:
  std::uint64_t given_back_after_ = 0;
};

int run_serve(ServeCommand options) {
  require_http();
  share_memory();
  const StopSignals signals;  // before there are threads
  options.limits.max_images = static_cast<std::size_t>(options.max_images);
  options.limits.max_pixels = options.session.max_pixels;
  const std::string key = read_key(options);
  Session session(options.session);
  std::vector<std::unique_ptr<ThreadPool>> pools;
  std::vector<std::unique_ptr<Captioner>> captioners;
  for (int i = 0; i < options.parallel; ++i) {
    pools.push_back(std::make_unique<ThreadPool>(std::max(1, options.session.threads / options.parallel)));
    captioners.push_back(session.captioner_on(*pools.back()));
  }
  Service service({{describe(options, session.model()), options.limits},
                   static_cast<std::size_t>(options.parallel),
                   static_cast<std::size_t>(options.queue),
                   key,
                   is_loopback(options.http.host)},
                  [&](std::size_t worker, const Image& image, const CaptionOptions& caption) {
                    return (*captioners[worker])(image, caption);
                  });
  HttpServer server(service, options.http);
  const bool is_v6 = options.http.host.find(':') != std::string::npos;
  const std::string host = is_v6 ? "[" + options.http.host + "]" : options.http.host;
  write_out(concat("http://", host, ":", server.port(), "\n"));
  if (key.empty() && !is_loopback(options.http.host))
    report("anybody who reaches " + options.http.host + " may use this server: see --api-key");
  std::atomic<bool> has_ended{false};
  std::thread serving([&] {
    server.run();
    has_ended = true;
  });
  IdleMemory memory;
  while (!has_ended && !signals.wait()) memory.look(service);
  signals.allow();
  service.stop();
  server.stop();
  serving.join();
  return kOk;
}

}  // namespace

void add_serve(Command& command) {
  const auto options = std::make_shared<ServeCommand>();
  command.description = "Caption images for other programs, over HTTP";
  declare(*options, command);
  command.run = [options] { return run_serve(*options); };
}

}  // namespace tool
