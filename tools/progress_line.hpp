#pragma once

/// @file
/// The progress of long work, on stderr.

#include <map>
#include <string>

#include "sharpeye/core/types.hpp"
#include "tools/terminal.hpp"

namespace tool {

/// A moving line on a terminal, and nothing but its last state elsewhere.
class ProgressLine {
 public:
  explicit ProgressLine(std::string what);
  /// Shows nothing for 0 done, which begins the work; else "what: done / total, detail, rate, time left" at most every
  /// tenth of a second.
  void show(Index done, Index total, const std::string& detail = "");
  void finish();
  /// Takes the line off a terminal, so that other text can stand in its place.
  void clear();
  bool is_terminal() const { return is_terminal_; }

 private:
  std::string what_, last_;
  bool is_terminal_;
  double begin_, shown_ = 0;
  Index first_ = -1;
};

/// A ProgressLine for each part of a longer piece of work; a part's line ends when all of it is done.
class ProgressLines {
 public:
  void show(const std::string& what, Index done, Index total);

 private:
  std::map<std::string, ProgressLine> lines_;
};

}  // namespace tool
