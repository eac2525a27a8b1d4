#include "tools/serve_service.hpp"

#include <algorithm>
#include <ctime>

#include "sharpeye/core/words.hpp"
#include "sharpeye/io/image_decoders.hpp"
#include "tools/caption_output.hpp"
#include "tools/serve_api.hpp"

namespace tool {
namespace {

using Clock = ServeWorkers::Clock;

struct Route {
  const char* path;
  const char* method;
};
constexpr Route kRoutes[] = {{"/", "GET"},
                             {"/health", "GET"},
                             {"/metrics", "GET"},
                             {"/v1/captions", "POST"},
                             {"/v1/models", "GET"},
                             {"/v1/responses", "POST"},
                             {"/v1/chat/completions", "POST"},
                             {"/api/generate", "POST"},
                             {"/api/chat", "POST"},
                             {"/api/show", "POST"},
                             {"/api/tags", "GET"},
                             {"/api/ps", "GET"},
                             {"/api/version", "GET"}};

// The part of a path that names a model: /v1/models/NAME.
std::string model_of(const std::string& path) {
  constexpr std::string_view kModels = "/v1/models/";
  return path.compare(0, kModels.size(), kModels) == 0 ? path.substr(kModels.size()) : std::string();
}

const Route* route_of(const std::string& path) {
  for (const Route& route : kRoutes) {
    if (path == route.path || (!model_of(path).empty() && std::string_view(route.path) == "/v1/models")) return &route;
  }
  return nullptr;
}

bool is_ollama(const std::string& path) {
  return path.compare(0, 5, "/api/") == 0;
}

ServeReply json_reply(const Json& json) {
  ServeReply reply;
  reply.body = json.dump() + "\n";
  return reply;
}

// "127.0.0.1:8080" without its port.
std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const bool is_port = colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
  return is_port ? host.substr(0, colon) : host;
}

// Whether a host is no name that anybody could register: an address, localhost, or nothing.
bool is_address(std::string_view host) {
  return host == "localhost" || (!host.empty() && host.front() == '[') ||
         host.find_first_not_of("0123456789.") == std::string_view::npos;
}

// As long for a wrong key as for the right one.
bool equals_secret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i)
    difference |= static_cast<unsigned char>(given[i] ^ secret[i % secret.size()]);
  return difference == 0;
}

// A look whether the client has gone is a system call, and a captioner asks between tokens: 40 times in 5 ms.
constexpr auto kTimeBetweenLooks = std::chrono::milliseconds(10);

}  // namespace

/// One task on its way: the images are decoded one after another, so that a request has one in memory.
struct Service::Work {
  Service& service;
  CaptionTask task;
  Clock::time_point deadline;
  std::vector<Captioned> captions;

  // Who hears of a caption before it is whole.
  struct Listeners {
    std::function<void(const CaptionProgress&)> on_token;
    std::function<void(Index, const std::string&)> on_caption;
  };

  // Captions image i with captioner `worker`. @throws as decoding and captioning
  const Captioned& caption(std::size_t i, std::size_t worker, const std::function<bool()>& is_gone,
                           const Listeners& listeners) {
    const ServeLimits& limits = service.config_.context.limits;
    SentImage& sent = task.images[i];
    const auto begin = Clock::now();
    const Image image = default_decoder().decode(sent.bytes, sent.place, {limits.max_pixels});
    std::string().swap(sent.bytes);
    const double decoding = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    Captioned captioned;
    CaptionOptions options = task.options;
    bool is_late = false;
    auto next_look = begin;
    options.is_cancelled = [&] {
      const auto now = Clock::now();
      is_late = now >= deadline;
      if (is_late || now < next_look) return is_late;
      next_look = now + kTimeBetweenLooks;
      return is_gone();
    };
    options.on_token = listeners.on_token;
    if (listeners.on_caption) {
      options.on_initial = [&](const Caption& so_far) { listeners.on_caption(0, so_far.initial); };
    }
    options.on_ids = [&](const std::string&, const std::vector<std::int32_t>& ids) {
      captioned.prompt_tokens += static_cast<Index>(ids.size());
    };
    try {
      captioned.caption = service.caption_(worker, image, options);
      if (listeners.on_caption && captioned.caption.rounds > 0) {
        listeners.on_caption(captioned.caption.rounds, captioned.caption.refined);
      }
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCancelled) throw;
      if (!is_late) throw HttpError(499, "the client has closed the connection", "cancelled");
      throw HttpError(504, concat("the caption was not complete after ", limits.seconds, " seconds"), "timeout");
    }
    captioned.caption.timings.image += decoding;
    captioned.caption.timings.total += decoding;
    const GenerationConfig& last = captioned.caption.rounds == 0 ? *options.generation : *options.refine_generation;
    const auto& ids = captioned.caption.refined_ids;
    captioned.is_cut = static_cast<Index>(ids.size()) >= last.max_new_tokens && !last.is_eos(ids.back());
    const bool is_sure = !task.min_confidence || captioned.caption.refined_confidence.reaches(*task.min_confidence);
    captioned.text = is_sure ? captioned.caption.refined : kNotSure;
    service.metrics_.count_caption(captioned.caption);
    return captions.emplace_back(std::move(captioned));
  }
};

