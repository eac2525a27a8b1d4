#pragma once

/// @file
/// Bodies of c_api.h: models, captioners and captions.

#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sharpeye/c/boundary.hpp"
#include "sharpeye/core/file.hpp"
#include "sharpeye/io/image_decoders.hpp"
#include "sharpeye/pipeline/captioner.hpp"

struct sharpeye_model {
  std::shared_ptr<const sharpeye::CaptionModel> model;
};

struct sharpeye_captioner {
  sharpeye_captioner(std::shared_ptr<const sharpeye::CaptionModel> model, int threads)
      : pool(threads), captioner(std::move(model), pool) {}

  sharpeye::ThreadPool pool;
  sharpeye::Captioner captioner;
  sharpeye::DecodeOptions decode;
  std::atomic_flag is_busy = ATOMIC_FLAG_INIT;
};

struct sharpeye_caption {
  sharpeye::Caption caption;
};

SHARPEYE_NAMESPACE_BEGIN
namespace c_api {

/// The one call that a captioner serves at a time.
class Turn {
 public:
  /// @throws Error kInvalidArgument when another call has it
  explicit Turn(sharpeye_captioner& captioner) : captioner_(captioner) {
    require(!captioner_.is_busy.test_and_set(std::memory_order_acquire), ErrorCode::kInvalidArgument,
            "captioner: expected one call at a time, actual a second one meanwhile");
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { captioner_.is_busy.clear(std::memory_order_release); }

 private:
  sharpeye_captioner& captioner_;
};

inline GenerationConfig with_options(GenerationConfig generation, const sharpeye_caption_options& given) {
  if (given.beams != 0) {
    generation.num_beams = given.beams;
    generation.do_sample = false;
  }
  if (given.max_new_tokens != 0) generation.max_new_tokens = given.max_new_tokens;
  check(generation, "options: ");
  return generation;
}

/// The options of a call. The callbacks refer to `given` and `is_stopped`.
inline CaptionOptions caption_options(const CaptionModel& model, const sharpeye_caption_options& given,
                                      std::chrono::steady_clock::time_point begin, bool& is_stopped) {
  require(given.glances >= 0, ErrorCode::kInvalidArgument, "glances: expected 0 or more, actual ", given.glances);
  require(given.deadline_ms >= 0, ErrorCode::kInvalidArgument, "deadline_ms: expected 0 or more, actual ",
          given.deadline_ms);
  CaptionOptions options;
  if (given.glances != 0) options.rounds = given.glances - 1;
  options.generation = with_options(model.generation(), given);
  options.refine_generation = with_options(model.refine_generation(), given);
  if (given.deadline_ms != 0) options.deadline = begin + std::chrono::milliseconds(given.deadline_ms);
  if (given.prompt != nullptr) options.prompt = given.prompt;
  if (given.initial != nullptr) options.initial = given.initial;
  options.is_cancelled = [&] {
    is_stopped = is_stopped || (given.on_poll != nullptr && given.on_poll(given.user) != SHARPEYE_CONTINUE);
    return is_stopped;
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

/// Captions what `load` gives: an Image or an ImageView, whose time counts.
template <class Load>
sharpeye_status caption_loaded(sharpeye_captioner* captioner, const sharpeye_caption_options* options,
                               sharpeye_caption** caption, sharpeye_error* error, const Load& load) noexcept {
  if (caption != nullptr) *caption = nullptr;
  return guarded(error, [&] {
    using Clock = std::chrono::steady_clock;
    const auto begin = Clock::now();
    require_given(captioner, "captioner");
    require_given(caption, "caption");
    const Turn turn(*captioner);
    const sharpeye_caption_options given = read_struct(options, "options");
    bool is_stopped = false;
    const CaptionOptions chosen = caption_options(captioner->captioner.model(), given, begin, is_stopped);
    const auto image = load();
    const double loading = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    auto result = std::make_unique<sharpeye_caption>();
    result->caption = captioner->captioner(image, chosen);
    require(!is_stopped, ErrorCode::kCancelled, "caption: cancelled");  // by the very last callback
    result->caption.timings.image += loading;
    result->caption.timings.total += loading;
    *caption = result.release();
  });
}

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

/// The elements of a list; of none: NULL.
template <class Element>
const Element* elements_of(const std::vector<Element>* list, std::size_t* count) noexcept {
  if (count != nullptr) *count = list == nullptr ? 0 : list->size();
  return list == nullptr ? nullptr : list->data();
}

inline const char* word_of(const CaptionConfidence* confidence, std::size_t index, double* probability) noexcept {
  const bool is_there = confidence != nullptr && index < confidence->words.size();
  if (probability != nullptr) *probability = is_there ? confidence->words[index].probability : 0;
  return is_there ? confidence->words[index].word.c_str() : nullptr;
}

inline const char* text_of(const std::string* text, std::size_t* size) noexcept {
  if (size != nullptr) *size = text == nullptr ? 0 : text->size();
  return text == nullptr ? "" : text->c_str();
}

}  // namespace c_api
SHARPEYE_NAMESPACE_END

extern "C" {

sharpeye_status sharpeye_model_load(const char* folder, const sharpeye_load_options* options, sharpeye_model** model,
                                    sharpeye_error* error) {
  if (model != nullptr) *model = nullptr;
  return sharpeye::c_api::guarded(error, [&] {
    sharpeye::c_api::require_given(folder, "folder");
    sharpeye::c_api::require_given(model, "model");
    const sharpeye_load_options given = sharpeye::c_api::read_struct(options, "options");
    const sharpeye::LoadOptions chosen{given.map != 0 ? sharpeye::LoadMode::kMap : sharpeye::LoadMode::kRead,
                                       given.allow_non_finite != 0};
    *model = new sharpeye_model{sharpeye::CaptionModel::load(folder, chosen)};
  });
}

int32_t sharpeye_model_refines(const sharpeye_model* model) {
  return model != nullptr && model->model->refines() ? 1 : 0;
}

void sharpeye_model_free(sharpeye_model* model) {
  delete model;
}

sharpeye_status sharpeye_captioner_new(const sharpeye_model* model, const sharpeye_captioner_options* options,
                                       sharpeye_captioner** captioner, sharpeye_error* error) {
  if (captioner != nullptr) *captioner = nullptr;
  return sharpeye::c_api::guarded(error, [&] {
    using namespace sharpeye;
    c_api::require_given(model, "model");
    c_api::require_given(captioner, "captioner");
    const sharpeye_captioner_options given = c_api::read_struct(options, "options");
    require(given.aspect >= SHARPEYE_ASPECT_OF_MODEL && given.aspect <= SHARPEYE_ASPECT_SQUASH,
            ErrorCode::kInvalidArgument, "aspect: expected SHARPEYE_ASPECT_..., actual ", given.aspect);
    require(given.turn >= SHARPEYE_TURN_AS_MODEL && given.turn <= SHARPEYE_TURN_NEVER, ErrorCode::kInvalidArgument,
            "turn: expected SHARPEYE_TURN_..., actual ", given.turn);
    const int threads = given.threads == 0 ? ThreadPool::default_size() : given.threads;
    auto made = std::make_unique<sharpeye_captioner>(model->model, threads);
    constexpr Aspect kAspects[] = {Aspect::kPad, Aspect::kCrop, Aspect::kSquash};
    if (given.aspect != SHARPEYE_ASPECT_OF_MODEL) made->captioner.set_aspect(kAspects[given.aspect - 1]);
    if (given.turn != SHARPEYE_TURN_AS_MODEL) made->captioner.set_apply_exif(given.turn == SHARPEYE_TURN_UPRIGHT);
    if (given.max_pixels != 0) made->decode.max_pixels = given.max_pixels;
    *captioner = made.release();
  });
}

void sharpeye_captioner_free(sharpeye_captioner* captioner) {
  delete captioner;
}

sharpeye_status sharpeye_caption_pixels(sharpeye_captioner* captioner, const sharpeye_image* image,
                                        const sharpeye_caption_options* options, sharpeye_caption** caption,
                                        sharpeye_error* error) {
  return sharpeye::c_api::caption_loaded(captioner, options, caption, error,
                                         [&] { return sharpeye::c_api::view_of(image); });
}

sharpeye_status sharpeye_caption_encoded(sharpeye_captioner* captioner, const void* bytes, size_t size,
                                         const sharpeye_caption_options* options, sharpeye_caption** caption,
                                         sharpeye_error* error) {
  return sharpeye::c_api::caption_loaded(captioner, options, caption, error, [&] {
    sharpeye::c_api::require_given(bytes, "bytes");
    return sharpeye::default_decoder().decode({static_cast<const char*>(bytes), size}, "image", captioner->decode);
  });
}

sharpeye_status sharpeye_caption_file(sharpeye_captioner* captioner, const char* path,
                                      const sharpeye_caption_options* options, sharpeye_caption** caption,
                                      sharpeye_error* error) {
  return sharpeye::c_api::caption_loaded(captioner, options, caption, error, [&] {
    sharpeye::c_api::require_given(path, "path");
    return sharpeye::read_image(path, sharpeye::default_decoder(), captioner->decode);
  });
}

const char* sharpeye_caption_initial(const sharpeye_caption* caption, size_t* size) {
  return sharpeye::c_api::text_of(caption == nullptr ? nullptr : &caption->caption.initial, size);
}

const char* sharpeye_caption_refined(const sharpeye_caption* caption, size_t* size) {
  return sharpeye::c_api::text_of(caption == nullptr ? nullptr : &caption->caption.refined, size);
}

const int32_t* sharpeye_caption_initial_ids(const sharpeye_caption* caption, size_t* count) {
  return sharpeye::c_api::elements_of(caption == nullptr ? nullptr : &caption->caption.initial_ids, count);
}

const int32_t* sharpeye_caption_refined_ids(const sharpeye_caption* caption, size_t* count) {
  return sharpeye::c_api::elements_of(caption == nullptr ? nullptr : &caption->caption.refined_ids, count);
}

double sharpeye_caption_initial_confidence(const sharpeye_caption* caption) {
  return caption == nullptr ? std::numeric_limits<double>::quiet_NaN() : caption->caption.initial_confidence.value();
}

const float* sharpeye_caption_initial_log_probabilities(const sharpeye_caption* caption, size_t* count) {
  return sharpeye::c_api::elements_of(
      caption == nullptr ? nullptr : &caption->caption.initial_confidence.log_probabilities, count);
}

const char* sharpeye_caption_initial_word(const sharpeye_caption* caption, size_t index, double* probability) {
  return sharpeye::c_api::word_of(caption == nullptr ? nullptr : &caption->caption.initial_confidence, index,
                                  probability);
}

double sharpeye_caption_refined_confidence(const sharpeye_caption* caption) {
  return caption == nullptr ? std::numeric_limits<double>::quiet_NaN() : caption->caption.refined_confidence.value();
}

const float* sharpeye_caption_refined_log_probabilities(const sharpeye_caption* caption, size_t* count) {
  return sharpeye::c_api::elements_of(
      caption == nullptr ? nullptr : &caption->caption.refined_confidence.log_probabilities, count);
}

const char* sharpeye_caption_refined_word(const sharpeye_caption* caption, size_t index, double* probability) {
  return sharpeye::c_api::word_of(caption == nullptr ? nullptr : &caption->caption.refined_confidence, index,
                                  probability);
}

int32_t sharpeye_caption_glances(const sharpeye_caption* caption) {
  return caption == nullptr ? 0 : static_cast<int32_t>(caption->caption.rounds + 1);
}

int32_t sharpeye_caption_deadline_passed(const sharpeye_caption* caption) {
  return caption != nullptr && caption->caption.deadline_passed ? 1 : 0;
}

sharpeye_status sharpeye_caption_timings(const sharpeye_caption* caption, sharpeye_timings* timings,
                                         sharpeye_error* error) {
  return sharpeye::c_api::guarded(error, [&] {
    sharpeye::c_api::require_given(caption, "caption");
    const sharpeye::CaptionTimings& own = caption->caption.timings;
    const sharpeye_timings all{sizeof all,        own.image,        own.vision,        own.connector,
                               own.pass1_prefill, own.pass1_decode, own.ser_connector, own.pass2_prefill,
                               own.pass2_decode,  own.total};
    sharpeye::c_api::write_struct(all, timings, "timings");
  });
}

void sharpeye_caption_free(sharpeye_caption* caption) {
  delete caption;
}

}  // extern "C"
