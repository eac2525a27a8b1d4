#pragma once

/// @file
/// From an image to two captions.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sharpeye/core/image.hpp"
#include "sharpeye/generation/beam_search.hpp"
#include "sharpeye/generation/draft_verification.hpp"
#include "sharpeye/generation/opt_next_token.hpp"
#include "sharpeye/pipeline/caption_model.hpp"
#include "sharpeye/text/streaming_decoder.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The paper's ablations, as switches of one model (rows of its Tables 2 and 3).
enum class Ablation {
  kNone,
  kCaptionOnly,   ///< the second glance gets the initial caption, and only the last of its layers in every place
  kFeaturesOnly,  ///< the second glance gets the features, and no caption in connector and prompt
  kSinglePass,    ///< one pass of the language model, through the SeR-Connector with features only
};

/// Milliseconds of each stage; several rounds add up.
struct CaptionTimings {
  double image = 0;          ///< resizing and normalising
  double vision = 0;         ///< the vision tower
  double connector = 0;      ///< the first glance's connector
  double pass1_prefill = 0;  ///< the language model reads the first prompt
  double pass1_decode = 0;   ///< the initial caption, token by token
  double ser_connector = 0;  ///< the second look
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

/// How to caption one image.
struct CaptionOptions {
  /// Refinements: 0 is one glance, 1 two, more feed each caption to the next. By default as the model's config says,
  /// and 0 for a model of one glance.
  std::optional<Index> rounds;
  Ablation ablation = Ablation::kNone;
  std::optional<GenerationConfig> generation;         ///< for the initial caption, instead of the model's own
  std::optional<GenerationConfig> refine_generation;  ///< for refinements, instead of `generation` or the model's own
  /// A greedy refinement takes the caption before it as its draft (generate_from_draft): the same text in fewer passes.
  bool verify_draft = true;
  std::optional<std::string> initial;  ///< take this as the initial caption instead of generating one
  /// When it has passed, no further refinement is begun or finished: the last complete caption is the result.
  std::optional<std::chrono::steady_clock::time_point> deadline;
  std::function<bool()> is_cancelled;                    ///< asked between stages and tokens; true throws kCancelled
  std::function<void(const CaptionProgress&)> on_token;  ///< called after each generated token
  /// Receives the intermediate tensors by the names of `sharpeye dump`; costs the logits of all prompt positions.
  std::function<void(const std::string&, const Matrix<float>&)> on_tensor;
  /// Receives the prompts' ids (kImageToken once for the image): "pass1.input_ids", "pass2.input_ids".
  std::function<void(const std::string&, const std::vector<std::int32_t>&)> on_ids;
};

/// The captions of one image.
struct Caption {
  std::string initial;  ///< the first glance's
  std::string refined;  ///< the last complete one; the initial caption when `rounds` is 0
  std::vector<std::int32_t> initial_ids, refined_ids;
  Index rounds = 0;  ///< refinements that were completed
  bool deadline_passed = false;
  Index pass1_steps = 0, pass2_steps = 0;  ///< passes of the language model after reading the prompts
  CaptionTimings timings;
};

/// Captions images with a shared model. One object per thread: it owns that thread's working memory.
class Captioner {
 public:
  /// @param pool the threads to use; must outlive the captioner, and may be shared.
  Captioner(std::shared_ptr<const CaptionModel> model, ThreadPool& pool)
      : model_(std::move(model)), ops_(pool, arena_), processor_(model_->preprocessor().processor) {}

  const CaptionModel& model() const { return *model_; }

  /// Replaces the model's own way to make images square.
  void set_aspect(Aspect aspect) {
    ImageProcessorConfig config = processor_.config();
    config.aspect = aspect;
    processor_ = ImageProcessor(config);
  }

  /// Replaces the model's own choice whether images are turned upright first (their EXIF orientation).
  void set_apply_exif(bool apply_exif) {
    ImageProcessorConfig config = processor_.config();
    config.apply_exif = apply_exif;
    processor_ = ImageProcessor(config);
  }

  /// Both captions of `image`. @throws Error kInvalidArgument, kLimit, kCancelled
  Caption operator()(const ImageView& image, const CaptionOptions& options = {}) { return Run(*this, options)(image); }

 private:
  using Ops = CaptionModel::Ops;
  using Tensor = Ops::Tensor;
  using Clock = std::chrono::steady_clock;

