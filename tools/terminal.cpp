#include "tools/terminal.hpp"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "sharpeye/core/file.hpp"
#include "sharpeye/text/unicode.hpp"

namespace tool {
namespace {

// Set by a signal's handler on any thread, read by those that caption.
std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // else a handler could not set it

// false: errno says why
bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

OutputError::OutputError(int system_error)
    : std::runtime_error(std::string("standard output: cannot write: ") + std::strerror(system_error)),
      is_closed_(system_error == EPIPE) {}

void report(std::string_view text) {
  write_all(STDERR_FILENO, "sharpeye: " + one_line(text) + "\n");  // when this fails there is nobody left to tell
}

void write_out(std::string_view text) {
  if (!write_all(STDOUT_FILENO, text)) throw OutputError(errno);
}

std::string read_input(const std::string& name, std::uint64_t limit) {
  if (name != "-") return read_file(name, limit);
  std::string bytes;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    require(!is_interrupted(), ErrorCode::kCancelled, "-: cancelled");
    if (got < 0 && errno == EINTR) continue;
    require(got >= 0, ErrorCode::kFileAccess, "-: cannot read: ", std::strerror(errno));
    if (got == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(got));
    require(bytes.size() <= limit, ErrorCode::kLimit, "-: expected at most ", limit, " bytes");
  }
}

std::string one_line(std::string_view text) {
  std::string line;
  if (append_valid_utf8(text, line) < text.size()) line += kReplacementCharacter;
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return line;
}

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted.store(true, std::memory_order_relaxed); };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool is_interrupted() noexcept {
  return interrupted.load(std::memory_order_relaxed);
}

}  // namespace tool
