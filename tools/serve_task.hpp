#pragma once

/// @file
/// What the requests of all APIs come down to: images, and how to caption them.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sharpeye/io/image_decoder.hpp"
#include "sharpeye/io/json_reader.hpp"
#include "sharpeye/pipeline/captioner.hpp"
#include "tools/serve_message.hpp"

namespace tool {

using namespace sharpeye;

/// What the server says about its model, and how it captions when a request does not say.
struct ServedModel {
  std::string name;
  Index parameters = 0;
  std::uint64_t bytes = 0;
  std::int64_t created = 0;  ///< seconds since 1970
  bool refines = true;
  Index rounds = 1;
  GenerationConfig generation, refine_generation;
};

/// What one request may ask for.
struct ServeLimits {
  std::size_t max_images = 16;
  std::uint64_t max_pixels = DecodeOptions().max_pixels;  ///< of each image
  double seconds = 120;                                   ///< from the request's arrival to the end of its reply
  /// Whether OpenAI's and Ollama's clients choose the prompt and the sampling. They send both with every request,
  /// worded and set for other models.
  bool use_prompts = false, use_sampling = false;
  std::optional<double> min_confidence;  ///< captions below it are kNotSure, unless our own API's client says otherwise
};

/// What the API layer needs to read a request.
struct ServeContext {
  ServedModel model;
  ServeLimits limits;
};

/// What a request may ask for; what is empty is as the server and its model have it.
struct CaptionWishes {
  std::optional<Index> rounds, beams, max_new_tokens, top_k;
  std::optional<double> temperature, top_p;
  std::optional<std::uint64_t> seed;
  std::optional<bool> sample;
  std::optional<Index> deadline_ms;
  std::optional<std::string> prompt;
  std::vector<std::string> stop;
};

/// @throws Error where wishes contradict each other or the model
CaptionOptions to_options(const CaptionWishes& wishes, const ServedModel& model);

/// One image of a request.
struct SentImage {
  std::string bytes;  ///< of an image file
  std::string place;  ///< in the request, for error messages
};

/// An image that JSON carries: base64, or a data URI of base64. @throws HttpError for an address (nothing is fetched)
/// and for what is no base64
SentImage read_sent_image(const std::string& text, const std::string& place);

/// One caption, and how many tokens were read for it.
struct Captioned {
  Caption caption;
  std::string text;  ///< the refined caption, or kNotSure in its place
  Index prompt_tokens = 0;
  bool is_cut = false;  ///< at the greatest length
};

/// How the answer to a request is written: whole, or part by part.
class Answer {
 public:
  virtual ~Answer() = default;
  virtual std::string whole(const std::vector<Captioned>& captions) const = 0;
  virtual const char* stream_type() const = 0;
  /// The parts of a stream, in the order they are asked for; any of them may be empty.
  virtual std::string begin() { return {}; }
  virtual std::string progress(std::size_t, const CaptionProgress&) { return {}; }
  virtual std::string glance(std::size_t, Index, const std::string&) {
    return {};
  }  ///< the caption of a round is complete
  virtual std::string caption(std::size_t image, const Captioned& captioned) = 0;
  virtual std::string end(const std::vector<Captioned>& captions) = 0;
  virtual std::string failure(const HttpError& error) const = 0;
};

/// A request, read.
struct CaptionTask {
  std::vector<SentImage> images;
  CaptionOptions options;
  std::optional<double> min_confidence;
  bool streams = false;
  std::vector<std::string> unused;  ///< keys of the request that were understood and not used
  std::unique_ptr<Answer> answer;
};

/// @throws HttpError 404 unless `name` is the model's, or the model's with a tag `latest`
void require_model(const std::string& name, const ServedModel& model);

/// The round whose text can be sent while it grows: the last one, or none where what was sent might have to be taken
/// back: with beams, a deadline, stop texts, or a least confidence.
std::optional<Index> growing_round(const CaptionTask& task);

/// Hands out a growing text, each part once; the captions of several images are lines.
class GrowingText {
 public:
  /// What `text` of image `image` has more than what was handed out.
  std::string more(std::size_t image, const std::string& text);

 private:
  std::size_t image_ = 0, handed_out_ = 0;
};

}  // namespace tool
