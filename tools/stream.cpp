/// @file
/// `sharpeye stream`: captions of frames from a pipe, a file or a folder that is watched.

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "sharpeye/core/words.hpp"
#include "sharpeye/io/frame_reader.hpp"
#include "sharpeye/io/image_decoders.hpp"
#include "sharpeye/pipeline/caption_stream.hpp"
#include "tools/caption_command.hpp"
#include "tools/read_ahead.hpp"
#include "tools/stream_output.hpp"
#include "tools/watched_folder.hpp"

namespace tool {
namespace {

struct StreamCommand {
  SessionOptions session;
  std::string input = "-", raw, size, every = "frame", format = "jsonl";
  Index stride = 0;
  std::optional<double> frame_rate, min_confidence;
  std::optional<Index> beams, glances, max_new_tokens;
  double change_threshold = ChangeGate::kDefaultThreshold, idle = 0;
  bool live = false, always_refine = false;
};

// Bytes of stdin or of a file, which may be a pipe.
class InputBytes {
 public:
  explicit InputBytes(const std::string& name)
      : name_(name), descriptor_(name == "-" ? ::dup(STDIN_FILENO) : ::open(name.c_str(), O_RDONLY | O_CLOEXEC)) {
    require(descriptor_ >= 0, ErrorCode::kFileNotFound, name, ": cannot open: ", std::strerror(errno));
  }
  InputBytes(const InputBytes&) = delete;
  InputBytes& operator=(const InputBytes&) = delete;
  ~InputBytes() { ::close(descriptor_); }

  std::size_t read(char* bytes, std::size_t size) const {
    for (;;) {
      require(!is_interrupted() && !is_stopped_, ErrorCode::kCancelled, name_, ": cancelled");
      // A signal interrupts one thread, which need not be this one.
      pollfd waiting{descriptor_, POLLIN, 0};
      if (::poll(&waiting, 1, kPatience) == 0) continue;
      const ssize_t got = ::read(descriptor_, bytes, size);
      if (got < 0 && errno == EINTR) continue;
      require(got >= 0, ErrorCode::kFileAccess, name_, ": cannot read: ", std::strerror(errno));
      return static_cast<std::size_t>(got);
    }
  }

  // A read() that waits throws kCancelled soon.
  void stop() { is_stopped_ = true; }

 private:
  static constexpr int kPatience = 100;  // milliseconds

  std::string name_;
  int descriptor_;
  std::atomic<bool> is_stopped_{false};
};

RawFrames raw_frames(const StreamCommand& command) {
  RawFrames frames;
  frames.layout = command.raw == "nv12" ? RawFrames::Layout::kNv12 : RawFrames::Layout::kRgb24;
  frames.stride = command.stride;
  const std::string& text = command.size;
  const std::size_t cross = text.find('x');
  const auto read = [&](std::size_t begin, std::size_t end, Index& value) {
    const auto [stop, error] = std::from_chars(text.data() + begin, text.data() + end, value);
    return error == std::errc() && stop == text.data() + end;
  };
  require(cross != text.npos && read(0, cross, frames.width) && read(cross + 1, text.size(), frames.height),
          ErrorCode::kInvalidArgument, "--size: expected WIDTHxHEIGHT with --raw, actual ", in_quotes(text));
  return frames;
}

StreamOptions stream_options(const StreamCommand& command, const CaptionModel& model) {
  StreamOptions options;
  options.live = command.live;
  options.always_refine = command.always_refine;
  CaptionCommand caption;
  caption.beams = command.beams;
  caption.max_new_tokens = command.max_new_tokens;
  if (command.glances) caption.glances = static_cast<int>(*command.glances);
  options.caption = caption.options(model);
  if (command.every == "change") {
    options.change_threshold = command.change_threshold;
  } else if (command.every != "frame") {
    const auto& text = command.every;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), options.period);
    require(error == std::errc() && stop == text.data() + text.size() && options.period > 0 && options.period < 1e9,
            ErrorCode::kInvalidArgument, "--every: expected frame, change or a number of seconds, actual ",
            in_quotes(text));
  }
  return options;
}

// The stream with what it prints, and the times of its frames.
class StreamRun {
 public:
  StreamRun(const StreamCommand& command, Session& session, StreamOptions options)
      : command_(command), output_(make_stream_output(command.format, command.min_confidence)) {
    StreamCallbacks callbacks;
    callbacks.on_caption = [this](const StreamCaption& caption) { output_->take(caption, name_of(caption)); };
    callbacks.on_error = [this](std::uint64_t frame, const Error& error) {
      report(concat(command_.input, ": frame ", frame, ": ", error.what()));
    };
    stream_ = std::make_unique<CaptionStream>(
        [&session](const ImageView& frame, const CaptionOptions& with) { return session.captioner()(frame, with); },
        std::move(options), std::move(callbacks));
  }

  // @return whether Ctrl-C ended it
  bool read_pipe(const DecodeOptions& decode) {
    InputBytes input(command_.input);
    const ByteSource source = [&](char* bytes, std::size_t size) { return input.read(bytes, size); };
    return until_interrupted([&] {
      ReadAhead reader(command_.raw.empty() ? read_frames(source, command_.input, default_decoder(), decode)
                                            : read_raw_frames(source, command_.input, raw_frames(command_), decode),
                       [&] { input.stop(); });
      const double rate = command_.frame_rate.value_or(reader.frame_rate() > 0 ? reader.frame_rate() : 25);
      while (take([&] { return reader.next(); }, 1 / rate)) {
      }
    });
  }

