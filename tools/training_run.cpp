#include "tools/training_run.hpp"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iomanip>
#include <sstream>

#include "sharpeye/core/file.hpp"
#include "sharpeye/io/json.hpp"

namespace tool {
namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string fixed(double value, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

void write_text(const std::string& path, const std::string& text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

constexpr std::uint64_t kLogLimit = std::uint64_t{1} << 30;

// The log up to `step`, with its losses: lines after it belong to steps that an interruption undid.
std::string log_until(const std::string& path, Index step, std::vector<double>& losses) {
  std::error_code ignored;
  if (step == 0 || !std::filesystem::exists(path, ignored)) return "";
  const std::string text = read_file(path, kLogLimit);
  JsonLines lines(text, path);
  std::string kept;
  for (Json entry; static_cast<Index>(losses.size()) < step && lines.next(entry) && entry.contains("loss");) {
    losses.push_back(entry["loss"].is_number() ? entry["loss"].get<double>() : 0);
    kept += entry.dump() + "\n";
  }
  return kept;
}

}  // namespace

ProgressLine::ProgressLine(std::string what)
    : what_(std::move(what)), is_terminal_(::isatty(STDERR_FILENO) != 0), begin_(seconds()) {}

void ProgressLine::show(Index done, Index total, const std::string& detail) {
  if (first_ < 0) first_ = done - 1;
  const double now = seconds(), rate = static_cast<double>(done - first_) / std::max(1e-9, now - begin_);
  last_ = concat(what_, ": ", done, " / ", total, detail.empty() ? "" : ", " + detail, ", ", fixed(rate, 1),
                 " a second, ", static_cast<Index>(static_cast<double>(total - done) / rate), " s left");
  if (!is_terminal_ || now - shown_ < 0.1) return;
  shown_ = now;
  const std::string line = "\r" + last_ + "\033[K";
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) is_terminal_ = false;
}

void ProgressLine::finish() {
  if (last_.empty()) return;
  const std::string line = (is_terminal_ ? "\r" : "") + last_ + (is_terminal_ ? "\033[K\n" : "\n");
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) is_terminal_ = false;
}

std::string loss_plot(const std::vector<double>& losses) {
  constexpr double kWidth = 720, kHeight = 320, kLeft = 50, kBottom = 30;
  if (losses.empty()) return "";
  double low = losses.front(), high = low;
  for (const double loss : losses) {
    low = std::min(low, loss);
    high = std::max(high, loss);
  }
  const auto x = [&](std::size_t i) {
    return kLeft + (kWidth - kLeft - 10) * static_cast<double>(i) /
                       static_cast<double>(std::max<std::size_t>(1, losses.size() - 1));
  };
  const auto y = [&](double loss) {
    return 10 + (kHeight - kBottom - 10) * (high - loss) / std::max(1e-12, high - low);
  };
  std::string each, average;
  double mean = losses.front();
  const std::size_t stride = std::max<std::size_t>(1, losses.size() / 2000);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    mean += (losses[i] - mean) / static_cast<double>(std::min<std::size_t>(i + 1, 50));
    if (i % stride != 0) continue;
    each += concat(fixed(x(i), 1), ",", fixed(y(losses[i]), 1), " ");
    average += concat(fixed(x(i), 1), ",", fixed(y(mean), 1), " ");
  }
  const auto text = [&](double px, double py, const char* anchor, const std::string& words) {
    return concat("<text x=\"", fixed(px, 0), "\" y=\"", fixed(py, 0), "\" text-anchor=\"", anchor, "\">", words,
                  "</text>\n");
  };
  return concat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 320\" font-family=\"sans-serif\" "
      "font-size=\"11\">\n<rect width=\"720\" height=\"320\" fill=\"white\"/>\n",
      text(kLeft - 5, 20, "end", fixed(high, 2)), text(kLeft - 5, kHeight - kBottom, "end", fixed(low, 2)),
      text(kLeft, kHeight - 10, "start", "step 1"),
      text(kWidth - 10, kHeight - 10, "end", concat("step ", losses.size())),
      text(kWidth / 2, kHeight - 10, "middle", "loss of each step, and moving average over 50"),
      "<polyline fill=\"none\" stroke=\"#b8c4d8\" points=\"", each,
      "\"/>\n<polyline fill=\"none\" stroke=\"#c0392b\" stroke-width=\"1.5\" points=\"", average, "\"/>\n</svg>\n");
}

bool run_training(const TrainingRunOptions& options, std::map<std::string, std::string> identity,
                  Parameters& parameters, training::GradientShards<float>& shards, ThreadPool& pool,
                  const BatchLoss& batch_loss, const std::function<void(Index)>& save) {
  namespace fs = std::filesystem;
  const training::OptimizationConfig& config = options.optimization;
  identity["steps"] = std::to_string(config.steps);
  identity["batch_size"] = std::to_string(config.batch_size);
  identity["learning_rate"] = concat(config.learning_rate);
  identity["warmup_ratio"] = concat(config.warmup_ratio);
  identity["weight_decay"] = concat(config.adamw.weight_decay);
  identity["max_gradient_norm"] = concat(config.max_gradient_norm);

  fs::create_directories(options.output);
  const std::string state = options.output + "/training_state.safetensors", log_path = options.output + "/log.jsonl";
  training::Optimization<float> optimization(parameters, config, pool);
  std::error_code ignored;
  if (fs::exists(state, ignored)) optimization.load(state, identity);
  std::vector<double> losses;
  std::string log = log_until(log_path, optimization.step(), losses);

  const auto save_all = [&] {
    write_text(log_path, log);  // first: lines that the state does not know are dropped when the run goes on
    optimization.save(state, identity);
    write_text(options.output + "/loss.svg", loss_plot(losses));
    save(optimization.step());
  };
  if (optimization.is_done()) save(optimization.step());  // perhaps it was killed just before
  ProgressLine progress("training");
  while (!optimization.is_done()) {
    const double begin = seconds();
    const double loss = batch_loss(optimization.step());
    const training::StepReport report = optimization.apply(shards.sum(pool));
    losses.push_back(loss);
    log += Json{{"step", report.step},
                {"loss", loss},
                {"learning_rate", report.learning_rate},
                {"gradient_norm", report.gradient_norm},
                {"seconds", seconds() - begin}}
               .dump() +
           "\n";
    progress.show(report.step, config.steps, "loss " + fixed(loss, 3));
    if (is_interrupted() || report.step % options.save_every == 0 || optimization.is_done()) save_all();
    if (is_interrupted()) break;
  }
  progress.finish();
  return optimization.is_done();
}

}  // namespace tool
