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

#include "sharpeye/c/attention.hpp"
#include "sharpeye/c/boundary.hpp"
#include "sharpeye/c/options.hpp"
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
  std::vector<sharpeye::c_api::KeptAttention> attention{};
};

SHARPEYE_NAMESPACE_BEGIN
namespace c_api {

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
    const Turn turn(captioner->is_busy, "captioner");
    const sharpeye_caption_options given = read_struct(options, "options");
    std::atomic<bool> is_stopped{false};
    CaptionOptions chosen = caption_options(captioner->captioner.model(), given, begin, is_stopped);
    CaptionExplainer explainer(0);
    if (given.attention != 0) chosen.observer = &explainer;
    const auto image = load();
    const double loading = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    auto result = std::make_unique<sharpeye_caption>();
    result->caption = captioner->captioner(image, chosen);
    require(!is_stopped, ErrorCode::kCancelled, "caption: cancelled");  // by the very last callback
    result->caption.timings.image += loading;
    result->caption.timings.total += loading;
    result->attention = keep_attention(explainer.take(), captioner->captioner, image);
    *caption = result.release();
  });
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
    sharpeye::ThreadPool pool(sharpeye::c_api::threads_of(given));
    const sharpeye::LoadOptions chosen{given.map != 0 ? sharpeye::LoadMode::kMap : sharpeye::LoadMode::kRead,
                                       given.allow_non_finite != 0, &pool};
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
    const sharpeye_captioner_options given = c_api::read_captioner_options(options);
    auto made = std::make_unique<sharpeye_captioner>(model->model, c_api::threads_of(given));
    c_api::apply(given, made->captioner, made->decode);
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

size_t sharpeye_caption_num_attentions(const sharpeye_caption* caption) {
  return caption == nullptr ? 0 : caption->attention.size();
}

sharpeye_status sharpeye_caption_attention(const sharpeye_caption* caption, size_t index, sharpeye_attention* attention,
                                           sharpeye_error* error) {
  return sharpeye::c_api::guarded(error, [&] {
    using namespace sharpeye;
    c_api::require_given(caption, "caption");
    require(index < caption->attention.size(), ErrorCode::kInvalidArgument, "index: expected less than ",
            caption->attention.size(), ", the glances whose attention was kept, actual ", index);
    const c_api::KeptAttention& kept = caption->attention[index];
    const AttentionMaps& maps = kept.maps;
    const sharpeye_attention all{sizeof all,
                                 kept.glance,
                                 maps.values.data(),
                                 maps.num_layers,
                                 maps.num_heads,
                                 maps.num_queries,
                                 maps.num_keys,
                                 static_cast<std::int64_t>(kept.visual_keys.size()),
                                 kept.visual_keys.data(),
                                 kept.boxes.empty() ? nullptr : &kept.boxes.front().left};
    c_api::write_struct(all, attention, "attention");
  });
}

void sharpeye_caption_free(sharpeye_caption* caption) {
  delete caption;
}

}  // extern "C"
