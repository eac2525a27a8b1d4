/// @file
/// Bodies of serve_http.hpp for a build that has not found cpp-httplib.

#include "tools/serve_http.hpp"

namespace tool {

void require_http() {
  fail(ErrorCode::kUnsupported,
       "serve: this build has no HTTP library; install cpp-httplib (Debian and Ubuntu: sudo apt install "
       "libcpp-httplib-dev), then run cmake and build again");
}

struct HttpServer::Parts {};
HttpServer::HttpServer(Service&, const HttpOptions&) {
  require_http();
}
HttpServer::~HttpServer() = default;
int HttpServer::port() const {
  return 0;
}
void HttpServer::run() {}
void HttpServer::stop() {}

}  // namespace tool
