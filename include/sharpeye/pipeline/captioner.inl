#pragma once

/// @file
/// Bodies of captioner.hpp: time, cancellation, tracing and decoding around the glances of models/mm_ser.hpp.

#include "sharpeye/pipeline/captioner.hpp"

#include <algorithm>
#include <utility>

#include "sharpeye/generation/causal_lm_next_token.hpp"
#include "sharpeye/generation/draft_verification.hpp"
#include "sharpeye/generation/generate.hpp"
#include "sharpeye/generation/mixed_next_token.hpp"
#include "sharpeye/generation/search_ahead.hpp"
#include "sharpeye/models/observed_glance.hpp"
#include "sharpeye/ops/inference.hpp"
#include "sharpeye/pipeline/caption_observer.hpp"
#include "sharpeye/pipeline/preprocessor_config.hpp"
#include "sharpeye/text/prompt.hpp"
#include "sharpeye/text/streaming_decoder.hpp"
#include "sharpeye/text/unicode.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// What belongs to a captioner's thread.
struct Captioner::State {
  State(std::shared_ptr<const CaptionModel> shared, ThreadPool& pool)
      : model(std::move(shared)), ops(pool, arena), processor(model->preprocessor().processor) {}

  std::shared_ptr<const CaptionModel> model;
  Arena arena;
  Inference<float> ops;
  ImageProcessor processor;
};

namespace detail {

/// The captioning of one image: its options, and the state so far.
class CaptionRun {
 public:
  using Ops = Inference<float>;
  using Tensor = Ops::Tensor;

  CaptionRun(Arena& arena, Ops& ops, const ImageProcessor& processor, const CaptionModel& model,
             const CaptionOptions& options)
      : arena_(arena),
        ops_(ops),
        processor_(processor),
        model_(model),
        network_(model.network()),
        options_(options),
        rounds_(options.rounds.value_or(network_.refines() ? model.config().rounds : 0)),
        first_{"pass1", network_.language_model(), options.generation.value_or(model.generation()),
               caption_.timings.pass1_prefill, caption_.timings.pass1_decode},
        second_{"pass2", network_.refine_language_model(),
                options.refine_generation.value_or(options.generation.value_or(model.refine_generation())),
                caption_.timings.pass2_prefill, caption_.timings.pass2_decode} {
    require(rounds_ >= 0, ErrorCode::kInvalidArgument, "rounds: expected 0 or more, actual ", rounds_);
    for (Pass* pass : {&first_, &second_}) {
      pass->generation.num_tokens = model.generation().num_tokens;
      check(pass->generation, "generation: ");
    }
    require(options.first_share >= 0 && options.first_share < 1, ErrorCode::kInvalidArgument,
            "first_share: expected a number from 0 to below 1, actual ", options.first_share);
    require(network_.refines() || (rounds_ == 0 && !is_single_pass()), ErrorCode::kInvalidArgument,
            "rounds: expected 0 with a model without ser_connector, actual ", rounds_);
    if (is_single_pass()) rounds_ = 0;
    if (options.visual_token_share) {
      check_visual_token_share(model.config(), *options.visual_token_share, "visual_token_share");
    }
  }

  Caption operator()(const ImageView& image) {
    const auto begin = Clock::now();
    look(image);
    if (is_single_pass()) {
      take_initial(refine("", 0));
    } else if (options_.initial) {
      caption_.initial = std::string(strip(*options_.initial));
      caption_.initial_ids = model_.tokenizer().encode(caption_.initial, {false, false});
      if (options_.on_tensor || needs_reader()) first_glance();
    } else {
      take_initial(first_glance());
    }
    caption_.refined = caption_.initial;
    caption_.refined_ids = caption_.initial_ids;
    caption_.refined_confidence = caption_.initial_confidence;
    caption_.timings.total = milliseconds_since(begin);
    if (options_.on_initial) options_.on_initial(caption_);
    while (caption_.rounds < rounds_ && !is_late()) {
      Written written = refine(caption_.refined, caption_.rounds + 1);
      if (is_late()) break;  // it may be cut short
      const bool is_same = written.text == caption_.refined && written.ids == caption_.refined_ids;
      caption_.refined = std::move(written.text);
      caption_.refined_ids = std::move(written.ids);
      caption_.refined_confidence = std::move(written.confidence);
      ++caption_.rounds;
      // The next round would read what this one has read, and write it once more.
      if (is_same && !second_.generation.do_sample) break;
    }
    caption_.timings.total = milliseconds_since(begin);
    return std::move(caption_);
  }

