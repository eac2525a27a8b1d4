#pragma once

/// @file
/// A file that grows by whole lines, and outlives the process that writes it.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "sharpeye/core/file.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Called with each line, without its end, the offset of its first byte, and its number from 1 on.
using LineCallback = std::function<void(std::string_view line, std::uint64_t offset, std::uint64_t number)>;

/// Reads a file line by line, in constant memory. @return the offset behind the last line end: what follows is no whole
/// line, and not among those of the callback
/// @throws Error kFileAccess; kLimit for a line of more than 64 MB
std::uint64_t for_each_line(const File& file, const LineCallback& callback);

/// Appends lines to a file. Each is written by one call, so that whatever ends the process tears the last line at most;
/// opening the file again cuts that off. One process at a time may have it open.
class LineLog {
 public:
  /// Opens or makes the file. @throws Error kFileAccess when it is none or another process has it open
  explicit LineLog(const std::string& path);
  LineLog(const LineLog&) = delete;
  LineLog& operator=(const LineLog&) = delete;
  ~LineLog();

  /// Bytes of a torn last line that were cut off.
  std::uint64_t torn() const noexcept { return torn_; }
  /// The lines that were there. @throws Error as for_each_line()
  void for_each(const LineCallback& callback) const;
  /// @param line without its end, and without one in it
  /// @throws Error kFileAccess (a full disk); the file then ends with the line before
  void append(std::string_view line);

 private:
  LineLog(std::string path, int descriptor) noexcept;

  std::string path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0, torn_ = 0;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/io/line_log.inl"
#endif