Service::Service(ServiceConfig config, CaptionFunction caption)
    : config_(std::move(config)), caption_(std::move(caption)), workers_(config_.parallel, config_.queue) {}

void Service::stop() {
  stops_ = true;
  workers_.stop();
}

bool Service::is_idle() const {
  return workers_.running() + workers_.waiting() == 0;
}

void Service::count(const std::string& path, int status, Clock::time_point begin) {
  ++answered_;
  const Route* route = route_of(path);
  metrics_.count_request(route == nullptr ? "other" : route->path, status,
                         std::chrono::duration<double>(Clock::now() - begin).count());
}

void Service::check_head(const ServeRequest& head) const {
  // A page of another site may not use the visitor's server: its Origin is not our Host. That a name of its own leads
  // here does not help it, where the server is for this machine only.
  if (config_.is_loopback && !is_address(without_port(head.host)))
    throw HttpError(403, concat("Host: expected localhost or an address, actual ", in_quotes(head.host)), "forbidden");
  if (!head.origin.empty() && head.origin != "http://" + head.host && head.origin != "https://" + head.host)
    throw HttpError(403, concat("Origin: expected this server, actual ", in_quotes(head.origin)), "forbidden");
  const bool is_open = head.path == "/" || head.path == "/health";
  if (!config_.api_key.empty() && !is_open &&
      !(head.authorization.compare(0, 7, "Bearer ") == 0 &&
        equals_secret(std::string_view(head.authorization).substr(7), config_.api_key)))
    throw HttpError(401, "Authorization: expected Bearer and the server's API key", "invalid_api_key");
  const Route* route = route_of(head.path);
  if (route == nullptr) throw HttpError(404, concat("path ", in_quotes(head.path), " not found"), "not_found");
  if (head.method != route->method && !(head.method == "HEAD" && std::string_view(route->method) == "GET"))
    throw HttpError(405, concat(head.path, ": expected ", route->method, ", actual ", in_quotes(head.method)),
                    "method_not_allowed");
}

ServeReply Service::refuse(const std::string& path, const HttpError& error) {
  count(path, error.status(), Clock::now());
  return error_reply(path, error);
}

