#include "tools/images.hpp"

#include <glob.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>

#include "sharpeye/io/image_decoders.hpp"

namespace tool {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxListBytes = std::uint64_t{1} << 32;

// ".jpg" of "A.JPG"; empty where there is none.
std::string extension_of(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension;
}

bool is_image_extension(const std::string& extension) {
  for (const char* known : {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".dib", ".pbm", ".pgm", ".ppm",
                            ".pnm", ".pam", ".tga"}) {
    if (extension == known) return true;
  }
  return extension == ".webp" && default_decoder().can_decode(ImageFormat::kWebp);
}

std::vector<std::string> matches(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> names;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) names.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  return names;
}

// Walks through folders, and keeps what it found, left out and could not read.
class FolderWalk {
 public:
  FolderWalk(bool recursive, Inputs& inputs) : recursive_(recursive), inputs_(inputs) {}

  // Adds the images of a folder; the folder itself if it can be read and there is none.
  void add(const std::string& folder) {
    const std::size_t before = inputs_.names.size();
    if (walk(folder) && inputs_.names.size() == before) inputs_.names.push_back(folder);
  }

  // In one line, how many files of which kind were left out; empty if none was.
  std::string left_out() const {
    std::string text;
    const auto append = [&](std::size_t count, const std::string& what) {
      if (count > 0) text += concat(text.empty() ? "left out of folders: " : ", ", count, " ", what);
    };
    for (const auto& [extension, count] : files_) {
      if (!extension.empty()) append(count, extension);
    }
    const auto plain = files_.find("");
    if (plain != files_.end()) append(plain->second, "without extension");
    append(folders_, folders_ == 1 ? "folder" : "folders");
    return folders_ == 0 || recursive_ ? text : text + " (--recursive looks into them)";
  }

 private:
  // false: it could not be read, or not to its end
  bool walk(const std::string& folder) {
    std::vector<std::string> files, folders;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
      std::error_code ignored;
      const std::string name = entry->path().string(), extension = extension_of(entry->path());
      if (entry->is_directory(ignored)) {
        // A link could lead back to where it stands.
        if (recursive_ && !entry->is_symlink(ignored)) {
          folders.push_back(name);
        } else {
          ++folders_;
        }
      } else if (is_image_extension(extension)) {
        files.push_back(name);
      } else {
        ++files_[extension];
      }
    }
    std::sort(files.begin(), files.end());
    std::sort(folders.begin(), folders.end());
    inputs_.names.insert(inputs_.names.end(), files.begin(), files.end());
    bool is_read = !error;
    if (error) {
      report(concat(folder, ": cannot list: ", error.message()));
      inputs_.has_failed = true;
    }
    for (const std::string& inner : folders) is_read = walk(inner) && is_read;
    return is_read;
  }

  bool recursive_;
  Inputs& inputs_;
  std::map<std::string, std::size_t> files_;
  std::size_t folders_ = 0;
};

}  // namespace

Inputs expand_inputs(const std::vector<std::string>& arguments, bool recursive) {
  Inputs inputs;
  FolderWalk walk(recursive, inputs);
  for (const std::string& argument : arguments) {
    std::error_code ignored;
    const bool is_pattern = argument.find_first_of("*?[") != argument.npos && !fs::exists(argument, ignored);
    std::vector<std::string> candidates = is_pattern ? matches(argument) : std::vector<std::string>{argument};
    if (candidates.empty()) candidates = {argument};
    for (const std::string& candidate : candidates) {
      if (fs::is_directory(candidate, ignored)) {
        walk.add(candidate);
      } else {
        inputs.names.push_back(candidate);
      }
    }
  }
  if (const std::string left_out = walk.left_out(); !left_out.empty()) report(left_out);
  return inputs;
}

void ImageArguments::add_to(Command& command, const char* names, const char* text, const char* type) {
  command.texts(names, inputs, text).type(type);
  command.flag("--recursive", recursive, "Look into the folders of folders too");
  const Option& listed = command.text("--list", list, "Images named in a file, one a line").type("FILE|-");
  command.flag("--null", null, "A byte of 0 ends each name of --list, as find -print0 writes them").needs(listed);
}

Inputs ImageArguments::expand() const {
  require(!inputs.empty() || !list.empty(), ErrorCode::kInvalidArgument,
          "images: an image, a folder or --list is required");
  Inputs found = expand_inputs(inputs, recursive);
  if (list.empty()) return found;
  const std::string text = read_input(list, kMaxListBytes);
  for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
    end = std::min(text.find(mark(), begin), text.size());
    if (end > begin) found.names.push_back(text.substr(begin, end - begin));
  }
  return found;
}

bool is_image_name(const std::string& name) {
  return is_image_extension(extension_of(fs::path(name)));
}

Image load_image(const std::string& name, const DecodeOptions& options) {
  if (name == "-") return default_decoder().decode(read_input(name, kMaxImageFileBytes), name, options);
  std::error_code ignored;
  require(!fs::is_directory(name, ignored), ErrorCode::kFileNotFound, name,
          ": expected images in this folder, actual none");
  return read_image(name, default_decoder(), options);
}

}  // namespace tool
