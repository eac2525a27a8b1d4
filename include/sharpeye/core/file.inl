#pragma once

/// @file
/// Bodies of file.hpp.

#include "sharpeye/core/file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <utility>

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// What a path is, for messages: "a folder", "a FIFO".
inline const char* file_type_text(const struct stat& status) noexcept {
  if (S_ISREG(status.st_mode)) return "a regular file";
  if (S_ISDIR(status.st_mode)) return "a folder";
  if (S_ISFIFO(status.st_mode)) return "a pipe";
  if (S_ISSOCK(status.st_mode)) return "a socket";
  return "a device";
}

/// A file descriptor that closes itself.
struct Descriptor {
  explicit Descriptor(int number) noexcept : value(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
  int value;
};

/// open() with an error that says why it failed.
inline int open_file(const std::string& path, int flags, const char* action) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor >= 0) return descriptor;
  if (errno == EINTR) fail(ErrorCode::kCancelled, path, ": interrupted while waiting for the other end");
  const bool missing = errno == ENOENT || errno == ENOTDIR;
  fail(missing ? ErrorCode::kFileNotFound : ErrorCode::kFileAccess, path, ": cannot ", action, ": ",
       std::strerror(errno));
}

/// The descriptor that a path like /dev/fd/3 names, or -1. Such a path is no name of a file, even where the descriptor
/// is that of a regular file: a shell's `> log` would go on writing to the file that was replaced.
inline int named_descriptor(const std::string& path) noexcept {
  for (const char* folder : {"/dev/fd/", "/proc/self/fd/"}) {
    const std::size_t length = std::strlen(folder);
    if (path.compare(0, length, folder) != 0 || path.size() == length || path.size() > length + 9) continue;
    if (path.find_first_not_of("0123456789", length) == std::string::npos) return std::atoi(path.c_str() + length);
  }
  return -1;
}

/// The folder of a path with its slash; empty for a bare name.
inline std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1);  // npos + 1 is 0
}

/// The path behind the symbolic links that `path` may be; it need not exist.
inline std::string follow_links(const std::string& path) {
  constexpr int kMaxLinks = 40;  // as Linux
  std::string target = path;
  for (int links = 0; named_descriptor(target) < 0; ++links) {
    char link[PATH_MAX];
    const ssize_t length = ::readlink(target.c_str(), link, sizeof link);
    if (length < 0) return target;
    require(links < kMaxLinks && length < static_cast<ssize_t>(sizeof link), ErrorCode::kFileAccess, path,
            ": cannot write: too many levels of symbolic links");
    const std::string_view next(link, static_cast<std::size_t>(length));
    target = next[0] == '/' ? std::string(next) : folder_of(target).append(next);
  }
  return target;
}

}  // namespace detail

SHARPEYE_BODY File::File(std::string path) : path_(std::move(path)) {
  // A FIFO must not block before fstat sees it.
  detail::Descriptor opened(detail::open_file(path_, O_RDONLY | O_NONBLOCK, "open"));
  struct stat status {};
  require(::fstat(opened.value, &status) == 0, ErrorCode::kFileAccess, path_, ": cannot open: ", std::strerror(errno));
  require(S_ISREG(status.st_mode), ErrorCode::kFileAccess, path_,
          ": expected a regular file, which can be read at any position, actual ", detail::file_type_text(status));
  descriptor_ = std::exchange(opened.value, -1);
  size_ = static_cast<std::uint64_t>(status.st_size);
}

