#pragma once

// Runs the built command as a user does, and makes what it needs: a tiny model and images.

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "sharpeye/io/json.hpp"
#include "support/paths.hpp"

namespace test {

inline void write_text(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

inline std::string read_text(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

struct Result {
  int exit_code;
  std::string out, err;
};

inline std::string quoted(const std::string& argument) {
  std::string text = "'";
  for (const char c : argument) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

/// `sharpeye ARGUMENTS...` as shell text.
inline std::string command_line(const std::vector<std::string>& arguments) {
  std::string line = quoted(SHARPEYE_COMMAND);
  for (const std::string& argument : arguments) line += " " + quoted(argument);
  return line;
}

/// Runs shell text; fails the test when the command crashed or a sanitizer spoke.
inline Result run_shell(const std::string& line, const std::string& input = "") {
  const TemporaryFolder folder;
  write_text(folder / "in", input);
  const std::string shell =
      "(" + line + ") <" + quoted(folder / "in") + " >" + quoted(folder / "out") + " 2>" + quoted(folder / "err");
  const int status = std::system(shell.c_str());
  Result result{WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_text(folder / "out"), read_text(folder / "err")};
  const bool is_alive = result.exit_code >= 0 && (result.exit_code < 126 || result.exit_code == 130);
  CHECK_MESSAGE((is_alive && result.err.find("Sanitizer") == std::string::npos &&
                 result.err.find("runtime error") == std::string::npos),
                line << "\nexit code " << result.exit_code << "\n"
                     << result.err);
  return result;
}

inline Result run(const std::vector<std::string>& arguments, const std::string& input = "") {
  return run_shell(command_line(arguments), input);
}

/// Checks that the command refuses with exit code 2, says `part` in one line of stderr, and nothing on stdout.
inline void check_refused(const std::vector<std::string>& arguments, const std::string& part) {
  const Result result = run(arguments);
  const std::string line = command_line(arguments);
  CHECK_MESSAGE(result.exit_code == 2, line << "\n" << result.err);
  CHECK_MESSAGE(result.err.find(part) != std::string::npos, line << "\nexpected: " << part << "\n" << result.err);
  CHECK(result.err.substr(0, 10) == "sharpeye: ");
  CHECK(result.out.empty());
}

/// A binary PPM whose pixels depend on `seed`.
inline void write_image(const std::string& path, int width, int height, unsigned seed) {
  std::string bytes = "P6\n" + std::to_string(width) + " " + std::to_string(height) + "\n255\n";
  for (int i = 0; i < 3 * width * height; ++i) bytes += static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  write_text(path, bytes);
}

/// A folder with `model` (preset tiny, seed 7) and two images, a.ppm and b.ppm; made once.
class World {
 public:
  World() {
    const Result made = run({"init", "--preset", "tiny", "--seed", "7", "-o", model()});
    REQUIRE_MESSAGE(made.exit_code == 0, made.err);
    write_image(image_a(), 40, 30, 1);
    write_image(image_b(), 20, 50, 2);
  }
  std::string model() const { return folder_ / "model"; }
  std::string image_a() const { return folder_ / "a.ppm"; }
  std::string image_b() const { return folder_ / "b.ppm"; }

 private:
  TemporaryFolder folder_;
};

inline const World& world() {
  static const World world;
  return world;
}

/// A copy of the tiny model to damage.
inline std::string copy_model(const TemporaryFolder& folder) {
  std::filesystem::copy(world().model(), folder / "model");
  return folder / "model";
}

inline sharpeye::Json parse(const std::string& text) {
  return sharpeye::parse_json(text, "output");
}

}  // namespace test
