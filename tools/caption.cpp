/// @file
/// `sharpeye caption`: both captions of every image.

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <new>

#include "sharpeye/core/parallel_in_order.hpp"
#include "tools/caption_command.hpp"
#include "tools/caption_output.hpp"
#include "tools/images.hpp"

namespace tool {
namespace {

using Clock = std::chrono::steady_clock;

// @throws Error as load_image() and Captioner; a stream is then still at a line's end
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

// What became of one image.
struct Outcome {
  Caption caption;
  std::exception_ptr error;
};

// What is wrong with an image, where that is no reason to end the command.
std::string problem_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& problem) {
    if (problem.code() == ErrorCode::kCancelled) throw;
    return problem.what();
  } catch (const std::bad_alloc&) {
    return "out of memory";
  }
}

// The captioners of `--parallel`, each on its share of the threads.
class Workers {
 public:
  Workers(const CaptionCommand& command, Session& session) {
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
  std::size_t count() const { return captioners_.size(); }
  Captioner& operator[](std::size_t worker) { return *captioners_[worker]; }

 private:
  std::vector<std::unique_ptr<ThreadPool>> pools_;
  std::vector<std::unique_ptr<Captioner>> owned_;
  std::vector<Captioner*> captioners_;
};

int run_caption(const CaptionCommand& command) {
  Session session(command.session);
  const CaptionOptions options = command.options(session.model());
  catch_interrupts();
  const Inputs inputs = expand_inputs(command.inputs, command.recursive);
  const std::vector<std::string>& names = inputs.names;
  require(command.parallel == 1 || std::count(names.begin(), names.end(), "-") == 0, ErrorCode::kInvalidArgument,
          "--parallel: expected image files, actual -");
  std::vector<Outcome> outcomes(names.size());
  Workers workers(command, session);
  int exit_code = inputs.has_failed ? kInputFailed : kOk;
  const auto work = [&](std::size_t worker, std::size_t i) {
    try {
      outcomes[i].caption = caption_one(command, session, workers[worker], options, names[i]);
    } catch (...) {
      outcomes[i].error = std::current_exception();
    }
  };
  const auto deliver = [&](std::size_t i) {
    require(!is_interrupted(), ErrorCode::kCancelled, "caption: cancelled");
    const Outcome outcome = std::exchange(outcomes[i], {});
    const std::string& name = names[i];
    if (outcome.error) {
      const std::string problem = problem_of(outcome.error);
      const bool is_named = problem.compare(0, name.size(), name) == 0;
      report(is_named ? problem : name + ": " + problem);
      exit_code = kInputFailed;
      return;
    }
    const Caption& caption = outcome.caption;
    if (caption.deadline_passed)
      report(name + ": deadline passed after " + std::to_string(caption.rounds + 1) +
             (caption.rounds == 0 ? " glance" : " glances"));
    if (command.json) {
      write_out(to_json_line(name, caption, command.min_confidence));
    } else if (!command.stream) {
      write_out(to_text(name, caption, command.min_confidence));
    }
  };
  parallel_in_order(names.size(), workers.count(), work, deliver);
  return exit_code;
}

}  // namespace

void add_caption(Command& command) {
  const auto options = std::make_shared<CaptionCommand>();
  command.description = "Caption images";
  options->add_to(command);
  command.run = [options] { return run_caption(*options); };
}

}  // namespace tool