SHARPEYE_BODY File::File(File&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

SHARPEYE_BODY File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

SHARPEYE_BODY void File::read_at(std::uint64_t offset, void* destination, std::size_t count) const {
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

SHARPEYE_BODY FileMapping::FileMapping(const File& file) : size_(static_cast<std::size_t>(file.size())) {
  if (size_ == 0) return;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.descriptor(), 0);
  require(address != MAP_FAILED, ErrorCode::kFileAccess, file.path(), ": cannot map: ", std::strerror(errno));
  data_ = static_cast<const std::byte*>(address);
}

SHARPEYE_BODY FileMapping::~FileMapping() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

SHARPEYE_BODY std::string read_file(const std::string& path, std::uint64_t limit) {
  const detail::Descriptor file(detail::open_file(path, O_RDONLY, "open"));
  struct stat status {};
  require(::fstat(file.value, &status) == 0, ErrorCode::kFileAccess, path, ": cannot open: ", std::strerror(errno));
  require(!S_ISDIR(status.st_mode), ErrorCode::kFileAccess, path, ": expected a file, actual a folder");
  // What says no size is read to its end: pipes, devices, and the files of /proc, which claim to be empty.
  const auto size = S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
  require(size <= limit, ErrorCode::kLimit, path, ": expected at most ", limit, " bytes, actual ", size);
  std::string content(static_cast<std::size_t>(size), '\0');
  char block[1 << 16];
  for (std::size_t done = 0; size == 0 || done < content.size();) {
    const ssize_t got = size == 0 ? ::read(file.value, block, sizeof block)
                                  : ::read(file.value, content.data() + done, content.size() - done);
    if (got < 0 && errno == EINTR) {
      if (S_ISREG(status.st_mode)) continue;
      fail(ErrorCode::kCancelled, path, ": interrupted while reading");
    }
    require(got >= 0, ErrorCode::kFileAccess, path, ": cannot read: ", std::strerror(errno));
    if (size != 0) {
      require(got > 0, ErrorCode::kFileAccess, path, ": ended at byte ", done, " of ", size,
              ": the file was truncated while it was read");
      done += static_cast<std::size_t>(got);
      continue;
    }
    if (got == 0) break;
    require(static_cast<std::uint64_t>(got) <= limit - content.size(), ErrorCode::kLimit, path, ": expected at most ",
            limit, " bytes, actual more");
    content.append(block, static_cast<std::size_t>(got));
  }
  return content;
}

SHARPEYE_BODY AtomicFile::AtomicFile(std::string path) : path_(std::move(path)), target_(detail::follow_links(path_)) {
  const int named = detail::named_descriptor(target_);
  if (named >= 0) {
    descriptor_ = ::fcntl(named, F_DUPFD_CLOEXEC, 0);  // the same position as its other users have
    require(descriptor_ >= 0, ErrorCode::kFileAccess, path_, ": cannot write: ", std::strerror(errno));
    return;
  }
  struct stat status {};
  if (::stat(path_.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    require(!S_ISDIR(status.st_mode), ErrorCode::kFileAccess, path_,
            ": cannot write: expected a file, actual a folder");
    descriptor_ = detail::open_file(path_, O_WRONLY | O_NOCTTY, "write");
    return;
  }
  // The longest name that a file may have leaves no room for a suffix.
  const std::string folder = detail::folder_of(target_);
  temporary_ = folder + target_.substr(folder.size()).substr(0, 200) + ".tmp-XXXXXX";
  require(target_.size() > folder.size(), ErrorCode::kFileAccess, path_, ": cannot write: expected a file's name");
  descriptor_ = ::mkostemp(temporary_.data(), O_CLOEXEC);
  require(descriptor_ >= 0, ErrorCode::kFileAccess, path_, ": cannot write: ", std::strerror(errno), " (folder ",
          folder.empty() ? "./" : folder, ")");
  ::fchmod(descriptor_, 0644);  // mkstemp makes 0600; a model is a document, not a secret
}

SHARPEYE_BODY AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

SHARPEYE_BODY void AtomicFile::write(const void* source, std::size_t count) {
  const auto* bytes = static_cast<const unsigned char*>(source);
  while (count > 0) {
    const ssize_t written = ::write(descriptor_, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    require(written > 0, ErrorCode::kFileAccess, path_, ": cannot write: ", std::strerror(errno));
    bytes += written;
    count -= static_cast<std::size_t>(written);
  }
}

SHARPEYE_BODY void AtomicFile::commit() {
  if (temporary_.empty()) {  // a device or pipe has nothing to flush; what close() reports is the last word
    require(::close(std::exchange(descriptor_, -1)) == 0, ErrorCode::kFileAccess, path_,
            ": cannot write: ", std::strerror(errno));
    return;
  }
  require(::fsync(descriptor_) == 0, ErrorCode::kFileAccess, path_, ": cannot flush: ", std::strerror(errno));
  require(::rename(temporary_.c_str(), target_.c_str()) == 0, ErrorCode::kFileAccess, path_,
          ": cannot rename: ", std::strerror(errno));
  ::close(std::exchange(descriptor_, -1));
}

SHARPEYE_BODY void write_file(const std::string& path, const std::string& text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

SHARPEYE_NAMESPACE_END
