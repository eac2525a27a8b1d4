#include "tools/caption_work.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "sharpeye/core/parallel_in_order.hpp"
#include "tools/caption_output.hpp"

namespace tool {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

std::string Outcome::problem(const std::string& name) const {
  if (!error) return "";
  try {
    std::rethrow_exception(error);
  } catch (const Error& problem) {
    if (problem.code() == ErrorCode::kCancelled) throw;
    const std::string text = problem.what();
    return text.compare(0, name.size(), name) == 0 ? text : name + ": " + text;
  } catch (const std::bad_alloc&) {
    return name + ": out of memory";
  }
}

Caption caption_one(const CaptionCommand& command, const Session& session, Captioner& captioner, CaptionOptions options,
                    const std::string& name) {
  const auto begin = Clock::now();
  if (command.deadline_ms) options.deadline = begin + std::chrono::milliseconds(*command.deadline_ms);
  const Image image = session.image(name);
  const double decoding = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  StreamedText stream;
  if (command.stream) {
    write_out(one_line(name) + "\n");
    options.on_token = [&](const CaptionProgress& progress) { stream.show(progress); };
  }
  Caption caption;
  try {
    caption = captioner(image, options);
  } catch (const Error&) {
    stream.end();
    throw;
  }
  stream.end();
  caption.timings.image += decoding;
  caption.timings.total += decoding;
  return caption;
}

CaptionWorkers::CaptionWorkers(const CaptionCommand& command, Session& session) : command_(command), session_(session) {
  const auto count = static_cast<std::size_t>(command.parallel);
  if (count == 1) {
    captioners_.push_back(&session.captioner());
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    pools_.push_back(std::make_unique<ThreadPool>(std::max(1, command.session.threads / command.parallel)));
    owned_.push_back(session.captioner_on(*pools_.back()));
    captioners_.push_back(owned_.back().get());
  }
}

void CaptionWorkers::caption_images(CaptionOptions options, Interruption interruption, std::size_t count,
                                    const std::function<const std::string&(std::size_t)>& name_of,
                                    const std::function<void(std::size_t, Outcome)>& deliver) {
  const bool waits = interruption == Interruption::kWaits;
  if (!waits) options.is_cancelled = is_interrupted;
  // An outcome waits for those before it; its place is free again when it has been delivered.
  std::vector<Outcome> outcomes(std::min(count, pieces_in_flight(captioners_.size())));
  const auto work = [&](std::size_t worker, std::size_t i) {
    Outcome& outcome = outcomes[i % outcomes.size()];
    try {
      if (waits && is_interrupted()) {
        outcome.is_skipped = true;
      } else {
        outcome.caption = caption_one(command_, session_, *captioners_[worker], options, name_of(i));
      }
    } catch (...) {
      outcome.error = std::current_exception();
    }
  };
  parallel_in_order(count, captioners_.size(), work,
                    [&](std::size_t i) { deliver(i, std::exchange(outcomes[i % outcomes.size()], {})); });
}

}  // namespace tool
