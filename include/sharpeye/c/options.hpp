#pragma once

/// @file
/// The options and pixels of c_api.h as the library has them.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "sharpeye/c/boundary.hpp"
#include "sharpeye/io/image_decoder.hpp"
#include "sharpeye/pipeline/captioner.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace c_api {

/// The one call that a handle serves at a time.
class Turn {
 public:
  /// @param is_busy of the handle. @throws Error kInvalidArgument when another call has it
  Turn(std::atomic_flag& is_busy, const char* name) : is_busy_(is_busy) {
    require(!is_busy_.test_and_set(std::memory_order_acquire), ErrorCode::kInvalidArgument, name,
            ": expected one call at a time, actual a second one meanwhile");
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { is_busy_.clear(std::memory_order_release); }

 private:
  std::atomic_flag& is_busy_;
};

/// @throws Error kInvalidArgument
inline sharpeye_captioner_options read_captioner_options(const sharpeye_captioner_options* options) {
  const sharpeye_captioner_options given = read_struct(options, "options");
  require(given.aspect >= SHARPEYE_ASPECT_OF_MODEL && given.aspect <= SHARPEYE_ASPECT_SQUASH,
          ErrorCode::kInvalidArgument, "aspect: expected SHARPEYE_ASPECT_..., actual ", given.aspect);
  require(given.turn >= SHARPEYE_TURN_AS_MODEL && given.turn <= SHARPEYE_TURN_NEVER, ErrorCode::kInvalidArgument,
          "turn: expected SHARPEYE_TURN_..., actual ", given.turn);
  return given;
}

template <class Options>
inline int threads_of(const Options& given) {
  return given.threads == 0 ? ThreadPool::default_size() : given.threads;
}

/// Sets a captioner up, and how images are decoded for it.
inline void apply(const sharpeye_captioner_options& given, Captioner& captioner, DecodeOptions& decode) {
  constexpr Aspect kAspects[] = {Aspect::kPad, Aspect::kCrop, Aspect::kSquash};
  if (given.aspect != SHARPEYE_ASPECT_OF_MODEL) captioner.set_aspect(kAspects[given.aspect - 1]);
  if (given.turn != SHARPEYE_TURN_AS_MODEL) captioner.set_apply_exif(given.turn == SHARPEYE_TURN_UPRIGHT);
  if (given.max_pixels != 0) decode.max_pixels = given.max_pixels;
}

inline GenerationConfig with_options(GenerationConfig generation, const sharpeye_caption_options& given) {
  if (given.beams != 0) {
    generation.num_beams = given.beams;
    generation.do_sample = false;
  }
  if (given.max_new_tokens != 0) generation.max_new_tokens = given.max_new_tokens;
  check(generation, "options: ");
  return generation;
}

/// The options of a call. The callbacks refer to `given` and `is_stopped`, which one that answers SHARPEYE_STOP sets.
inline CaptionOptions caption_options(const CaptionModel& model, const sharpeye_caption_options& given,
                                      std::chrono::steady_clock::time_point begin, std::atomic<bool>& is_stopped) {
  require(given.glances >= 0, ErrorCode::kInvalidArgument, "glances: expected 0 or more, actual ", given.glances);
  require(given.deadline_ms >= 0, ErrorCode::kInvalidArgument, "deadline_ms: expected 0 or more, actual ",
          given.deadline_ms);
  require(given.attention == 0 || given.attention == 1, ErrorCode::kInvalidArgument,
          "attention: expected 0 or 1, actual ", given.attention);
  CaptionOptions options;
  if (given.glances != 0) options.rounds = given.glances - 1;
  options.generation = with_options(model.generation(), given);
  options.refine_generation = with_options(model.refine_generation(), given);
  if (given.deadline_ms != 0) options.deadline = begin + std::chrono::milliseconds(given.deadline_ms);
  if (given.prompt != nullptr) options.prompt = given.prompt;
  if (given.initial != nullptr) options.initial = given.initial;
  options.is_cancelled = [&] {
    is_stopped = is_stopped || (given.on_poll != nullptr && given.on_poll(given.user) != SHARPEYE_CONTINUE);
    return is_stopped.load();
  };
  if (given.on_initial != nullptr) {
    options.on_initial = [&](const Caption& caption) {
      const std::string& text = caption.initial;
      is_stopped = is_stopped || given.on_initial(given.user, text.c_str(), text.size()) != SHARPEYE_CONTINUE;
    };
  }
  if (given.on_token != nullptr) {
    options.on_token = [&](const CaptionProgress& progress) {
      const auto glance = static_cast<std::int32_t>(progress.round + 1);
      const std::string& text = progress.text;
      is_stopped = is_stopped || given.on_token(given.user, glance, text.c_str(), text.size()) != SHARPEYE_CONTINUE;
    };
  }
  return options;
}

/// The pixels in place. @throws Error kInvalidArgument
inline ImageView view_of(const sharpeye_image* given) {
  require_given(given, "image");
  const sharpeye_image image = read_struct(given, "image");
  require(image.format >= SHARPEYE_RGB && image.format <= SHARPEYE_GREY, ErrorCode::kInvalidArgument,
          "image: expected a format from SHARPEYE_RGB to SHARPEYE_GREY, actual ", image.format);
  constexpr PixelFormat kFormats[] = {PixelFormat::kRgb, PixelFormat::kBgr, PixelFormat::kRgba, PixelFormat::kBgra,
                                      PixelFormat::kGray};
  ImageView view{image.data,
                 static_cast<Index>(image.width),
                 static_cast<Index>(image.height),
                 static_cast<Index>(image.stride),
                 kFormats[image.format],
                 image.orientation == 0 ? 1 : image.orientation};
  const bool has_sides = view.width > 0 && view.width <= kMaxImageSide && view.height > 0;
  const Index row = has_sides ? view.width * bytes_per_pixel(view.format) : 0;
  if (view.stride == 0) view.stride = row;
  check(view);
  std::uint64_t needed = 0;
  const bool is_size =
      checked_multiply(static_cast<std::uint64_t>(view.height - 1), static_cast<std::uint64_t>(view.stride), needed) &&
      checked_add(needed, static_cast<std::uint64_t>(row), needed);
  require(is_size && needed <= image.size, ErrorCode::kInvalidArgument, "image: expected a size of at least ", needed,
          " bytes for ", view.height, " rows, actual ", image.size);
  return view;
}

}  // namespace c_api
SHARPEYE_NAMESPACE_END
