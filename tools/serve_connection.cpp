#include "tools/serve_connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tool {
namespace {

// Whether `events` came before the deadline.
bool poll_until(int socket, short events, ServeConnection::Clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - ServeConnection::Clock::now()).count();
    if (left <= 0) return false;
    pollfd entry{socket, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::min<long long>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

}  // namespace

ServeConnection::ServeConnection(int socket) : socket_(socket), buffer_(1 << 14) {
  const int on = 1;  // parts of a stream leave at once
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

ServeConnection::~ServeConnection() {
  ::shutdown(socket_, SHUT_RDWR);
  ::close(socket_);
}

void ServeConnection::begin_head(int seconds, std::size_t max_bytes) {
  deadline_ = Clock::now() + std::chrono::seconds(seconds);
  head_left_ = max_bytes;
  in_head_ = true;
}

void ServeConnection::begin_body(int seconds) {
  deadline_ = Clock::now() + std::chrono::seconds(seconds);
  in_head_ = false;
}

bool ServeConnection::fill() {
  ssize_t got;
  if (Clock::now() >= deadline_) {
    fault_ = Fault::kTimeout;
    return false;
  }
  while ((got = ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT)) < 0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) break;
    if (!poll_until(socket_, POLLIN, deadline_)) {
      fault_ = Fault::kTimeout;
      return false;
    }
  }
  begin_ = 0;
  end_ = got > 0 ? static_cast<std::size_t>(got) : 0;
  if (got < 0) fault_ = Fault::kClosed;
  return got >= 0;
}

long ServeConnection::read(char* data, std::size_t size) {
  if (fault_ != Fault::kNone) return -1;
  if (in_head_ && head_left_ == 0) {
    fault_ = Fault::kHeadTooLong;
    return -1;
  }
  if (!has_bytes() && !fill()) return -1;
  std::size_t count = std::min(size, end_ - begin_);
  if (in_head_) {
    count = std::min(count, head_left_);
    head_left_ -= count;
  }
  std::memcpy(data, buffer_.data() + begin_, count);
  begin_ += count;
  return static_cast<long>(count);
}

bool ServeConnection::write(const char* data, std::size_t size, int seconds) {
  if (!holds_) return send(data, size, seconds);
  held_.append(data, size);
  return true;
}

bool ServeConnection::release(int seconds) {
  holds_ = false;
  const std::string held = std::exchange(held_, {});
  return send(held.data(), held.size(), seconds);
}

bool ServeConnection::send(const char* data, std::size_t size, int seconds) {
  while (size > 0) {
    const ssize_t sent = ::send(socket_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      data += sent;
      size -= static_cast<std::size_t>(sent);
      continue;
    }
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return false;
    if (!poll_until(socket_, POLLOUT, Clock::now() + std::chrono::seconds(seconds))) return false;
  }
  return true;
}

bool ServeConnection::wait(double seconds) {
  if (has_bytes()) return true;
  const auto length = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  return poll_until(socket_, POLLIN, Clock::now() + length);
}

bool ServeConnection::is_gone() const {
  pollfd entry{socket_, POLLIN | POLLRDHUP, 0};
  if (::poll(&entry, 1, 0) <= 0) return false;
  return (entry.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void ServeConnection::linger() {
  ::shutdown(socket_, SHUT_WR);
  const auto end = Clock::now() + std::chrono::seconds(5);
  std::size_t left = std::size_t{512} << 20;
  while (left > 0 && poll_until(socket_, POLLIN, std::min(end, Clock::now() + std::chrono::seconds(1)))) {
    const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)) return;
    if (got > 0) left -= std::min(left, static_cast<std::size_t>(got));
  }
}

}  // namespace tool
