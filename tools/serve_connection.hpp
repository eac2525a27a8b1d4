#pragma once

/// @file
/// One connection of the HTTP server: bytes in and out, each with a limit of time, and a limit of bytes for a head.

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace tool {

/// A connected socket, closed at the end. Used by one thread, but for is_gone().
class ServeConnection {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Fault { kNone, kClosed, kTimeout, kHeadTooLong };

  explicit ServeConnection(int socket);
  ServeConnection(const ServeConnection&) = delete;
  ServeConnection& operator=(const ServeConnection&) = delete;
  ~ServeConnection();

  /// From now on read() hands out a head of at most `max_bytes`, until `seconds` have passed.
  void begin_head(int seconds, std::size_t max_bytes);
  /// From now on read() hands out what follows the head, until `seconds` have passed.
  void begin_body(int seconds);

  /// @return bytes read; 0 at the end, -1 on a fault
  long read(char* data, std::size_t size);
  /// Writes all of it unless `seconds` pass without progress. @return whether it did
  bool write(const char* data, std::size_t size, int seconds);
  /// From now on write() keeps what it gets, until release(): head and body of a reply leave together, in one packet.
  void hold() { holds_ = true; }
  /// Writes what was kept, as write() does.
  bool release(int seconds);

  /// Waits for the next request. @return false when `seconds` pass, or the other side closes
  bool wait(double seconds);
  bool has_bytes() const { return begin_ < end_; }
  /// Whether the client has closed the connection, or broken it off. From any thread.
  bool is_gone() const;
  Fault fault() const { return fault_; }
  int socket() const { return socket_; }

  /// Ends the connection so that the client can still read the reply: what it goes on sending is received and dropped
  /// for a while. (Closing at once would reset the connection, and the reply would be lost.)
  void linger();

 private:
  bool fill();
  bool send(const char* data, std::size_t size, int seconds);

  int socket_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  Clock::time_point deadline_;
  std::size_t head_left_ = 0;
  bool in_head_ = false;
  Fault fault_ = Fault::kNone;
  bool holds_ = false;
  std::string held_;
};

}  // namespace tool
