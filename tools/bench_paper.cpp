#include "tools/bench_paper.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sharpeye/formats/codecs.hpp"
#include "sharpeye/io/json.hpp"
#include "sharpeye/pipeline/presets.hpp"
#include "sharpeye/pipeline/random_model.hpp"
#include "tools/terminal.hpp"

namespace tool {
namespace {

namespace fs = std::filesystem;

struct Row {
  const char* name;
  const char* preset;
  const char* dtype;
  bool two_glances;
  double gigabytes;  ///< of memory that it needs, about
};

// In ascending size, so that a machine with little memory shows what it can.
constexpr Row kRows[] = {
    {"MM-SeR, two glances", "mm-ser-125m", "int8", true, 1},
    {"its first glance (450M)", "mm-ser-125m", "int8", false, 1},
    {"MM-SeR, two glances", "mm-ser-125m", "f16", true, 2},
    {"its first glance (450M)", "mm-ser-125m", "f16", false, 2},
    {"git-base", "git-base", "int8", false, 1},
    {"git-base", "git-base", "f16", false, 1},
    {"SmolVLM-256M, one view", "smolvlm-256m", "int8", false, 1},
    {"SmolVLM-256M, one view", "smolvlm-256m", "f16", false, 2},
    {"LLaVA-1.5-7B", "llava-1.5-7b", "int4", false, 5},
    {"LLaVA-1.5-7B", "llava-1.5-7b", "int8", false, 8},
    {"LLaVA-1.5-13B", "llava-1.5-13b", "int4", false, 9},
    {"LLaVA-1.5-7B", "llava-1.5-7b", "f16", false, 15},
};

// A folder that is gone afterwards.
class TemporaryModel {
 public:
  explicit TemporaryModel(const std::string& name)
      : path_(fs::temp_directory_path() / concat("sharpeye-bench-", ::getpid(), "-", name)) {}
  TemporaryModel(const TemporaryModel&) = delete;
  TemporaryModel& operator=(const TemporaryModel&) = delete;
  ~TemporaryModel() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

double available_gigabytes() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, 13, "MemAvailable:") == 0) return std::strtod(line.c_str() + 13, nullptr) / 1e6;
  }
  return 1e9;  // a system that does not say
}

// `sharpeye bench --json` of this very program, in a process of its own: peak memory is a process'.
Json measure_elsewhere(const std::string& folder, int threads, long long new_tokens, long long repeat) {
  const std::string line =
      concat("'", fs::read_symlink("/proc/self/exe").string(), "' bench --json --beams 1 --model '", folder,
             "' --threads ", threads, " --new-tokens ", new_tokens, " --repeat ", repeat, " 2>/dev/null");
  std::FILE* pipe = ::popen(line.c_str(), "r");
  require(pipe != nullptr, ErrorCode::kFileAccess, "bench --paper: cannot start ", line);
  std::string text;
  char buffer[4096];
  for (std::size_t size; (size = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, size);
  const int status = ::pclose(pipe);
  require(!is_interrupted(), ErrorCode::kCancelled, "bench: cancelled");
  require(status == 0, ErrorCode::kFileAccess, "bench --paper: expected exit code 0 of ", line, ", actual status ",
          status);
  return parse_json(text, "bench --json");
}

std::string format(const Json& row, double reference) {
  char line[200];
  const double seconds = row["milliseconds"].get<double>() / 1000;
  std::snprintf(line, sizeof line, "%-26s%-7s%9.2f GB%10.2f GB%10.2f s%9.1f x%13.1f tokens/s\n",
                row["model"].get<std::string>().c_str(), row["dtype"].get<std::string>().c_str(),
                row["weights_gb"].get<double>(), row["peak_gb"].get<double>(), seconds, seconds / reference,
                1000 / row["token_ms"].get<double>());
  return line;
}

}  // namespace

int bench_paper(int threads, long long new_tokens, long long repeat, bool json) {
  catch_interrupts();
  if (!json) {
    write_out(concat("Greedy captions of ", new_tokens, " tokens, ", threads, " threads, random weights.\n\n",
                     "model                     weights     on disk         peak   a caption   times     one token\n"));
  }
  const TokenizerFiles tokenizer = TokenizerFiles::load("");
  Json::List rows;
  double reference = 0;
  std::string made;
  std::unique_ptr<TemporaryModel> model;
  Json measured;
  for (const Row& row : kRows) {
    const std::string label = concat(row.name, " ", row.dtype);
    if (available_gigabytes() < row.gigabytes) {
      report(concat(label, ": left out, needs about ", row.gigabytes, " GB of memory, there are ",
                    fixed(available_gigabytes(), 1)));
      continue;
    }
    const std::string key = concat(row.preset, "-", row.dtype);
    if (key != made) {
      model.reset();
      model = std::make_unique<TemporaryModel>(key);
      report(concat(label, ": making random weights"));
      write_random_model(model->path(), make_preset(row.preset, tokenizer.tokenizer), tokenizer,
                         {&codec_named(row.dtype), 1, nullptr, is_interrupted});
      report(concat(label, ": measuring"));
      measured = measure_elsewhere(model->path(), threads, new_tokens, repeat);
      made = key;
    }
    const char* stage = row.two_glances ? "two_glances" : "one_glance";
    rows.push_back(Json{{"model", row.name},
                        {"dtype", row.dtype},
                        {"weights_gb", static_cast<double>(fs::file_size(model->path() + "/model.safetensors")) / 1e9},
                        {"peak_gb", measured["peak_memory_mib"].get<double>() * 1048576 / 1e9},
                        {"milliseconds", measured["stages"][stage]["ms"].get<double>()},
                        {"limit_ms", measured["stages"][stage]["limit_ms"].get<double>()},
                        {"token_ms", measured["decode_step"]["ms"].get<double>()},
                        {"token_limit_ms", measured["decode_step"]["limit_ms"].get<double>()},
                        {"token_weights_limit_ms", measured["decode_step"]["weights_limit_ms"].get<double>()},
                        {"stages", measured["stages"]},
                        {"machine", measured["machine"]}});
    if (row.two_glances && reference == 0) reference = measured["stages"][stage]["ms"].get<double>() / 1000;
    if (!json) write_out(format(rows.back(), reference));  // as it is there: the next one may take minutes
  }
  if (json) {
    write_out(Json{{"new_tokens", new_tokens}, {"rows", rows}}.dump(2) + "\n");
    return kOk;
  }
  write_out("\nThe paper's Table 5 (a GPU, float16): LLaVA-1.5-7B 2.74 s an image, MM-SeR 0.0744 s, 36.9 times.\n");
  return kOk;
}

}  // namespace tool
