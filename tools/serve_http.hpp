#pragma once

/// @file
/// The HTTP server of `sharpeye serve`: sockets and time limits around a Service.

#include <cstdint>
#include <memory>
#include <string>

#include "tools/serve_service.hpp"

namespace tool {

/// Where to listen, and what a client may cost.
struct HttpOptions {
  std::string host = "127.0.0.1";
  int port = 8080;                                   ///< 0: any that is free
  std::uint64_t max_body = std::uint64_t{32} << 20;  ///< bytes of a request; all together may have four times as many
  int max_connections = 128;                         ///< more are refused with 503 before they are read
  int head_seconds = 10;                             ///< to send a request's head
  int body_seconds = 60;                             ///< to send the rest of it
  int write_seconds = 10;                            ///< to take a part of a reply
  int idle_seconds = 5;                              ///< between two requests of a connection
};

/// Listens from its construction on.
class HttpServer {
 public:
  /// @throws Error kFileAccess when the address cannot be bound
  HttpServer(Service& service, const HttpOptions& options);
  ~HttpServer();

  int port() const;
  /// Serves until stop() was called and all replies are finished.
  void run();
  /// Accepts no more connections, and no more requests on those there are. From any thread.
  void stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Says how to get cpp-httplib, in a build that has not found it; nothing otherwise. @throws Error kUnsupported
void require_http();

}  // namespace tool
