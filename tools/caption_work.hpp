#pragma once

/// @file
/// The work of `sharpeye caption`: images to captions on one or several threads, whatever becomes of them.

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tools/caption_command.hpp"

namespace tool {

/// What became of one image.
struct Outcome {
  Caption caption;
  std::exception_ptr error;
  bool is_skipped = false;  ///< it was not begun, for Ctrl-C came first

  /// What is wrong with an image, where that is no reason to end the command; empty when nothing is.
  /// @throws Error kCancelled, and what is no Error and no lack of memory
  std::string problem(const std::string& name) const;
};

/// What Ctrl-C does to the images that have been begun.
enum class Interruption { kCancels, kWaits };

/// The captioners of `--parallel`, each on its share of the threads.
class CaptionWorkers {
 public:
  /// @param command, session must outlive it
  CaptionWorkers(const CaptionCommand& command, Session& session);

  std::size_t count() const { return captioners_.size(); }

  /// Captions images, `command.parallel` at once.
  /// @param name_of the name of image i; called from several threads. @param deliver gets the outcomes, in order
  void caption_images(CaptionOptions options, Interruption interruption, std::size_t count,
                      const std::function<const std::string&(std::size_t)>& name_of,
                      const std::function<void(std::size_t, Outcome)>& deliver);

 private:
  const CaptionCommand& command_;
  Session& session_;
  std::vector<std::unique_ptr<ThreadPool>> pools_;
  std::vector<std::unique_ptr<Captioner>> owned_;
  std::vector<Captioner*> captioners_;
};

/// Captions one image. @throws Error as load_image() and Captioner; a stream is then still at a line's end
Caption caption_one(const CaptionCommand& command, const Session& session, Captioner& captioner, CaptionOptions options,
                    const std::string& name);

}  // namespace tool
