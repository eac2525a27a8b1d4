#pragma once

/// @file
/// Where tests find their files: committed fixtures, and the larger shared test data that is never committed.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace test {

/// A file below tests/fixtures.
inline std::string fixture(const std::string& name) {
  return std::string(SHARPEYE_SOURCE_DIR "/tests/fixtures/") + name;
}

/// The shared test data folder (SHARPEYE_TEST_DATA, else ../shared/data beside the checkout); empty when there is none.
inline std::string shared_data() {
  if (const char* folder = std::getenv("SHARPEYE_TEST_DATA")) return folder;
  const std::string beside = SHARPEYE_SOURCE_DIR "/../shared/data";
  return std::filesystem::is_directory(beside) ? beside : std::string();
}

/// A fresh folder under the system's temporary folder, removed with everything in it at the end of the scope.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sharpeye-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace test
