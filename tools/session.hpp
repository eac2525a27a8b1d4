#pragma once

/// @file
/// A loaded model with the options that `caption` and `dump` share.

#include <memory>
#include <optional>
#include <string>

#include "sharpeye/io/image_decoder.hpp"
#include "sharpeye/pipeline/captioner.hpp"
#include "tools/options.hpp"
#include "tools/terminal.hpp"

namespace tool {

/// What to load, and how to read images.
struct SessionOptions {
  std::string model;
  int threads = ThreadPool::default_size();
  std::string aspect;
  bool no_exif = false;
  bool no_split = false;
  std::uint64_t max_pixels = DecodeOptions().max_pixels;
  LoadOptions load;

  /// @return --model, which is required unless its command says otherwise
  Option& add_to(Command& command);
};

/// A model and the threads to run it.
class Session {
 public:
  /// Loads the model; says on stderr when its weights are random. @throws Error
  explicit Session(const SessionOptions& options);

  const CaptionModel& model() const { return *model_; }
  ThreadPool& pool() { return pool_; }
  const DecodeOptions& decode_options() const { return decode_; }
  Captioner& captioner() { return *captioner_; }
  /// Another captioner of the model, on threads of its own.
  std::unique_ptr<Captioner> captioner_on(ThreadPool& pool) const;
  /// Callable from several threads. @throws Error as load_image()
  Image image(const std::string& name) const;

 private:
  std::optional<Aspect> aspect_;
  bool no_exif_, no_split_;
  DecodeOptions decode_;
  ThreadPool pool_;
  std::shared_ptr<const CaptionModel> model_;
  std::unique_ptr<Captioner> captioner_;
};

}  // namespace tool