ServeReply Service::error_reply(const std::string& path, const HttpError& error) {
  ServeReply reply;
  reply.status = error.status();
  reply.body = is_ollama(path) ? ollama_error(error) : openai_error(error);
  if (error.status() == 401) reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (error.status() == 405) reply.headers.emplace_back("Allow", route_of(path)->method);
  if (error.status() == 429 || error.status() == 503) reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

ServeReply Service::answer(ServeRequest request, const std::function<bool()>& is_gone) {
  const auto begin = Clock::now();
  const std::string path = request.path;
  ServeReply reply;
  try {
    check_head(request);
    reply = route(request, is_gone);
  } catch (...) {
    reply = error_reply(path, to_http_error());
  }
  if (!reply.stream) {
    count(path, reply.status, begin);
    return reply;
  }
  reply.stream = [this, path, begin, stream = std::move(reply.stream)](const Writer& write) {
    stream(write);
    count(path, 200, begin);
  };
  return reply;
}

ServeReply Service::route(ServeRequest& request, const std::function<bool()>& is_gone) {
  const std::string path = request.path;
  const ServeContext& context = config_.context;
  const ServedModel& model = context.model;
  if (path == "/") {
    ServeReply reply;
    reply.content_type = "text/html; charset=utf-8";
    reply.headers.emplace_back("Content-Security-Policy",
                               "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
                               "img-src data: blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'");
    reply.body = kServePage;
    return reply;
  }
  if (path == "/health") {
    ServeReply reply = json_reply({{"status", stops_ ? "stopping" : "ok"},
                                   {"model", model.name},
                                   {"running", workers_.running()},
                                   {"waiting", workers_.waiting()}});
    if (stops_) reply.status = 503;
    return reply;
  }
  if (path == "/metrics") {
    ServeReply reply;
    reply.content_type = "text/plain; version=0.0.4";
    reply.body = metrics_.text(workers_.running(), workers_.waiting());
    return reply;
  }
  if (path == "/v1/models") return json_reply(openai_models(model));
  if (!model_of(path).empty()) {
    require_model(model_of(path), model);
    return json_reply(openai_model(model));
  }
  if (path == "/api/tags" || path == "/api/ps") return json_reply(ollama_tags(model));
  if (path == "/api/version") return json_reply(ollama_version());
  if (path == "/api/show") return json_reply(ollama_show(read_json_body(std::move(request)), model));

  CaptionTask task;
  int busy_status = 503;
  if (path == "/v1/captions") {
    task = read_captions(std::move(request), context);
  } else {
    const JsonReader json = read_json_body(std::move(request));
    if (path == "/api/generate" || path == "/api/chat") {
      task = path == "/api/chat" ? read_ollama_chat(json, context) : read_ollama_generate(json, context);
    } else {
      busy_status = 429;
      const std::string id = concat(static_cast<std::int64_t>(std::time(nullptr)), "-", next_id_++);
      task =
          path == "/v1/responses" ? read_openai_response(json, context, id) : read_chat_completion(json, context, id);
    }
  }
  return carry_out(std::move(task), is_gone, busy_status);
}

ServeReply Service::carry_out(CaptionTask task, const std::function<bool()>& is_gone, int busy_status) {
  const ServeLimits& limits = config_.context.limits;
  ServeReply reply;
  if (!task.unused.empty()) {
    std::string names;
    for (const std::string& name : task.unused) names += (names.empty() ? "" : ", ") + name;
    reply.headers.emplace_back("Sharpeye-Unused", names);
  }
  if (task.images.empty()) {  // a request to load the model, which is there
    reply.content_type = task.streams ? task.answer->stream_type() : reply.content_type;
    reply.body = task.answer->whole({});
    return reply;
  }
  if (task.images.size() > limits.max_images)
    throw HttpError(400,
                    concat("request: expected at most ", limits.max_images, " images, actual ", task.images.size()));
  // What can be wrong with an image should be said before a stream begins.
  for (const SentImage& image : task.images) read_image_structure(image.bytes, image.place, limits.max_pixels);
  const WaitLimits wait{Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(1000 * limits.seconds)),
                        is_gone, busy_status};
  const auto work = std::make_shared<Work>(Work{*this, std::move(task), wait.deadline, {}});
  const std::size_t count_of_images = work->task.images.size();
  if (!work->task.streams) {
    workers_.run(wait, [&](std::size_t worker) {
      for (std::size_t i = 0; i < count_of_images; ++i) work->caption(i, worker, is_gone, {});
    });
    reply.body = work->task.answer->whole(work->captions);
    return reply;
  }
  // The head of the reply is sent when the captioner is there: until then the status can still be another one.
  const auto place = std::make_shared<ServeWorkers::Place>(workers_.wait(wait));
  reply.content_type = work->task.answer->stream_type();
  reply.headers.emplace_back("Cache-Control", "no-cache");
  reply.stream = [work, place, wait, count_of_images](const Writer& write) {
    Answer& answer = *work->task.answer;
    bool has_gone = false;
    const auto send = [&](const std::string& part) { has_gone = has_gone || (!part.empty() && !write(part)); };
    const auto gone = [&] { return has_gone || wait.is_gone(); };
    try {
      send(answer.begin());
      place->run(wait, [&](std::size_t worker) {
        for (std::size_t i = 0; i < count_of_images; ++i) {
          Work::Listeners listeners;
          listeners.on_token = [&](const CaptionProgress& progress) { send(answer.progress(i, progress)); };
          listeners.on_caption = [&](Index round, const std::string& text) { send(answer.glance(i, round, text)); };
          send(answer.caption(i, work->caption(i, worker, gone, listeners)));
        }
      });
      send(answer.end(work->captions));
    } catch (...) {
      send(answer.failure(to_http_error()));
    }
  };
  return reply;
}

}  // namespace tool
