#pragma once

/// @file
/// cpp-httplib on our own connections (serve_connection.hpp): the library's time limits are for single reads, so that a
/// client that sends a byte now and then would keep a thread for ever. Part of serve_http.cpp.

#include <httplib.h>

#include <atomic>
#include <condition_variable>
#include <ctime>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "tools/serve_api.hpp"
#include "tools/serve_connection.hpp"
#include "tools/serve_http.hpp"

namespace tool {

inline constexpr std::size_t kMaxHeadBytes = std::size_t{1} << 15;

/// The library's view of a connection. Its versions 0.11 to 0.53 declare more or fewer of these functions: no
// `override`.
class SocketStream : public httplib::Stream {
 public:
  SocketStream(ServeConnection& connection, int write_seconds)
      : connection_(connection), write_seconds_(write_seconds) {}

  using httplib::Stream::write;
  bool is_readable() const { return connection_.has_bytes(); }
  bool is_writable() const { return !connection_.is_gone(); }
  bool wait_readable() const { return true; }  // read() waits
  bool wait_writable() const { return is_writable(); }
  std::time_t duration() const { return 0; }
  ssize_t read(char* data, std::size_t size) { return connection_.read(data, size); }
  ssize_t write(const char* data, std::size_t size) {
    return connection_.write(data, size, write_seconds_) ? static_cast<ssize_t>(size) : -1;
  }
  // Nobody reads the addresses that the library keeps with each request: no system calls for them.
  void get_remote_ip_and_port(std::string&, int&) const {}
  void get_local_ip_and_port(std::string&, int&) const {}
  socket_t socket() const { return connection_.socket(); }

 private:
  ServeConnection& connection_;
  int write_seconds_;
};

/// What this thread works at.
struct Exchange {
  ServeConnection* connection = nullptr;
  std::string path;         // of the request; the library routes all of them as "/", without its regular expressions
  bool must_close = false;  // there may be bytes of the request left
};
inline thread_local Exchange exchange;
inline thread_local bool refuses_connections = false;

/// A thread for each connection, up to a limit.
class ConnectionThreads : public httplib::TaskQueue {
 public:
  explicit ConnectionThreads(int max_threads) : max_threads_(max_threads) {}

  using Enqueued = decltype(std::declval<httplib::TaskQueue&>().enqueue({}));  // void, or bool

  Enqueued enqueue(std::function<void()> serve) override {
    begin(serve);
    return static_cast<Enqueued>(true);
  }

  void shutdown() override {
    std::unique_lock<std::mutex> lock(state_->mutex);
    state_->ended.wait(lock, [this] { return state_->count == 0; });
  }

 private:
  // The threads share it: the last one may still be about to leave when the waiting ends.
  struct State {
    std::mutex mutex;
    std::condition_variable ended;
    int count = 0;
  };

  void begin(const std::function<void()>& serve) {
    {
      const std::lock_guard<std::mutex> lock(state_->mutex);
      if (state_->count < max_threads_) {
        try {
          std::thread([state = state_, serve] {
            serve();
            const std::lock_guard<std::mutex> ending(state->mutex);
            --state->count;
            state->ended.notify_all();
          }).detach();
          ++state_->count;
          return;
        } catch (const std::system_error&) {
          // the system gives no more threads
        }
      }
    }
    refuses_connections = true;
    serve();
    refuses_connections = false;
  }

  std::shared_ptr<State> state_ = std::make_shared<State>();
  int max_threads_;
};

/// The library's server on our connections. What differs between its versions is chosen by the compiler.
class HttpLibraryServer : public httplib::Server {
 public:
  HttpLibraryServer(const HttpOptions& options, const std::atomic<bool>& stops) : options_(options), stops_(stops) {}

  // (Not stop(): the library would then cut the streams that are being written.)
  void stop_accepting() { ::shutdown(svr_sock_, SHUT_RDWR); }
  // The library's own backlog is short for clients that come all at once.
  void lengthen_backlog() { ::listen(svr_sock_, 256); }

 private:
  bool process_and_close_socket(socket_t socket) override {
    ServeConnection connection(socket);
    if (refuses_connections) {
      const std::string body = openai_error({503, "server busy: too many connections; please try again later"});
      const std::string refusal = concat(
          "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
          "Content-Type: application/json\r\nContent-Length: ",
          body.size(), "\r\n\r\n", body);
      return ::send(socket, refusal.data(), refusal.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
    }
    SocketStream stream(connection, options_.write_seconds);
    bool is_open = true;
    while (is_open && wait_for_request(connection)) {
      exchange = {&connection, "", false};
      connection.begin_head(options_.head_seconds, kMaxHeadBytes);
      bool closes = false;
      is_open = process(*this, stream, closes, 0) && !closes;
      is_open = connection.release(options_.write_seconds) && is_open && !exchange.must_close;
    }
    if (exchange.must_close) connection.linger();
    exchange = {};
    return true;
  }

  bool wait_for_request(ServeConnection& connection) const {
    const auto end = ServeConnection::Clock::now() + std::chrono::seconds(options_.idle_seconds);
    while (!stops_ && ServeConnection::Clock::now() < end) {
      if (connection.wait(0.2)) return true;
    }
    return false;
  }

  // When the head is there.
  void begin_request(httplib::Request& request) const {
    exchange.path = request.path;
    request.path = "/";
    request.headers.erase("Accept-Encoding");  // compressing would hold a stream back
    request.headers.erase("Range");
    request.ranges.clear();
    exchange.connection->begin_body(options_.body_seconds);
  }

  // One request, as the library's version wants it called.
  template <class Self>
  auto process(Self& self, httplib::Stream& stream, bool& closes, int)
      -> decltype(self.process_request(stream, false, closes, nullptr)) {
    return self.process_request(stream, false, closes, [this](httplib::Request& request) { begin_request(request); });
  }
  template <class Self>
  auto process(Self& self, httplib::Stream& stream, bool& closes, long)
      -> decltype(self.process_request(stream, "", 0, "", 0, false, closes, nullptr)) {
    return self.process_request(stream, "", 0, "", 0, false, closes,
                                [this](httplib::Request& request) { begin_request(request); });
  }

  const HttpOptions& options_;
  const std::atomic<bool>& stops_;
};

}  // namespace tool
