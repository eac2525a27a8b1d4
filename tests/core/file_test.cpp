#include "sharpeye/core/file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/paths.hpp"

using namespace sharpeye;

namespace {

namespace fs = std::filesystem;

std::string text_of(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

void put(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

void write_atomically(const std::string& path, const std::string& text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

/// Checks that `action` throws an Error with this code whose text contains each of `parts`.
void check_error(ErrorCode code, const std::vector<std::string>& parts, const std::function<void()>& action) {
  try {
    action();
    FAIL_CHECK("expected an error with: " << parts.front());
  } catch (const Error& error) {
    const std::string text = error.what();
    CHECK_MESSAGE(error.code() == code, text);
    for (const std::string& part : parts) CHECK_MESSAGE(text.find(part) != std::string::npos, text);
  }
}

std::size_t entries(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("write_file makes a text the content of a file") {
  const test::TemporaryFolder folder;
  for (const char* text : {"one", "", "two\n"}) {
    write_file(folder / "out", text);
    CHECK(text_of(folder / "out") == text);
  }
  CHECK(entries(folder.path()) == 1);
  check_error(ErrorCode::kFileAccess, {"cannot write"}, [&] { write_file(folder / "none/out", "x"); });
}

TEST_CASE("a regular file is replaced when the new one is complete, and not before") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "out.json";
  put(path, "old");
  {
    AtomicFile file(path);
    file.write("half");
    CHECK(text_of(path) == "old");
  }
  CHECK(text_of(path) == "old");
  CHECK(entries(folder.path()) == 1);
  write_atomically(path, "new");
  CHECK(text_of(path) == "new");
  CHECK(entries(folder.path()) == 1);
  const std::string longest = folder / std::string(255, 'x');
  write_atomically(longest, "long");
  CHECK(text_of(longest) == "long");
}

TEST_CASE("a symbolic link stays, and its target is replaced or made") {
  const test::TemporaryFolder folder;
  fs::create_directory(folder / "far");
  put(folder / "far/file", "old");
  fs::create_symlink("far/file", folder / "relative");
  fs::create_symlink(folder / "relative", folder / "chain");
  fs::create_symlink("far/new", folder / "dangling");
  fs::create_symlink("none/new", folder / "nowhere");
  fs::create_symlink("loop", folder / "loop");
  write_atomically(folder / "relative", "one");
  CHECK(text_of(folder / "far/file") == "one");
  write_atomically(folder / "chain", "two");
  CHECK(text_of(folder / "far/file") == "two");
  write_atomically(folder / "dangling", "three");
  CHECK(text_of(folder / "far/new") == "three");
  for (const char* link : {"relative", "chain", "dangling"}) CHECK(fs::is_symlink(folder / link));
  CHECK(entries(folder / "far") == 2);
  check_error(ErrorCode::kFileAccess, {"nowhere: cannot write: No such file", "none/"},
              [&] { AtomicFile(folder / "nowhere"); });
  check_error(ErrorCode::kFileAccess, {"loop: cannot write: too many levels of symbolic links"},
              [&] { AtomicFile(folder / "loop"); });
}

TEST_CASE("a pipe is written to and stays a pipe") {
  const test::TemporaryFolder folder;
  const std::string pipe = folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  fs::create_symlink("pipe", folder / "link");
  for (const std::string& path : {pipe, folder / "link"}) {
    std::string received;
    std::thread reader([&] { received = read_file(pipe, 1000); });
    write_atomically(path, "through the pipe");
    reader.join();
    CHECK(received == "through the pipe");
    CHECK(fs::is_fifo(pipe));
    CHECK(entries(folder.path()) == 2);
  }
}

TEST_CASE("devices and open descriptors are written to") {
  write_atomically("/dev/null", "gone");
  CHECK(fs::is_character_file("/dev/null"));
  if (fs::exists("/dev/full")) {
    check_error(ErrorCode::kFileAccess, {"/dev/full: cannot write: No space left on device"},
                [] { write_atomically("/dev/full", "x"); });
    CHECK(fs::is_character_file("/dev/full"));
  }
  // As a shell's `> log` with /dev/stdout: what the others wrote stays, before and after.
  const test::TemporaryFolder folder;
  const std::string log = folder / "log";
  const int descriptor = ::open(log.c_str(), O_WRONLY | O_CREAT, 0600);
  REQUIRE(descriptor >= 0);
  REQUIRE(::write(descriptor, "before ", 7) == 7);
  write_atomically("/dev/fd/" + std::to_string(descriptor), "ours");
  fs::create_symlink("/proc/self/fd/" + std::to_string(descriptor), folder / "stdout");
  write_atomically(folder / "stdout", " too");
  REQUIRE(::write(descriptor, " after", 6) == 6);
  ::close(descriptor);
  CHECK(text_of(log) == "before ours too after");
  check_error(ErrorCode::kFileAccess, {"cannot write: Bad file descriptor"}, [&] { AtomicFile(folder / "stdout"); });
}

TEST_CASE("what cannot be written says where, and leaves nothing behind") {
  const test::TemporaryFolder folder;
  fs::create_directory(folder / "sub");
  check_error(ErrorCode::kFileAccess, {"sub: cannot write: expected a file, actual a folder"},
              [&] { AtomicFile(folder / "sub"); });
  check_error(ErrorCode::kFileAccess, {"actual a folder"}, [&] { AtomicFile(folder / "sub/"); });
  check_error(ErrorCode::kFileAccess, {"none/x: cannot write: No such file", "none/)"},
              [&] { AtomicFile(folder / "none/x"); });
  check_error(ErrorCode::kFileAccess, {"expected a file's name"}, [] { AtomicFile(""); });
  put(folder / "file", "x");
  check_error(ErrorCode::kFileAccess, {"file/x: cannot write: Not a directory"},
              [&] { AtomicFile(folder / "file/x"); });
  if (::geteuid() != 0) {
    fs::permissions(folder / "sub", fs::perms::owner_read | fs::perms::owner_exec);
    check_error(ErrorCode::kFileAccess, {"sub/x: cannot write: Permission denied"},
                [&] { AtomicFile(folder / "sub/x"); });
    fs::permissions(folder / "sub", fs::perms::owner_all);
  }
  CHECK(entries(folder / "sub") == 0);
}

TEST_CASE("whole files: regular ones, pipes, devices and /proc, up to the limit") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "file";
  put(path, "12345");
  CHECK(read_file(path, 5) == "12345");
  check_error(ErrorCode::kLimit, {"file: expected at most 4 bytes, actual 5"}, [&] { read_file(path, 4); });
  put(folder / "empty", "");
  CHECK(read_file(folder / "empty", 0).empty());
  check_error(ErrorCode::kFileNotFound, {"none: cannot open"}, [&] { read_file(folder / "none", 4); });
  check_error(ErrorCode::kFileAccess, {"expected a file, actual a folder"}, [&] { read_file(folder.path(), 4); });
  CHECK(read_file("/dev/null", 4).empty());
  check_error(ErrorCode::kLimit, {"/dev/zero: expected at most 100000 bytes"}, [] { read_file("/dev/zero", 100000); });
  if (fs::exists("/proc/self/status")) CHECK(read_file("/proc/self/status", 1 << 20).find("Name:") == 0);

  // A shell's <(...) is a pipe under /dev/fd.
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{300000}}) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const std::string sent(size, 'x');
    std::thread writer([&] {
      for (std::size_t at = 0; at < sent.size();) {
        const ssize_t wrote = ::write(ends[1], sent.data() + at, sent.size() - at);
        if (wrote <= 0) break;
        at += static_cast<std::size_t>(wrote);
      }
      ::close(ends[1]);
    });
    CHECK(read_file("/dev/fd/" + std::to_string(ends[0]), size) == sent);
    writer.join();
    ::close(ends[0]);
  }
}

