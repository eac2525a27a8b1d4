#pragma once

/// @file
/// From an image to two captions: the header that most programs include.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sharpeye/core/image.hpp"
#include "sharpeye/core/tensor_view.hpp"
#include "sharpeye/core/thread_pool.hpp"
#include "sharpeye/generation/generation_config.hpp"
#include "sharpeye/pipeline/caption_confidence.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/vision/image_processor.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The paper's ablations, as switches of one model (rows of its Tables 2 and 3).
enum class Ablation {
  kNone,
  kCaptionOnly,   ///< the second glance gets the initial caption, and its last layer in the place of every layer
  kFeaturesOnly,  ///< the second glance gets the features, and no caption in connector and prompt
  kSinglePass,    ///< one pass of the language model, through the SeR-Connector with features only
};

/// Milliseconds of each stage; several rounds add up.
struct CaptionTimings {
  double image = 0;          ///< resizing, splitting and normalising
  double vision = 0;         ///< the vision tower
  double connector = 0;      ///< the first glance's connector
  double pass1_prefill = 0;  ///< the language model reads the first prompt
  double pass1_decode = 0;   ///< the initial caption, token by token
  double ser_connector = 0;  ///< the second glance's connector
  double pass2_prefill = 0;
  double pass2_decode = 0;
  double total = 0;
};

/// Where a generation stands, for streaming output.
struct CaptionProgress {
  Index round;                           ///< 0: the initial caption, n: the n-th refinement
  const std::vector<std::int32_t>& ids;  ///< of the best sequence so far; with beams a later one may differ
  const std::string& text;               ///< its text, an incomplete character at the end held back
};

struct Caption;
class CaptionObserver;

/// How to caption one image.
struct CaptionOptions {
  /// Refinements: 0 is one glance, 1 two, more feed each caption to the next, and end early where a caption comes back
  /// as it was (all others would be the same). By default as the model's config says, and 0 for a model of one glance.
  std::optional<Index> rounds;
  Ablation ablation = Ablation::kNone;
  std::optional<GenerationConfig> generation;         ///< for the initial caption, instead of the model's own
  std::optional<GenerationConfig> refine_generation;  ///< for refinements, instead of `generation` or the model's own
  /// A refinement takes the caption before it as its draft: the same text in fewer passes (generate_from_draft() and
  /// beam_search_from_draft()).
  bool verify_draft = true;
  /// The first glance's say in the words of a refinement: its share of the logits, from 0 (as in the paper) to below 1
  /// (MixedNextToken). It then reads each token too, which costs its decoding once more.
  double first_share = 0;
  /// The share of its visual tokens that the second glance reads, in (0, 1], instead of the model's own: alike ones are
  /// merged (models/alike_tokens.hpp), and the language model has less to read. 1: all.
  std::optional<double> visual_token_share;
  std::optional<std::string> prompt;   ///< for the initial caption, instead of the model's own: see PromptTemplate
  std::optional<std::string> initial;  ///< take this as the initial caption instead of generating one
  /// When it has passed, no further refinement is begun or finished: the last complete caption is the result.
  std::optional<std::chrono::steady_clock::time_point> deadline;
  /// Asked where the deadline is, and as often: true has the effect of a deadline that has passed.
  std::function<bool()> is_due;
  std::function<bool()> is_cancelled;                    ///< asked between stages and tokens; true throws kCancelled
  std::function<void(const CaptionProgress&)> on_token;  ///< called after each generated token
  /// Called once, when the initial caption is complete and no second glance has begun: with it as `initial` and
  /// `refined`, and the timings so far.
  std::function<void(const Caption&)> on_initial;
  /// Receives the intermediate tensors by the names of `sharpeye dump`; costs the logits of all prompt positions. Where
  /// an image is split, pixels and hidden states come tile by tile, with "tiles.N." in front.
  std::function<void(const std::string&, const TensorView&)> on_tensor;
  /// Receives the prompts' ids (kImageToken once for the image, or for each tile): "pass1.input_ids",
  /// "pass2.input_ids".
  std::function<void(const std::string&, const std::vector<std::int32_t>&)> on_ids;
  /// Looks on (pipeline/caption_observer.hpp): a CaptionExplainer tells what each word attended to. What it does takes
  /// time beside the stages of CaptionTimings, and changes no caption.
  CaptionObserver* observer = nullptr;
};

/// The captions of one image.
struct Caption {
  std::string initial;  ///< the first glance's
  std::string refined;  ///< the last complete one; the initial caption when `rounds` is 0
  std::vector<std::int32_t> initial_ids, refined_ids;
  CaptionConfidence initial_confidence, refined_confidence;
  Index rounds = 0;  ///< refinements that were completed
  bool deadline_passed = false;
  Index pass1_steps = 0, pass2_steps = 0;  ///< passes of the language model after reading the prompts
  CaptionTimings timings;
};

/// Captions images with a shared model. One object per thread: it owns that thread's working memory.
class Captioner {
 public:
  /// @param pool the threads to use; must outlive the captioner, and may be shared.
  Captioner(std::shared_ptr<const CaptionModel> model, ThreadPool& pool);
  Captioner(Captioner&&) noexcept;
  Captioner& operator=(Captioner&&) noexcept;
  ~Captioner();

  const CaptionModel& model() const;
  /// How images become squares, as the functions below have left it.
  const ImageProcessor& processor() const;

  /// Replaces the model's own way to make images square. @throws Error kInvalidArgument for a model that splits them
  void set_aspect(Aspect aspect);
  /// Whether images are split into tiles, instead of as the model says. @throws Error kInvalidArgument for a model that
  /// cannot
  void set_split(bool split);
  /// Whether images are turned upright by their orientation, instead of as the model says.
  void set_apply_exif(bool apply_exif);

  /// Both captions of `image`. @throws Error kInvalidArgument, kLimit, kCancelled
  Caption operator()(const ImageView& image, const CaptionOptions& options = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/pipeline/captioner.inl"
#endif