 private:
  using Clock = std::chrono::steady_clock;

  // How a glance runs the language model: its trace names, weights, settings and timings.
  struct Pass {
    const char* name;
    const CausalLm<Ops>& language_model;
    GenerationConfig generation;
    double& prefill_time;
    double& decode_time;
  };

  // What a glance wrote.
  struct Written {
    std::string text;
    std::vector<std::int32_t> ids;
    CaptionConfidence confidence;
  };

  static double milliseconds_since(Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  }

  bool is_single_pass() const { return options_.ablation == Ablation::kSinglePass; }

  // Runs one stage, adds its time, and lets the caller cancel before it.
  template <class Stage>
  auto timed(double& milliseconds, const Stage& stage) {
    require(!options_.is_cancelled || !options_.is_cancelled(), ErrorCode::kCancelled, "caption: cancelled");
    const auto begin = Clock::now();
    auto result = stage();
    // Stages differ in sizes: what one leaves is rarely what the next one needs. A small model's buffers stay, since
    // the system would clear their pages again for each stage of each image (a sixth of the demo model's time).
    arena_.trim(std::size_t{4} << 20);
    milliseconds += milliseconds_since(begin);
    return result;
  }

  // Whether the first glance is needed after it has written: to say how sure it is of a caption, or to write another.
  bool needs_reader() const { return rounds_ > 0 && (tells_confidence() || options_.first_share > 0); }
  bool tells_confidence() const { return sees_caption() && network_.reads_confidence(); }
  bool sees_caption() const {
    return options_.ablation == Ablation::kNone || options_.ablation == Ablation::kCaptionOnly;
  }

  // The levels of confidence that the SeR-Connector reads beside a caption, whoever wrote it. A caption that is longer
  // than the first glance has room for is not read to its end.
  std::vector<std::int32_t> confidence(const std::string& caption, const std::vector<std::int32_t>& caption_ids) {
    std::vector<std::int32_t> written = network_.written_ids(model_.tokenizer(), caption);
    written.resize(std::min(written.size(), static_cast<std::size_t>(reader_room_)));
    const auto known = timed(caption_.timings.pass1_decode, [&] { return reader_->log_probabilities(written); });
    return confidence_levels(model_.tokenizer(), written, known, caption_ids,
                             model_.config().ser_connector->caption_confidence);
  }

  bool is_late() {
    caption_.deadline_passed = caption_.deadline_passed || (options_.deadline && Clock::now() >= *options_.deadline) ||
                               (options_.is_due && options_.is_due());
    return caption_.deadline_passed;
  }

  void trace(const std::string& name, const Tensor& tensor) {
    if (!options_.on_tensor) return;
    std::vector<float> values(static_cast<std::size_t>(tensor.rows() * tensor.columns()));
    ops_.copy_out(tensor, values.data(), tensor.columns());
    options_.on_tensor(name, {values.data(), tensor.rows(), tensor.columns()});
  }

  void look(const ImageView& image) {
    ImageTiles tiles = timed(caption_.timings.image, [&] { return processor_.tiles(image); });
    grid_ = {tiles.rows, tiles.columns};
    for (std::size_t tile = 0; tile < tiles.squares.size(); ++tile) {
      const bool is_last = tile + 1 == tiles.squares.size();
      const std::string prefix = tiles.squares.size() == 1 ? "" : concat("tiles.", tile, ".");
      look_at(std::exchange(tiles.squares[tile], {}), prefix, is_last);
    }
    if (options_.ablation == Ablation::kCaptionOnly) sight_.second.assign(sight_.second.size(), sight_.second.back());
  }