  // One call: what it was asked and what it has so far.
  class Run {
   public:
    Run(Captioner& captioner, const CaptionOptions& options)
        : arena_(captioner.arena_),
          ops_(captioner.ops_),
          processor_(captioner.processor_),
          model_(*captioner.model_),
          network_(model_.network()),
          options_(options),
          rounds_(options.rounds.value_or(network_.ser_connector() ? model_.config().rounds : 0)),
          initial_pass_{"pass1", network_.language_model(), options.generation.value_or(model_.generation()),
                        caption_.timings.pass1_prefill, caption_.timings.pass1_decode},
          refine_pass_{"pass2", network_.refine_language_model(),
                       options.refine_generation.value_or(options.generation.value_or(model_.refine_generation())),
                       caption_.timings.pass2_prefill, caption_.timings.pass2_decode} {
      require(rounds_ >= 0, ErrorCode::kInvalidArgument, "rounds: expected 0 or more, actual ", rounds_);
      for (Pass* pass : {&initial_pass_, &refine_pass_}) {
        pass->generation.num_tokens = model_.generation().num_tokens;
        check(pass->generation, "generation: ");
      }
      require(network_.ser_connector() || (rounds_ == 0 && options.ablation != Ablation::kSinglePass),
              ErrorCode::kInvalidArgument, "rounds: expected 0 with a model without ser_connector, actual ", rounds_);
      if (options.ablation == Ablation::kSinglePass) rounds_ = 0;
    }

    Caption operator()(const ImageView& image) {
      const auto begin = Clock::now();
      look(image);
      if (options_.ablation == Ablation::kSinglePass) {
        caption_.initial = refine("", 0, caption_.initial_ids);
      } else if (options_.initial) {
        caption_.initial = std::string(strip(*options_.initial));
        caption_.initial_ids = model_.tokenizer().encode(caption_.initial, {false, false});
        if (options_.on_tensor) first_glance();
      } else {
        caption_.initial = first_glance();
      }
      caption_.refined = caption_.initial;
      caption_.refined_ids = caption_.initial_ids;
      while (caption_.rounds < rounds_ && !is_late()) {
        std::vector<std::int32_t> ids;
        std::string text = refine(caption_.refined, caption_.rounds + 1, ids);
        if (is_late()) break;  // it may be cut short
        caption_.refined = std::move(text);
        caption_.refined_ids = std::move(ids);
        ++caption_.rounds;
      }
      caption_.timings.total = milliseconds_since(begin);
      return std::move(caption_);
    }

   private:
    // One of the two ways to run the language model: where its traces, weights, settings and times are.
    struct Pass {
      const char* name;
      const Opt<Ops>& language_model;
      GenerationConfig generation;
      double& prefill_time;
      double& decode_time;
    };

    static double milliseconds_since(Clock::time_point begin) {
      return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
    }

    // Runs one stage, adds its time, and lets the caller cancel before it.
    template <class Stage>
    auto timed(double& milliseconds, const Stage& stage) {
      require(!options_.is_cancelled || !options_.is_cancelled(), ErrorCode::kCancelled, "caption: cancelled");
      const auto begin = Clock::now();
      auto result = stage();
      arena_.trim();  // stages differ in sizes: what one leaves is rarely what the next one needs
      milliseconds += milliseconds_since(begin);
      return result;
    }

    bool is_late() {
      caption_.deadline_passed |= options_.deadline && Clock::now() >= *options_.deadline;
      return caption_.deadline_passed;
    }

    void trace(const std::string& name, const Tensor& tensor) {
      if (!options_.on_tensor) return;
      Matrix<float> values(tensor.rows(), tensor.columns());
      ops_.copy_out(tensor, values.data(), values.cols());
      options_.on_tensor(name, values);
    }

