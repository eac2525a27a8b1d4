#pragma once

/// @file
/// `sharpeye serve` without sockets: a request in, a reply out. The HTTP library is seen by serve_http.cpp alone.

#include <atomic>
#include <functional>
#include <string>

#include "tools/serve_metrics.hpp"
#include "tools/serve_task.hpp"
#include "tools/serve_workers.hpp"

namespace tool {

/// How the service is set up.
struct ServiceConfig {
  ServeContext context;
  std::size_t parallel = 1;  ///< captioners
  std::size_t queue = 64;    ///< requests that may wait for one
  std::string api_key;       ///< empty: none is asked for
  bool is_loopback = true;   ///< then only names of this machine are accepted as Host
};

/// Captions one image with captioner `worker`; called from several threads, never twice at once for one worker.
using CaptionFunction = std::function<Caption(std::size_t worker, const Image& image, const CaptionOptions& options)>;

/// Answers requests; any thread may ask.
class Service {
 public:
  Service(ServiceConfig config, CaptionFunction caption);

  /// Does not throw: errors are replies in the form of the API that was called.
  /// @param is_gone whether the client has closed the connection: its caption is then given up
  ServeReply answer(ServeRequest request, const std::function<bool()>& is_gone);

  /// What is wrong with a request that never became whole.
  ServeReply refuse(const std::string& path, const HttpError& error);

  /// Whether a request with this head is worth receiving. @throws HttpError as answer() would refuse it
  void check_head(const ServeRequest& head) const;

  /// Requests that have been answered or refused.
  std::uint64_t answered() const { return answered_; }
  /// Whether no request is captioned or waits.
  bool is_idle() const;

  /// Lets running captions finish, and refuses all else.
  void stop();

 private:
  struct Work;
  static ServeReply error_reply(const std::string& path, const HttpError& error);
  ServeReply route(ServeRequest& request, const std::function<bool()>& is_gone);
  ServeReply carry_out(CaptionTask task, const std::function<bool()>& is_gone, int busy_status);
  void count(const std::string& path, int status, ServeWorkers::Clock::time_point begin);

  ServiceConfig config_;
  CaptionFunction caption_;
  ServeWorkers workers_;
  ServeMetrics metrics_;
  std::atomic<std::uint64_t> next_id_{0}, answered_{0};
  std::atomic<bool> stops_{false};
};

/// The page at /. (CMake writes it from serve_page.html.)
extern const char* const kServePage;

}  // namespace tool