  // One square: what the first glance reads is kept of each, what the second reads of the last, the whole image.
  void look_at(const Image& square, const std::string& prefix, bool is_last) {
    const std::vector<float> pixels = timed(caption_.timings.image, [&] { return processor_.normalize(square); });
    if (options_.on_tensor) {
      options_.on_tensor(prefix + "pixel_values", {pixels.data(), 3, static_cast<Index>(pixels.size()) / 3});
    }
    const bool for_second = is_last && (rounds_ > 0 || is_single_pass());
    sight_ = timed(caption_.timings.vision, [&] {
      return network_.look(ops_, pixels, {for_second, static_cast<bool>(options_.on_tensor)});
    });
    for (std::size_t i = 0; i < sight_.all.size(); ++i) {
      trace(concat(prefix, "vision.hidden_states.", i), sight_.all[i]);
    }
    sight_.all.clear();
    first_states_.push_back(std::move(sight_.first));
  }

  void take_initial(Written written) {
    caption_.initial = std::move(written.text);
    caption_.initial_ids = std::move(written.ids);
    caption_.initial_confidence = std::move(written.confidence);
  }

  Written first_glance() {
    const Tensor visual = timed(caption_.timings.connector, [&] {
      std::vector<Tensor> parts;
      for (const std::vector<Tensor>& states : first_states_) parts.push_back(network_.first_glance(ops_, states));
      first_states_.clear();
      return parts.size() == 1 ? parts.front() : ops_.concat_rows(parts);
    });
    trace("connector.output", visual);
    return write(first_, initial_prompt().tokenize(model_.tokenizer(), {}, grid_), visual, 0);
  }

  Written refine(const std::string& initial, Index round) {
    const std::string draft = sees_caption() ? initial : "";
    std::vector<std::int32_t> caption_ids, levels;
    if (sees_caption()) caption_ids = network_.caption_ids(model_.tokenizer(), draft);
    if (tells_confidence()) levels = confidence(draft, caption_ids);
    const double share = options_.visual_token_share.value_or(network_.visual_token_share());
    const VisualTokens<Ops> visual = timed(caption_.timings.ser_connector, [&] {
      const Tensor features = network_.second_features(ops_, sight_.second);
      if (round <= 1) trace("ser.features", features);
      return network_.second_glance(ops_, features, caption_ids, levels, share);
    });
    if (round <= 1) trace("ser.output", visual.tokens);
    if (options_.observer != nullptr) {
      options_.observer->look({round, ops_, network_, sight_.second, caption_ids, levels});
    }
    if (round > 0 && is_late()) return {};
    Index positions = visual.tokens.rows();
    for (const auto& group : visual.merged.groups) positions += static_cast<Index>(group.size()) - 1;
    return write(second_, refine_prompt_for(draft, positions), visual.tokens, round, visual.merged);
  }

  // The prompt with the draft, which is cut where it would leave no room for a caption of its length.
  PromptTemplate initial_prompt() const {
    if (!options_.prompt) return model_.initial_prompt();
    return PromptTemplate(*options_.prompt, "prompt", model_.config().prompt_text());
  }

  PromptTokens refine_prompt_for(const std::string& draft, Index visual_tokens) const {
    const Tokenizer& tokenizer = model_.tokenizer();
    PromptTokens prompt = model_.refine_prompt().tokenize(tokenizer, draft);
    std::vector<std::int32_t> ids = tokenizer.encode(draft, {false, false});
    const Index draft_tokens = static_cast<Index>(ids.size());
    const Index room = second_.language_model.limits().max_tokens(visual_tokens) - visual_tokens -
                       (static_cast<Index>(prompt.ids.size()) - 1 - draft_tokens);
    const Index kept = std::max<Index>({1, room - second_.generation.max_new_tokens, room / 2});
    if (draft_tokens <= kept) return prompt;
    ids.resize(static_cast<std::size_t>(kept));
    return model_.refine_prompt().tokenize(tokenizer, tokenizer.decode(ids));
  }

