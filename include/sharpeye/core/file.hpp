#pragma once

/// @file
/// Files: positioned reads, read-only mappings, whole files with a size limit, and atomic replacement.

#include <cstddef>
#include <cstdint>
#include <string>

#include "sharpeye/core/error.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A regular file opened for reading. Movable; closes itself. Positioned reads may run in several threads at once.
class File {
 public:
  /// @throws Error kFileNotFound, or kFileAccess when it cannot be opened or is not a regular file.
  explicit File(std::string path);
  File(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File& operator=(File&&) = delete;
  ~File();

  const std::string& path() const noexcept { return path_; }
  /// Size in bytes when the file was opened.
  std::uint64_t size() const noexcept { return size_; }
  int descriptor() const noexcept { return descriptor_; }

  /// Reads exactly `count` bytes at `offset`.
  /// @throws Error kFileAccess on an I/O error or when the file has become shorter.
  void read_at(std::uint64_t offset, void* destination, std::size_t count) const;

 private:
  std::string path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// A private read-only mapping of a whole file. The file must not be modified while it is mapped: a truncation would
/// raise SIGBUS on access, which a library cannot turn into an error. Prefer reading unless start-up time matters.
class FileMapping {
 public:
  /// @throws Error kFileAccess when the system refuses.
  explicit FileMapping(const File& file);
  FileMapping(const FileMapping&) = delete;
  FileMapping& operator=(const FileMapping&) = delete;
  ~FileMapping();

  const std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A whole file as bytes. A FIFO, a device or a shell's `<(...)` is read to its end; there it waits for a writer, and
/// gives up when a signal arrives whose handler does not restart system calls.
/// @throws Error kFileNotFound; kFileAccess for a folder or an I/O error; kLimit when there are more than `limit` bytes
/// (of a regular file checked before anything is allocated); kCancelled by a signal.
std::string read_file(const std::string& path, std::uint64_t limit);

/// Writes a file so that others see either the old one or the complete new one: a temporary file in the same folder,
/// flushed to disk, then renamed over the target by commit(). Without commit() the temporary file is removed.
///
/// A symbolic link stays, and what it points to is replaced, also when that does not exist yet. A device, a FIFO or an
/// open file descriptor (/dev/stdout, /dev/fd/3) cannot be replaced: write() writes there at once.
class AtomicFile {
 public:
  /// @throws Error kFileAccess when `path` is a folder, or it or the temporary file cannot be opened; kCancelled when a
  /// signal ends waiting for the reader of a FIFO.
  explicit AtomicFile(std::string path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  /// @throws Error kFileAccess
  void write(const void* source, std::size_t count);
  void write(const std::string& text) { write(text.data(), text.size()); }

  /// Makes the file visible under its name. @throws Error kFileAccess; the old file is then still there.
  void commit();

 private:
  std::string path_;       // as given, for messages
  std::string target_;     // what is replaced: `path_` with its links followed
  std::string temporary_;  // empty when the target is written to directly
  int descriptor_ = -1;
};

/// Makes `text` the content of a file, by AtomicFile. @throws Error kFileAccess, kCancelled
void write_file(const std::string& path, const std::string& text);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/core/file.inl"
#endif
