#include "tools/images.hpp"

#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "sharpeye/core/file.hpp"
#include "sharpeye/io/image_decoders.hpp"

namespace tool {
namespace {

namespace fs = std::filesystem;

bool has_image_extension(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* known : {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".pgm", ".ppm", ".pnm", ".tga"}) {
    if (extension == known) return true;
  }
  return false;
}

std::vector<std::string> images_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (has_image_extension(entry->path()) && !entry->is_directory(ignored)) names.push_back(entry->path().string());
  }
  require(!error, ErrorCode::kFileAccess, folder, ": cannot list: ", error.message());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> matches(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> names;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) names.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return names;
}

std::string read_stdin() {
  std::string bytes;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
    require(!is_interrupted(), ErrorCode::kCancelled, "-: cancelled");
    if (got < 0 && errno == EINTR) continue;
    require(got >= 0, ErrorCode::kFileAccess, "-: cannot read: ", std::strerror(errno));
    if (got == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(got));
    require(bytes.size() <= kMaxImageFileBytes, ErrorCode::kLimit, "-: expected at most ", kMaxImageFileBytes,
            " bytes");
  }
}

}  // namespace

std::vector<std::string> expand_inputs(const std::vector<std::string>& arguments) {
  std::vector<std::string> names;
  for (const std::string& argument : arguments) {
    std::error_code ignored;
    const bool is_pattern = argument.find_first_of("*?[") != argument.npos && !fs::exists(argument, ignored);
    std::vector<std::string> candidates = is_pattern ? matches(argument) : std::vector<std::string>{argument};
    if (candidates.empty()) candidates = {argument};
    for (const std::string& candidate : candidates) {
      std::vector<std::string> inside;
      if (fs::is_directory(candidate, ignored)) inside = images_in(candidate);
      if (inside.empty()) inside = {candidate};
      names.insert(names.end(), inside.begin(), inside.end());
    }
  }
  return names;
}

Image load_image(const std::string& name, const DecodeOptions& options) {
  if (name == "-") return default_decoder().decode(read_stdin(), name, options);
  std::error_code ignored;
  require(!fs::is_directory(name, ignored), ErrorCode::kFileNotFound, name,
          ": expected images in this folder, actual none");
  return read_image(name, default_decoder(), options);
}

}  // namespace tool