  // The language model reads a prompt with visual tokens and writes a caption. Only the first refinement is traced.
  Written write(Pass& pass, const PromptTokens& prompt, const Tensor& visual, Index round,
                const MergedTokens& merged = {}) {
    const CausalLm<Ops>& language_model = pass.language_model;
    const std::string name = pass.name;
    const Tensor inputs_embeds = network_.prompt(ops_, language_model, prompt, visual);
    GenerationConfig generation = pass.generation;
    const Index positions = language_model.limits().max_tokens(visual.rows());
    const nn::PlacedTokens placed = network_.prompt_places(prompt, merged);
    const Index end = placed.positions.empty() ? inputs_embeds.rows() : placed.positions.back() + 1;
    const Index room = positions - end;
    require(room > 0, ErrorCode::kLimit, "prompt: expected less than max_position_embeddings ", positions,
            " tokens, actual ", end);
    generation.max_new_tokens = std::min(generation.max_new_tokens, room);
    if (round > 0 && options_.first_share > 0) {
      generation.max_new_tokens = std::min(generation.max_new_tokens, reader_room_);
    }
    if (round <= 1) {
      if (options_.on_ids) options_.on_ids(name + ".input_ids", prompt.ids);
      trace(name + ".inputs_embeds", inputs_embeds);
    }
    const std::vector<std::int32_t> draft = draft_for(generation, round);
    const bool is_reader = round == 0 && needs_reader();
    // What reads on in the second glance needs room for that one's sequences.
    GenerationConfig most = generation;
    if (is_reader && options_.first_share > 0) {
      most.num_beams = std::max(most.num_beams, second_.generation.num_beams);
      most.max_new_tokens = std::min(std::max(most.max_new_tokens, second_.generation.max_new_tokens), room);
    }
    if (round == 0) reader_room_ = most.max_new_tokens;
    const bool reads_ahead = most.num_beams > 1 && (!draft.empty() || is_reader);
    std::optional<CausalLmNextToken<Ops>> own;
    CausalLmNextToken<Ops>& next_token =
        (is_reader ? reader_ : own)
            .emplace(ops_, language_model, inputs_embeds, most.num_beams, most.max_new_tokens, visual.rows(),
                     reads_ahead ? kSpareTokens : 0, placed);
    const bool is_traced = round <= 1 && options_.on_tensor;
    const Tensor states = timed(pass.prefill_time, [&] {
      return next_token.prefill(generation.num_beams == 1 ? draft : std::vector<std::int32_t>{},
                                is_traced ? inputs_embeds.rows() : 1);
    });
    if (is_traced) trace(name + ".logits", language_model.logits(ops_, states));
    // The caller gave an initial caption; this pass ran for its traces only.
    if (round == 0 && options_.initial && !is_single_pass()) return {};
    if (round > 0 && is_late()) return {};
    const GenerationHooks hooks = make_hooks(generation, round);
    DraftStatistics statistics;
    GeneratedSequence sequence = timed(pass.decode_time, [&] {
      const auto decode = [&](NextToken& writer) {
        if (draft.empty()) return generate(writer, generation, hooks, round == 0 && rounds_ > 0 ? &likely_ : nullptr);
        if (generation.num_beams > 1) {
          const float margin = model_.weight_kinds() == NumberKinds::kIntegers ? 0 : kBeamMargin;
          if (likely_.is_empty()) likely_ = TokenTree::of_draft(draft);
          return beam_search_from_draft(writer, generation, likely_, margin, hooks, &statistics);
        }
        return generate_from_draft(writer, generation, draft, hooks, &statistics);
      };
      if (round == 0 || options_.first_share == 0) return decode(next_token);
      reader_->rewind();
      MixedNextToken both(next_token, *reader_, static_cast<float>(options_.first_share));
      return decode(both);
    });
    const Index steps = draft.empty() ? static_cast<Index>(sequence.ids.size()) - 1 : statistics.passes;
    (round == 0 ? caption_.pass1_steps : caption_.pass2_steps) += steps;
    if (options_.observer != nullptr && !(round > 0 && is_late())) {
      options_.observer->write({round, ops_, network_, language_model, prompt, visual, sequence.ids,
                                model_.generation().num_tokens, mixed_logits(next_token, round, sequence.ids), merged});
    }
    Written written;
    std::size_t text_end = 0;
    written.text = text_of(sequence.ids, generation, &text_end);
    written.confidence.words = word_probabilities(model_.tokenizer(), sequence, text_end);
    written.confidence.log_probabilities = std::move(sequence.log_probabilities);
    written.ids = std::move(sequence.ids);
    return written;
  }