TEST_CASE("a signal ends waiting for a pipe that nobody writes to") {
  const test::TemporaryFolder folder;
  const std::string pipe = folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  struct sigaction action {
  }, before{};
  action.sa_handler = [](int) {};
  REQUIRE(::sigaction(SIGALRM, &action, &before) == 0);
  ::alarm(1);
  check_error(ErrorCode::kCancelled, {"pipe: interrupted"}, [&] { read_file(pipe, 10); });
  ::sigaction(SIGALRM, &before, nullptr);
}

TEST_CASE("positioned reads are for regular files only, and say what they got") {
  const test::TemporaryFolder folder;
  const std::string pipe = folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  check_error(ErrorCode::kFileAccess, {"pipe: expected a regular file", "actual a pipe"}, [&] { File file(pipe); });
  check_error(ErrorCode::kFileAccess, {"expected a regular file", "actual a folder"},
              [&] { File file(folder.path()); });
  check_error(ErrorCode::kFileAccess, {"/dev/null: expected a regular file", "actual a device"},
              [] { File file("/dev/null"); });
  put(folder / "file", "0123456789");
  File file(folder / "file");
  CHECK(file.size() == 10);
  char bytes[3];
  file.read_at(4, bytes, 3);
  CHECK(std::string(bytes, 3) == "456");
  check_error(ErrorCode::kFileAccess, {"ended at byte 10"}, [&] { file.read_at(8, bytes, 3); });
  const FileMapping mapping(file);
  CHECK(mapping.size() == 10);
  CHECK(static_cast<char>(mapping.data()[9]) == '9');
}