    // The vision tower runs once, for both glances.
    void look(const ImageView& image) {
      const MmSerConfig& config = model_.config();
      const std::vector<float> pixels = timed(caption_.timings.image, [&] { return processor_(image); });
      std::vector<Index> wanted = config.connector.vision_feature_layers;
      const bool refines = config.ser_connector && (rounds_ > 0 || options_.ablation == Ablation::kSinglePass);
      if (refines) {
        const auto& layers = config.ser_connector->vision_feature_layers;
        wanted.insert(wanted.end(), layers.begin(), layers.end());
      }
      const std::size_t own = wanted.size();
      if (options_.on_tensor) {
        const Index size = config.vision_config.image_size;
        options_.on_tensor("pixel_values", view_matrix(pixels.data(), 3, size * size, size * size));
        for (Index index = 0; index <= config.num_vision_blocks(); ++index) wanted.push_back(index);
      }
      std::vector<Tensor> states =
          timed(caption_.timings.vision, [&] { return network_.vision()(ops_, pixels, wanted); });
      for (std::size_t i = own; i < states.size(); ++i) trace(concat("vision.hidden_states.", i - own), states[i]);
      const auto split = states.begin() + static_cast<std::ptrdiff_t>(config.connector.vision_feature_layers.size());
      connector_states_.assign(states.begin(), split);
      ser_states_.assign(split, states.begin() + static_cast<std::ptrdiff_t>(own));
      if (options_.ablation == Ablation::kCaptionOnly) ser_states_.assign(ser_states_.size(), ser_states_.back());
    }

    std::string first_glance() {
      const Tensor visual = timed(caption_.timings.connector, [&] {
        return network_.connector()(ops_, gather_features(ops_, connector_states_, FeatureConcat::kChannel));
      });
      trace("connector.output", visual);
      return write(initial_pass_, model_.initial_prompt().tokenize(model_.tokenizer()), visual, 0,
                   caption_.initial_ids);
    }

    std::string refine(const std::string& initial, Index round, std::vector<std::int32_t>& ids) {
      const bool sees_caption = options_.ablation == Ablation::kNone || options_.ablation == Ablation::kCaptionOnly;
      const std::string draft = sees_caption ? initial : "";
      const SerConnector<Ops>& connector = *network_.ser_connector();
      const Tensor visual = timed(caption_.timings.ser_connector, [&] {
        std::vector<std::int32_t> caption_ids;
        if (sees_caption) caption_ids = model_.connector_caption_ids(draft);
        const Tensor features = connector.features(ops_, ser_states_);
        if (round <= 1) trace("ser.features", features);
        return connector(ops_, features, caption_ids, [&](const std::vector<std::int32_t>& tokens) {
          return refine_pass_.language_model.embed(ops_, tokens);
        });
      });
      if (round <= 1) trace("ser.output", visual);
      if (round > 0 && is_late()) return {};
      return write(refine_pass_, refine_prompt_for(draft, visual.rows()), visual, round, ids);
    }

    // The prompt with the draft, which is cut where it would leave no room for a caption of its length.
    PromptTokens refine_prompt_for(const std::string& draft, Index visual_tokens) const {
      const BpeTokenizer& tokenizer = model_.tokenizer();
      PromptTokens prompt = model_.refine_prompt().tokenize(tokenizer, draft);
      std::vector<std::int32_t> ids = tokenizer.encode(draft, {false, false});
      const Index draft_tokens = static_cast<Index>(ids.size());
      const Index room = model_.config().text_config.max_position_embeddings - visual_tokens -
                         (static_cast<Index>(prompt.ids.size()) - 1 - draft_tokens);
      const Index kept = std::max<Index>({1, room - refine_pass_.generation.max_new_tokens, room / 2});
      if (draft_tokens <= kept) return prompt;
      ids.resize(static_cast<std::size_t>(kept));
      return model_.refine_prompt().tokenize(tokenizer, tokenizer.decode(ids));
    }

