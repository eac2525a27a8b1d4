#pragma once

/// @file
/// Bodies of line_log.hpp.

#include "sharpeye/io/line_log.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY std::uint64_t for_each_line(const File& file, const LineCallback& callback) {
  constexpr std::size_t kBlock = std::size_t{1} << 16, kLongest = std::size_t{64} << 20;
  std::string pending;  // the beginning of a line
  std::string block;
  std::uint64_t line_begin = 0, number = 0;
  for (std::uint64_t at = 0; at < file.size(); at += block.size()) {
    block.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kBlock, file.size() - at)));
    file.read_at(at, block.data(), block.size());
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = block.find('\n', begin)) != block.npos; begin = end + 1) {
      pending.append(block, begin, end - begin);
      if (callback) callback(pending, line_begin, number + 1);
      ++number;
      line_begin += pending.size() + 1;
      pending.clear();
    }
    pending.append(block, begin);
    require(pending.size() <= kLongest, ErrorCode::kLimit, file.path(), ": line ", number + 1, ": expected at most ",
            kLongest, " bytes");
  }
  return line_begin;
}

SHARPEYE_BODY LineLog::LineLog(std::string path, int descriptor) noexcept
    : path_(std::move(path)), descriptor_(descriptor) {}

// What the other constructor has opened is closed if this one throws.
SHARPEYE_BODY LineLog::LineLog(const std::string& path)
    : LineLog(path, ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644)) {
  require(descriptor_ >= 0, ErrorCode::kFileAccess, path_, ": cannot write: ", std::strerror(errno));
  struct stat status {};
  require(::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode), ErrorCode::kFileAccess, path_,
          ": expected a regular file, which can be continued");
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    fail(ErrorCode::kFileAccess, path_,
         ": cannot lock: ", errno == EWOULDBLOCK ? "another process is writing it" : std::strerror(errno));
  }
  const File file(path_);  // its size is read behind the lock
  size_ = for_each_line(file, nullptr);
  torn_ = file.size() - size_;
  require(torn_ == 0 || ::ftruncate(descriptor_, static_cast<off_t>(size_)) == 0, ErrorCode::kFileAccess, path_,
          ": cannot write: ", std::strerror(errno));
}

SHARPEYE_BODY LineLog::~LineLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

SHARPEYE_BODY void LineLog::for_each(const LineCallback& callback) const {
  for_each_line(File(path_), callback);
}

SHARPEYE_BODY void LineLog::append(std::string_view line) {
  std::string bytes(line);
  bytes += '\n';
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t written = ::write(descriptor_, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int reason = errno;
      const bool is_whole = ::ftruncate(descriptor_, static_cast<off_t>(size_)) == 0;
      fail(ErrorCode::kFileAccess, path_, ": cannot write: ", std::strerror(reason),
           is_whole ? "" : "; its last line is torn");
    }
    done += static_cast<std::size_t>(written);
  }
  size_ += bytes.size();
}

SHARPEYE_NAMESPACE_END
