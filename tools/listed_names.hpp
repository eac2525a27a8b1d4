#pragma once

/// @file
/// Names that come from standard input, while the others are at work.

#include <cstddef>
#include <string>
#include <vector>

namespace tool {

/// The names of `--list -`, as they come.
class ListedNames {
 public:
  /// @param mark ends each name, but for the last one
  explicit ListedNames(char mark) : mark_(mark) {}

  /// Waits for a name; then that one and those that came with it, in order. Empty names are left out.
  /// @param most names at a time. @return none at the end
  /// @throws Error kCancelled on Ctrl-C; kFileAccess; kLimit for a name of more than 1 MiB
  std::vector<std::string> next(std::size_t most);

 private:
  // Takes the whole names of the buffer.
  void take(std::vector<std::string>& names, std::size_t most);

  char mark_;
  std::string bytes_;
  std::size_t begin_ = 0;  // of what has not been taken
  bool is_at_end_ = false;
};

}  // namespace tool
