/// @file
/// Bodies of serve_http.hpp, with cpp-httplib: it parses heads, chunks bodies and writes replies.

#include "tools/serve_http.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "tools/serve_http_library.hpp"

namespace tool {
namespace {

// Bytes of requests in memory, of all together.
class BodyBytes {
 public:
  BodyBytes(std::atomic<std::uint64_t>& total, std::uint64_t limit) : total_(total), limit_(limit) {}
  BodyBytes(const BodyBytes&) = delete;
  BodyBytes& operator=(const BodyBytes&) = delete;
  ~BodyBytes() { total_ -= mine_; }
  bool add(std::uint64_t bytes) {
    mine_ += bytes;
    return (total_ += bytes) <= limit_;
  }

 private:
  std::atomic<std::uint64_t>& total_;
  std::uint64_t limit_, mine_ = 0;
};

BodyFraming framing_of(const httplib::Request& request) {
  return {request.get_header_value_count("Content-Length"), request.get_header_value("Content-Length"),
          request.get_header_value("Transfer-Encoding"), request.get_header_value("Content-Encoding")};
}

ServeRequest head_of(const httplib::Request& request) {
  const auto header = [&](const char* name) { return request.get_header_value(name); };
  return {request.method,
          exchange.path,
          header("Content-Type"),
          header("Authorization"),
          header("Host"),
          header("Origin"),
          {}};
}

}  // namespace

void require_http() {}

struct HttpServer::Parts {
  Parts(Service& of_requests, const HttpOptions& all_options)
      : service(of_requests), options(all_options), server(options, stops) {}

  void send(ServeReply reply, const httplib::Request& request, httplib::Response& response,
            std::shared_ptr<BodyBytes> bytes) {
    response.status = reply.status;
    for (const auto& [name, value] : reply.headers) response.set_header(name, value);
    if (exchange.must_close) response.set_header("Connection", "close");
    if (!reply.stream) {
      response.set_content(reply.body, reply.content_type);
    } else if (request.version == "HTTP/1.0") {  // it knows no chunks
      std::string body;
      reply.stream([&](std::string_view part) {
        body += part;
        return true;
      });
      response.set_content(body, reply.content_type);
    } else {
      response.set_chunked_content_provider(
          reply.content_type, [this, stream = std::move(reply.stream), bytes](std::size_t, httplib::DataSink& sink) {
            exchange.connection->release(options.write_seconds);
            stream([&](std::string_view part) { return sink.write(part.data(), part.size()); });
            sink.done();
            return true;
          });
    }
  }

  void refuse(const HttpError& error, const httplib::Request& request, httplib::Response& response) {
    exchange.must_close = exchange.must_close || framing_of(request).has_body();
    send(service.refuse(exchange.path, error), request, response, nullptr);
  }

  // Receives a body. @throws HttpError
  std::string receive(const httplib::Request& request, const httplib::ContentReader& read, BodyBytes& bytes) const {
    std::string body;
    // Grown step by step a body is copied twice; but a client gets memory for what it sends, not for what it announces.
    const std::string announced = request.get_header_value("Content-Length");
    if (!announced.empty()) body.reserve(std::min<std::size_t>(std::stoull(announced), std::size_t{1} << 20));
    bool is_too_large = false, is_too_much = false;
    const bool is_whole = read([&](const char* data, std::size_t size) {
      is_too_large = body.size() + size > options.max_body;
      is_too_much = !bytes.add(size);
      if (is_too_large || is_too_much) return false;
      body.append(data, size);
      return true;
    });
    if (is_whole) return body;
    exchange.must_close = true;
    if (is_too_large)
      throw HttpError(413, concat("request: expected at most ", options.max_body, " bytes, actual more"),
                      "request_too_large");
    if (is_too_much) throw HttpError(503, "server busy: too many bytes of requests; please try again later");
    if (exchange.connection->fault() == ServeConnection::Fault::kTimeout)
      throw HttpError(408, concat("request: not whole after ", options.body_seconds, " seconds"), "timeout");
    throw HttpError(400, "request: expected a whole body, actual one that breaks off or is framed wrongly");
  }

  void answer(const httplib::Request& request, httplib::Response& response, const httplib::ContentReader* read) {
    try {
      ServeRequest head = head_of(request);
      const auto bytes = std::make_shared<BodyBytes>(bytes_in_memory, 4 * options.max_body);
      if (read != nullptr) head.body = receive(request, *read, *bytes);
      ServeConnection& connection = *exchange.connection;
      const auto is_gone = [&connection] { return connection.is_gone(); };
      connection.hold();
      send(service.answer(std::move(head), is_gone), request, response, bytes);
    } catch (...) {
      refuse(to_http_error(), request, response);
    }
  }

  void set_up() {
    using Handled = httplib::Server::HandlerResponse;
    server.new_task_queue = [this] { return new ConnectionThreads(options.max_connections); };
    server.set_keep_alive_timeout(options.idle_seconds);
    // Not the library's SO_REUSEPORT, with which a second server on a port takes half of the requests.
    server.set_socket_options([](socket_t socket) {
      const int on = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    });
    server.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      try {
        check_framing(request.method, framing_of(request), options.max_body);
        service.check_head(head_of(request));
        if (request.method != "POST") exchange.must_close = framing_of(request).has_body();
        return Handled::Unhandled;
      } catch (...) {
        refuse(to_http_error(), request, response);
        return Handled::Handled;
      }
    });
    server.Get("/", [this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response, nullptr);
    });
    server.Post("/", [this](const httplib::Request& request, httplib::Response& response,
                            const httplib::ContentReader& read) { answer(request, response, &read); });
    // What the library refuses itself: a head that is none, a line that is too long.
    const auto complain = [this](const httplib::Request& request, httplib::Response& response) {
      if (!response.body.empty()) return Handled::Unhandled;
      using Fault = ServeConnection::Fault;
      const Fault fault = exchange.connection->fault();
      const int status = fault == Fault::kTimeout ? 408 : fault == Fault::kHeadTooLong ? 431 : response.status;
      exchange.must_close = true;
      refuse({status, "request: expected a request of HTTP/1.1"}, request, response);
      return Handled::Handled;
    };
    server.set_error_handler(httplib::Server::HandlerWithResponse(complain));
  }

  Service& service;
  HttpOptions options;
  std::atomic<bool> stops{false};
  std::atomic<std::uint64_t> bytes_in_memory{0};
  HttpLibraryServer server;
  int port = 0;
};

HttpServer::HttpServer(Service& service, const HttpOptions& options)
    : parts_(std::make_unique<Parts>(service, options)) {
  parts_->set_up();
  errno = 0;
  if (options.port == 0) {
    parts_->port = parts_->server.bind_to_any_port(options.host);
  } else if (parts_->server.bind_to_port(options.host, options.port)) {
    parts_->port = options.port;
  }
  require(parts_->port > 0, ErrorCode::kFileAccess, options.host, ":", options.port,
          ": cannot listen: ", errno != 0 ? std::strerror(errno) : "no such address");
  parts_->server.lengthen_backlog();
}

HttpServer::~HttpServer() = default;

int HttpServer::port() const {
  return parts_->port;
}

void HttpServer::run() {
  parts_->server.listen_after_bind();
}

void HttpServer::stop() {
  parts_->stops = true;
  parts_->server.stop_accepting();
}

}  // namespace tool
