#pragma once

/// @file
/// A program and its terminal: exit codes, errors, standard input, whole lines of output, Ctrl-C. The library
/// does none of it.

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "sharpeye/core/error.hpp"

namespace tool {

using namespace sharpeye;

enum ExitCode : int {
  kOk = 0,
  kInputFailed = 1,  ///< an image or an input line failed, the others went on
  kFailed = 2,       ///< wrong usage, or a model that cannot be loaded or written
  kInterrupted = 130,
};

/// Standard output cannot be written.
class OutputError : public std::runtime_error {
 public:
  explicit OutputError(int system_error);
  /// Whether the reader has gone away (EPIPE), which is its right.
  bool is_closed() const noexcept { return is_closed_; }

 private:
  bool is_closed_;
};

/// Writes `sharpeye: text` and a line end to stderr.
void report(std::string_view text);

/// Writes to stdout at once, without a buffer: give it whole lines. @throws OutputError
void write_out(std::string_view text);

/// A file's bytes, or for "-" those of stdin. @throws Error as read_file(); kCancelled on Ctrl-C while waiting
std::string read_input(const std::string& name, std::uint64_t limit);

/// `text` as UTF-8 without control characters: nothing that comes from a file can steer the terminal.
std::string one_line(std::string_view text);

/// From now on the first Ctrl-C, or SIGTERM, sets is_interrupted(); a second one ends the program.
void catch_interrupts();
bool is_interrupted() noexcept;

}  // namespace tool
