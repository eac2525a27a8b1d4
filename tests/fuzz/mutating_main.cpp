/// Runs a fuzz target without libFuzzer: the seeds as they are, then as many mutations of them as asked for. There is
/// no coverage to guide it, but any compiler builds it, it takes seconds, and the same numbers give the same inputs.
///
///     fuzz_image FOLDER [RUNS [FIRST_RUN]]
///
/// With SHARPEYE_FUZZ_SECONDS in the environment it then goes on until it has used that much processor time.
///
/// An input that crashes, computes for 20 s or wants 4 GB is left in the working folder, as crash-<target>.

#include <dirent.h>
#include <sys/resource.h>
#include <sys/time.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/core/file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kMaxSize = 1 << 16;

std::string input, crash_file;  // where the signal handler finds them

extern "C" void keep_input(int signal) {
  if (std::FILE* file = std::fopen(crash_file.c_str(), "wb")) {
    std::fwrite(input.data(), 1, input.size(), file);
    std::fclose(file);
  }
  std::fprintf(stderr, "signal %d: the input is in %s\n", signal, crash_file.c_str());
  std::_Exit(1);
}

std::vector<std::string> read_seeds(const std::string& folder) {
  std::vector<std::string> names, seeds;
  DIR* directory = ::opendir(folder.c_str());
  while (const dirent* entry = directory == nullptr ? nullptr : ::readdir(directory)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  if (directory != nullptr) ::closedir(directory);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) seeds.push_back(sharpeye::read_file(folder + "/" + name, kMaxSize));
  return seeds;
}

/// What parsers trip over: edges of numbers, in binary and in text, and the signs of JSON.
constexpr std::string_view kPieces[] = {std::string_view("\0", 1),
                                        std::string_view("\0\0\0\0", 4),
                                        "\xff",
                                        "\x7f",
                                        "\x80",
                                        "\xff\xff\xff\xff",
                                        "\x7f\xff\xff\xff",
                                        std::string_view("\x80\0\0\0", 4),
                                        "\xff\xff\xff\x7f",
                                        std::string_view("\0\0\0\x80", 4),
                                        "0",
                                        "-1",
                                        "2147483648",
                                        "9223372036854775807",
                                        "18446744073709551616",
                                        "1e999",
                                        "0.5",
                                        "null",
                                        "true",
                                        "\"\"",
                                        "[]",
                                        "{}",
                                        "{\"a\":",
                                        "[[[[",
                                        ",",
                                        "\\ud800",
                                        "\xf0\x9f\x8d\x88",
                                        "\xed\xa0\x80",
                                        "\xe2\x96\x81"};

class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& seeds) : seeds_(seeds) {}

  /// The input number `run`.
  std::string operator()(std::uint64_t run) {
    random_.seed(run);
    std::string text = seeds_[below(seeds_.size())];
    for (std::size_t changes = 1 + below(1 + below(8)); changes > 0; --changes) change(text);
    if (text.size() > kMaxSize) text.resize(kMaxSize);
    return text;
  }

 private:
  std::size_t below(std::size_t end) { return static_cast<std::size_t>(random_() % end); }

  // Mostly the beginning, where headers are.
  std::size_t place(const std::string& text) {
    const std::size_t end = text.size() + 1;
    return below(2) == 0 ? below(std::min<std::size_t>(end, 64)) : below(end);
  }

  std::size_t length(std::size_t most) {
    return most == 0 ? 0 : 1 + below(below(4) == 0 ? most : std::min(most, std::size_t{8}));
  }

  void change(std::string& text) {
    const std::size_t at = place(text), rest = text.size() - at;
    switch (below(9)) {
      case 0:
        if (rest > 0) text[at] = static_cast<char>(static_cast<unsigned char>(text[at]) ^ (1u << below(8)));
        return;
      case 1:
        if (rest > 0) text[at] = static_cast<char>(below(256));
        return;
      case 2: text.erase(at, length(rest)); return;
      case 3: text.insert(at, text.substr(place(text), length(64))); return;
      case 4: text.insert(at, kPieces[below(std::size(kPieces))]); return;
      case 5: {
        const std::string_view piece = kPieces[below(std::size(kPieces))];
        text.replace(at, std::min(rest, piece.size()), piece);
        return;
      }
      case 6: number(text, at); return;
      case 7: {  // the end of another seed
        const std::string& other = seeds_[below(seeds_.size())];
        text.replace(at, std::string::npos, other.substr(std::min(other.size(), at)));
        return;
      }
      default:
        if (below(4) == 0) text.resize(at);
        return;
    }
  }

  // The next number of a text becomes another one.
  void number(std::string& text, std::size_t at) {
    const char* const digits = "-.0123456789";
    const std::size_t begin = text.find_first_of(digits, at);
    if (begin == std::string::npos) return;
    const std::size_t end = std::min(text.find_first_not_of(digits, begin), text.size());
    text.replace(begin, end - begin, kPieces[10 + below(7)]);
  }

  const std::vector<std::string>& seeds_;
  std::mt19937_64 random_;
};

// In processor time: a busy machine may stop a process for a while.
void limit_time(int seconds) {
  const itimerval limit{{0, 0}, {seconds, 0}};
  ::setitimer(ITIMER_PROF, &limit, nullptr);
}

void run(const std::string& text) {
  input = text;
  limit_time(20);
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  limit_time(0);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> seeds = argc < 2 ? std::vector<std::string>() : read_seeds(argv[1]);
  if (seeds.empty()) {
    std::fprintf(stderr, "usage: %s FOLDER [RUNS [FIRST_RUN]], with the seeds in the folder\n", argv[0]);
    return 2;
  }
  const std::string name = argv[0];
  crash_file = "crash-" + name.substr(name.find_last_of('/') + 1);
  for (const int signal : {SIGABRT, SIGPROF, SIGBUS, SIGFPE, SIGILL, SIGSEGV}) std::signal(signal, keep_input);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // these reserve all that there is
  const rlimit limit{rlim_t{4} << 30, rlim_t{4} << 30};
  ::setrlimit(RLIMIT_AS, &limit);
#endif
  for (const std::string& seed : seeds) run(seed);
  const std::uint64_t runs = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 10000;
  const std::uint64_t first = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
  Mutator mutate(seeds);
  const char* const least = std::getenv("SHARPEYE_FUZZ_SECONDS");
  const double seconds = least == nullptr ? 0 : std::strtod(least, nullptr);
  std::uint64_t done = 0;
  // POSIX: clock() counts millionths of a second.
  while (done < runs || static_cast<double>(std::clock()) < seconds * 1e6) run(mutate(first + done++));
  std::printf("%zu seeds and %llu mutations\n", seeds.size(), static_cast<unsigned long long>(done));
  return 0;
}