    // The language model reads a prompt with visual tokens and writes a caption. Only the first refinement is traced.
    std::string write(Pass& pass, const PromptTokens& prompt, const Tensor& visual, Index round,
                      std::vector<std::int32_t>& ids) {
      const Opt<Ops>& language_model = pass.language_model;
      const std::string name = pass.name;
      const auto image = prompt.ids.begin() + static_cast<std::ptrdiff_t>(prompt.image_position);
      std::vector<Tensor> parts{language_model.embed(ops_, {prompt.ids.begin(), image}), visual};
      if (image + 1 != prompt.ids.end()) parts.push_back(language_model.embed(ops_, {image + 1, prompt.ids.end()}));
      const Tensor inputs_embeds = ops_.concat_rows(parts);
      GenerationConfig generation = pass.generation;
      const Index room = model_.config().text_config.max_position_embeddings - inputs_embeds.rows();
      require(room > 0, ErrorCode::kLimit, "prompt: expected less than max_position_embeddings ",
              model_.config().text_config.max_position_embeddings, " tokens, actual ", inputs_embeds.rows());
      generation.max_new_tokens = std::min(generation.max_new_tokens, room);
      if (round <= 1) {
        if (options_.on_ids) options_.on_ids(name + ".input_ids", prompt.ids);
        trace(name + ".inputs_embeds", inputs_embeds);
      }
      OptNextToken<Ops> next_token(ops_, language_model, inputs_embeds, generation.num_beams,
                                   generation.max_new_tokens);
      const std::vector<std::int32_t> draft = draft_for(generation, round);
      const Tensor states = timed(pass.prefill_time, [&] { return next_token.prefill(draft); });
      if (round <= 1 && options_.on_tensor) trace(name + ".logits", language_model.logits(ops_, states));
      // An initial caption that was given needs no other; the pass was run for its traces.
      if (round == 0 && options_.initial && options_.ablation != Ablation::kSinglePass) return {};
      if (round > 0 && is_late()) return {};
      const GenerationHooks hooks = make_hooks(generation, round);
      DraftStatistics statistics;
      ids = timed(pass.decode_time, [&] {
        if (draft.empty()) return generate(next_token, generation, hooks);
        return generate_from_draft(next_token, generation, draft, hooks, &statistics);
      });
      const Index steps = draft.empty() ? static_cast<Index>(ids.size()) - 1 : statistics.passes;
      (round == 0 ? caption_.pass1_steps : caption_.pass2_steps) += steps;
      return text_of(ids, generation);
    }

    // What a greedy refinement is likely to write: the caption before it, as the language model wrote it.
    std::vector<std::int32_t> draft_for(const GenerationConfig& generation, Index round) const {
      if (round == 0 || !options_.verify_draft || generation.num_beams > 1 || generation.do_sample) return {};
      std::vector<std::int32_t> draft = caption_.refined_ids;
      if (round == 1 && options_.initial) {  // nobody wrote it: as the stages are trained
        draft = model_.tokenizer().encode(" " + caption_.initial, {false, false});
        if (!generation.eos_token_ids.empty()) draft.push_back(generation.eos_token_ids.front());
      }
      draft.resize(std::min(draft.size(), static_cast<std::size_t>(generation.max_new_tokens)));
      return draft;
    }

    GenerationHooks make_hooks(const GenerationConfig& generation, Index round) {
      GenerationHooks hooks;
      hooks.on_step = [this, &generation, round](const std::vector<std::int32_t>& ids) {
        require(!options_.is_cancelled || !options_.is_cancelled(), ErrorCode::kCancelled, "caption: cancelled");
        if (options_.on_token) options_.on_token({round, ids, text_of(ids, generation)});
        return round == 0 || !is_late();  // there is nothing to fall back on before the first caption
      };
      if (!generation.stop_strings.empty()) {
        hooks.is_complete = [this, &generation](const std::vector<std::int32_t>& ids) {
          return stop_position(model_.tokenizer().decode(ids), generation) != std::string::npos;
        };
      }
      return hooks;
    }

    static std::size_t stop_position(const std::string& text, const GenerationConfig& generation) {
      std::size_t first = std::string::npos;
      for (const std::string& stop : generation.stop_strings) first = std::min(first, text.find(stop));
      return first;
    }

    // The ids' text up to a stop string, without white space around it and without half a character at its end.
    std::string text_of(const std::vector<std::int32_t>& ids, const GenerationConfig& generation) const {
      StreamingDecoder decoder(model_.tokenizer());
      std::string text;
      for (const std::int32_t id : ids) text += decoder.push(id);
      return std::string(strip(std::string_view(text).substr(0, stop_position(text, generation))));
    }

    Arena& arena_;
    Ops& ops_;
    const ImageProcessor& processor_;
    const CaptionModel& model_;
    const MmSer<Ops>& network_;
    const CaptionOptions& options_;
    Caption caption_;
    Index rounds_;
    Pass initial_pass_, refine_pass_;
    std::vector<Tensor> connector_states_, ser_states_;
  };

  std::shared_ptr<const CaptionModel> model_;
  Arena arena_;
  Ops ops_;
  ImageProcessor processor_;
};

SHARPEYE_NAMESPACE_END