  // What two glances together said of each token that they have written; nothing where one wrote alone.
  std::vector<std::vector<float>> mixed_logits(CausalLmNextToken<Ops>& next_token, Index round,
                                               const std::vector<std::int32_t>& ids) {
    if (round == 0 || options_.first_share == 0 || ids.empty()) return {};
    MixedNextToken both(next_token, *reader_, static_cast<float>(options_.first_share));
    std::vector<std::vector<float>> rows{both.start()};
    if (ids.size() == 1) return rows;
    both.rewind();
    for (auto& row : both.read(0, {ids.begin(), ids.end() - 1})) rows.push_back(std::move(row));
    return rows;
  }

  // What a refinement is likely to write: the caption before it, as the language model wrote it. Beams add scores up:
  // where a float's last bit can change how an activation is rounded, passes over several tokens are not near enough.
  std::vector<std::int32_t> draft_for(const GenerationConfig& generation, Index round) const {
    if (round == 0 || !options_.verify_draft || generation.do_sample) return {};
    if (generation.num_beams > 1 && model_.weight_kinds() == NumberKinds::kMixed) return {};
    std::vector<std::int32_t> draft = caption_.refined_ids;
    if (round == 1 && options_.initial) {  // given by the caller: tokenized as in training
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
      return round == 0 || !is_late();  // there is nothing to fall back on before the initial caption
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
  // @param text_end where the stop string begins
  std::string text_of(const std::vector<std::int32_t>& ids, const GenerationConfig& generation,
                      std::size_t* text_end = nullptr) const {
    StreamingDecoder decoder(model_.tokenizer());
    std::string text;
    for (const std::int32_t id : ids) text += decoder.push(id);
    const std::size_t end = stop_position(text, generation);
    if (text_end != nullptr) *text_end = end;
    return std::string(strip(std::string_view(text).substr(0, end)));
  }

  Arena& arena_;
  Ops& ops_;
  const ImageProcessor& processor_;
  const CaptionModel& model_;
  const MmSer<Ops>& network_;
  const CaptionOptions& options_;
  Caption caption_;
  Index rounds_;
  Pass first_, second_;
  TileGrid grid_;
  Sight<Ops> sight_;                               // of the last square
  std::vector<std::vector<Tensor>> first_states_;  // Sight::first of every square, until the connector has read them
  std::optional<CausalLmNextToken<Ops>> reader_;   // the first glance, where it is asked how sure it is
  Index reader_room_ = 0;                          // the tokens that it can read after its prompt
  TokenTree likely_;                               // what the searches so far found likely
};

}  // namespace detail

SHARPEYE_BODY Captioner::Captioner(std::shared_ptr<const CaptionModel> model, ThreadPool& pool)
    : state_(std::make_unique<State>(std::move(model), pool)) {}
SHARPEYE_BODY Captioner::Captioner(Captioner&&) noexcept = default;
SHARPEYE_BODY Captioner& Captioner::operator=(Captioner&&) noexcept = default;
SHARPEYE_BODY Captioner::~Captioner() = default;

SHARPEYE_BODY const CaptionModel& Captioner::model() const {
  return *state_->model;
}

SHARPEYE_BODY const ImageProcessor& Captioner::processor() const {
  return state_->processor;
}

SHARPEYE_BODY void Captioner::set_aspect(Aspect aspect) {
  ImageProcessorConfig config = state_->processor.config();
  require(!config.tiling, ErrorCode::kInvalidArgument,
          "aspect: expected none with a model that splits images into tiles");
  config.aspect = aspect;
  state_->processor = ImageProcessor(config);
}

SHARPEYE_BODY void Captioner::set_split(bool split) {
  ImageProcessorConfig config = state_->processor.config();
  require(config.tiling.has_value(), ErrorCode::kInvalidArgument,
          "split: expected a model that splits images into tiles (Idefics3, SmolVLM)");
  config.tiling->split = split;
  state_->processor = ImageProcessor(config);
}

SHARPEYE_BODY void Captioner::set_apply_exif(bool apply_exif) {
  ImageProcessorConfig config = state_->processor.config();
  config.apply_exif = apply_exif;
  state_->processor = ImageProcessor(config);
}

SHARPEYE_BODY Caption Captioner::operator()(const ImageView& image, const CaptionOptions& options) {
  return detail::CaptionRun(state_->arena, state_->ops, state_->processor, *state_->model, options)(image);
}

SHARPEYE_NAMESPACE_END
