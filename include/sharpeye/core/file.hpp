#pragma once

/// @file
/// Files: positioned reads, read-only mappings, whole text files with a size limit, and atomic replacement.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "sharpeye/core/error.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A regular file opened for reading. Movable; closes itself. Positioned reads may run in several threads at once.
class File {
 public:
  /// @throws Error kFileNotFound, or kFileAccess when it cannot be opened or is not a regular file.
  explicit File(std::string path) : path_(std::move(path)) {
    descriptor_ =
        ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a FIFO must not block before fstat sees it
    if (descriptor_ < 0) {
      fail(errno == ENOENT || errno == ENOTDIR ? ErrorCode::kFileNotFound : ErrorCode::kFileAccess, path_,
           ": cannot open: ", std::strerror(errno));
    }
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
      ::close(descriptor_);
      fail(ErrorCode::kFileAccess, path_, ": expected a regular file");
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  File(File&& other) noexcept
      : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File& operator=(File&&) = delete;
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  const std::string& path() const noexcept { return path_; }
  /// Size in bytes when the file was opened.
  std::uint64_t size() const noexcept { return size_; }
  int descriptor() const noexcept { return descriptor_; }

  /// Reads exactly `count` bytes at `offset`.
  /// @throws Error kFileAccess on an I/O error or when the file has become shorter.
  void read_at(std::uint64_t offset, void* destination, std::size_t count) const {
    auto* bytes = static_cast<unsigned char*>(destination);
    while (count > 0) {
      const ssize_t got = ::pread(descriptor_, bytes, count, static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      require(got >= 0, ErrorCode::kFileAccess, path_, ": cannot read: ", std::strerror(errno));
      require(got > 0, ErrorCode::kFileAccess, path_, ": ended at byte ", offset, " while ", count,
              " more bytes were expected: the file was truncated while it was read");
      bytes += got;
      offset += static_cast<std::uint64_t>(got);
      count -= static_cast<std::size_t>(got);
    }
  }

 private:
  std::string path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// A private read-only mapping of a whole file. The file must not be modified while it is mapped: a truncation would
/// raise SIGBUS on access, which a library cannot turn into an error. Prefer reading unless start-up time matters.
class FileMapping {
 public:
  explicit FileMapping(const File& file) : size_(static_cast<std::size_t>(file.size())) {
    if (size_ == 0) return;
    void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
    require(address != MAP_FAILED, ErrorCode::kFileAccess, file.path(), ": cannot map: ", std::strerror(errno));
    data_ = static_cast<const std::byte*>(address);
  }
  FileMapping(const FileMapping&) = delete;
  FileMapping& operator=(const FileMapping&) = delete;
  ~FileMapping() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
  }

  const std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A whole file as bytes.
/// @throws Error kLimit when it is larger than `limit` bytes (checked before anything is allocated).
inline std::string read_file(const std::string& path, std::uint64_t limit) {
  const File file(path);
  require(file.size() <= limit, ErrorCode::kLimit, path, ": expected at most ", limit, " bytes, actual ", file.size());
  std::string content(static_cast<std::size_t>(file.size()), '\0');
  if (!content.empty()) file.read_at(0, content.data(), content.size());
  return content;
}

/// Writes a file so that others see either the old one or the complete new one: a temporary file in the same folder,
/// flushed to disk, then renamed over the target by commit(). Without commit() the temporary file is removed.
class AtomicFile {
 public:
  /// @throws Error kFileAccess when the temporary file cannot be made.
  explicit AtomicFile(std::string path) : path_(std::move(path)), temporary_(path_ + ".tmp-XXXXXX") {
    descriptor_ = ::mkstemp(temporary_.data());
    require(descriptor_ >= 0, ErrorCode::kFileAccess, path_, ": cannot write: ", std::strerror(errno));
    ::fchmod(descriptor_, 0644);  // mkstemp makes 0600; a model is a document, not a secret
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    ::unlink(temporary_.c_str());
  }

  void write(const void* source, std::size_t count) {
    const auto* bytes = static_cast<const unsigned char*>(source);
    while (count > 0) {
      const ssize_t written = ::write(descriptor_, bytes, count);
      if (written < 0 && errno == EINTR) continue;
      require(written > 0, ErrorCode::kFileAccess, path_, ": cannot write: ", std::strerror(errno));
      bytes += written;
      count -= static_cast<std::size_t>(written);
    }
  }
  void write(const std::string& text) { write(text.data(), text.size()); }

  /// Makes the file visible under its name. @throws Error kFileAccess; the old file is then still there.
  void commit() {
    require(::fsync(descriptor_) == 0, ErrorCode::kFileAccess, path_, ": cannot flush: ", std::strerror(errno));
    require(::rename(temporary_.c_str(), path_.c_str()) == 0, ErrorCode::kFileAccess, path_,
            ": cannot rename: ", std::strerror(errno));
    ::close(std::exchange(descriptor_, -1));
  }

 private:
  std::string path_;
  std::string temporary_;
  int descriptor_ = -1;
};

SHARPEYE_NAMESPACE_END