  bool watch(const Session& session) {
    WatchedFolder folder(command_.input, command_.idle);
    return until_interrupted([&] {
      std::optional<std::string> name;
      while (take(
          [&]() -> std::optional<Image> {
            name = folder.next();
            if (!name) return std::nullopt;
            const Image image = session.image(*name);
            const std::lock_guard<std::mutex> lock(mutex_);
            names_[stream_->counts().frames] = *name;
            return image;
          },
          0)) {
      }
    });
  }

  void finish() {
    stream_->finish();
    output_->end(last_ + step_);
    const StreamCounts counts = stream_->counts();
    report(concat(counts.frames, " frames: ", counts.captioned, " captioned, ", counts.refined, " of them refined, ",
                  counts.skipped, " skipped, ", counts.dropped, " dropped, ", counts.failed + broken_, " failed"));
  }
  bool has_failed() const { return broken_ + stream_->counts().failed > 0; }

 private:
  template <class Body>
  static bool until_interrupted(const Body& body) {
    try {
      body();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCancelled) throw;
      return true;
    }
    return false;
  }

  // One frame. @param step seconds from one frame to the next; 0: as the clock says @return whether there was one
  template <class Next>
  bool take(const Next& next, double step) {
    std::optional<Image> image;
    try {
      image = next();
      if (!image) return false;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      report(error.what());
      ++broken_;
      ++number_;  // it took its time, if it was a frame
      return true;
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin_;
    const bool by_clock = step == 0 || (command_.live && !command_.frame_rate);
    last_ = by_clock ? elapsed.count() : static_cast<double>(number_) * step;
    step_ = by_clock ? 0 : step;
    ++number_;
    stream_->push(*image, last_);
    return true;
  }

  std::string name_of(const StreamCaption& caption) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto name = names_.find(caption.frame);
    if (name == names_.end()) return "";
    std::string text = name->second;
    if (caption.is_last) names_.erase(names_.begin(), std::next(name));  // dropped ones before it, too
    return text;
  }

  const StreamCommand& command_;
  std::unique_ptr<StreamOutput> output_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::uint64_t number_ = 0, broken_ = 0;
  double last_ = 0, step_ = 0;
  std::mutex mutex_;
  std::map<std::uint64_t, std::string> names_;  // of frames that may still be captioned
  std::unique_ptr<CaptionStream> stream_;       // the last: its thread uses the others
};

int run_stream(const StreamCommand& command) {
  if (!command.raw.empty()) raw_frames(command);
  require(command.raw.empty() == command.size.empty(), ErrorCode::kInvalidArgument,
          "--size: expected with --raw, and only then");
  Session session(command.session);
  StreamRun run(command, session, stream_options(command, session.model()));
  catch_interrupts();
  std::error_code ignored;
  const bool is_folder = command.input != "-" && std::filesystem::is_directory(command.input, ignored);
  require(!is_folder || command.raw.empty(), ErrorCode::kInvalidArgument, "--raw: expected a pipe or a file, actual ",
          command.input);
  const bool is_interrupted = is_folder ? run.watch(session) : run.read_pipe(session.decode_options());
  run.finish();
  return is_interrupted ? kInterrupted : run.has_failed() ? kInputFailed : kOk;
}

}  // namespace

void add_stream(Command& command) {
  const auto options = std::make_shared<StreamCommand>();
  StreamCommand& to = *options;
  command.description = "Caption the frames of a stream: a pipe, a file, or a folder that is watched";
  command
      .text("input", to.input, "Y4M, MJPEG, or PNG and JPEG files one after the other; - is stdin; a folder is watched")
      .type("FILE|DIR|-");
  to.session.add_to(command);
  const Option& raw = command.text("--raw", to.raw, "Frames without headers").one_of({"rgb24", "nv12"});
  command.text("--size", to.size, "Of raw frames").type("WIDTHxHEIGHT");
  command.number("--stride", to.stride, 0, Index{1} << 20, "Bytes from row to row of raw frames; 0: no padding")
      .needs(raw);
  command
      .text("--every", to.every,
            "Which frames: every one, one in so many seconds, or those that differ from the last one")
      .type("frame|SECONDS|change");
  command.number("--change-threshold", to.change_threshold, 0, 1,
                 "Of --every change: by how much one of 8 x 8 cells must differ in the mean");
  const Option& live = command.flag("--live", to.live, "Drop frames that come too fast, and count them");
  command.flag("--always-refine", to.always_refine, "Take the second glance also when the next frame is waiting")
      .needs(live);
  command.number("--fps", to.frame_rate, 0.001, 100000,
                 "Frames a second; default as the stream says, else 25, or the clock with --live");
  command.number("--idle", to.idle, 0, 1e9, "Of a folder: end after so many seconds without a new image; 0: never");
  command.text("--format", to.format, "jsonl has both captions, each as soon as it is there; llovi is SECOND: CAPTION")
      .one_of({"jsonl", "srt", "vtt", "llovi"});
  command.number("--min-confidence", to.min_confidence, 0, 1, "Say \"not sure\" in the place of captions below it");
  command.number("--glances", to.glances, 1, 2, "2 also refines the caption, 1 does not; default as the model says");
  command.number("--beams", to.beams, 1, 64, "Beams of the search, 1 is greedy");
  command.number("--max-new-tokens", to.max_new_tokens, 1, Index{1} << 17, "The longest caption");
  command.run = [options] { return run_stream(*options); };
}

}  // namespace tool
