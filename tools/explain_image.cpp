#include "tools/explain_image.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/pipeline/flops.hpp"
#include "sharpeye/text/tokenizer.hpp"
#include "sharpeye/training/word_alignment.hpp"

namespace tool {
namespace {

// The pixels as the model sees them, whatever their orientation says.
Image as_seen(const Image& image, bool is_turned) {
  if (is_turned) return upright(image);
  Image plain(image.width(), image.height());
  for (Index y = 0; y < image.height(); ++y) std::copy_n(image.row(y), 3 * image.width(), plain.row(y));
  return plain;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// What a word attended to is what its letters did: without tokens of punctuation alone behind them.
void leave_punctuation_out(std::vector<WordProbability>& words, const std::vector<std::int32_t>& ids,
                           const Tokenizer& tokenizer) {
  const auto is_punctuation = [&](Index token) {
    const std::string text = token_text(tokenizer, ids[static_cast<std::size_t>(token)]);
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return std::ispunct(static_cast<unsigned char>(c)) != 0; });
  };
  for (WordProbability& word : words) {
    while (word.end_token - word.first_token > 1 && is_punctuation(word.end_token - 1)) --word.end_token;
  }
}

std::vector<WordPair> pairs_of(const std::vector<WordProbability>& initial,
                               const std::vector<WordProbability>& refined) {
  const auto texts = [](const std::vector<WordProbability>& words) {
    std::vector<std::string> all;
    for (const WordProbability& word : words) all.push_back(word.word);
    return all;
  };
  const auto partner = training::align_words(texts(initial), texts(refined)).partner;
  std::vector<WordPair> pairs;
  Index next = 0;  // of the refined words
  for (Index i = 0; i < static_cast<Index>(partner.size()); ++i) {
    const Index j = partner[static_cast<std::size_t>(i)];
    while (j >= 0 && next < j) pairs.push_back({-1, next++});
    pairs.push_back({i, j});
    if (j >= 0) next = j + 1;
  }
  while (next < static_cast<Index>(refined.size())) pairs.push_back({-1, next++});
  return pairs;
}

std::vector<StageCost> costs_of(const ExplainedImage& found, const CaptionModel& model, const CaptionOptions& options,
                                Index num_squares, const std::vector<CaptionTimings>& runs) {
  const auto time = [&](double CaptionTimings::*stage) {
    std::vector<double> values;
    for (const CaptionTimings& run : runs) values.push_back(run.*stage);
    return median(values);
  };
  const auto text_tokens = [](const ExplainedGlance& glance) {
    return glance.found.num_prompt_keys - static_cast<Index>(glance.found.visual_keys.size());
  };
  const MmSerConfig& config = model.config();
  CaptionLengths lengths{text_tokens(found.first()), text_tokens(found.last()), 0, 0, 0, num_squares};
  if (!found.connectors.empty()) {
    lengths.caption_tokens = std::max<Index>(0, static_cast<Index>(found.connectors.back().caption_ids.size()) -
                                                    (config.ser_connector->caption_bos ? 1 : 0));
  }
  const auto count = [&](const ExplainedGlance& glance, const GenerationConfig& generation) {
    lengths.new_tokens = std::max<Index>(1, static_cast<Index>(glance.found.ids.size()));
    lengths.num_beams = generation.num_beams;
    return count_flops(config, lengths);
  };
  const StageFlops one = count(found.first(), *options.generation),
                   two = count(found.last(), *options.refine_generation);
  const bool refines = found.caption.rounds > 0;
  const auto rounds = static_cast<double>(found.caption.rounds);
  std::vector<StageCost> stages{{"image", time(&CaptionTimings::image), 0},
                                {"vision", time(&CaptionTimings::vision), refines ? one.vision : one.vision_one_glance},
                                {"connector", time(&CaptionTimings::connector), one.connector},
                                {"pass1_prefill", time(&CaptionTimings::pass1_prefill), one.pass1_prefill},
                                {"pass1_decode", time(&CaptionTimings::pass1_decode), one.pass1_decode}};
  if (refines) {
    stages.push_back({"ser_connector", time(&CaptionTimings::ser_connector), rounds * two.ser_connector});
    stages.push_back({"pass2_prefill", time(&CaptionTimings::pass2_prefill), rounds * two.pass2_prefill});
    // With a share of its own the first glance reads each token too.
    const double first_reads = options.first_share > 0 ? two.pass1_decode : 0;
    stages.push_back({"pass2_decode", time(&CaptionTimings::pass2_decode), rounds * (two.pass2_decode + first_reads)});
  }
  StageCost total{"total", time(&CaptionTimings::total), 0};
  for (const StageCost& stage : stages) total.flops += stage.flops;
  stages.push_back(total);
  return stages;
}

std::vector<std::pair<std::string, std::vector<Index>>> shapes_of(const ExplainedImage& found,
                                                                  const CaptionModel& model, Index num_squares) {
  const MmSerConfig& config = model.config();
  const Index size = config.vision_config.image_size(), width = config.vision_config.hidden_size();
  const Index patches = config.vision_config.grid_size() * config.vision_config.grid_size();
  const Index embedding = config.text_config.embedding_size(), vocabulary = config.text_config.vocab_size();
  std::vector<std::pair<std::string, std::vector<Index>>> shapes{
      {"pixel values", {num_squares, 3, size, size}},
      {"hidden states of the tower", {num_squares, config.vision_config.num_prefix_tokens() + patches, width}}};
  for (const ExplainedGlance& glance : found.glances) {
    const std::string name = glance.found.round == 0 ? "first glance: " : "second glance: ";
    for (const ConnectorExplanation& connector : found.connectors) {
      if (connector.round != glance.found.round) continue;
      const auto levels = static_cast<Index>(connector.layers.size());
      const Index words = static_cast<Index>(connector.caption_ids.size());
      const AttentionMaps& blocks = connector.shares;
      const bool joined = connector.num_levels == 1;
      shapes.push_back({name + "features", {joined ? patches : levels * patches, joined ? levels * width : width}});
      if (!connector.read_of_words.values.empty() || words == 0) {
        const Index rows = connector.num_levels * patches + words;
        shapes.push_back({name + "attention of the SeR-Connector", {blocks.num_layers, blocks.num_heads, rows, rows}});
      }
    }
    const AttentionMaps& maps = glance.found.attention;
    const Index written = maps.num_queries;
    shapes.push_back({name + "visual tokens", {static_cast<Index>(glance.found.visual_keys.size()), embedding}});
    shapes.push_back({name + "prompt", {glance.found.num_prompt_keys, embedding}});
    shapes.push_back(
        {name + "attention of the written tokens", {maps.num_layers, maps.num_heads, written, maps.num_keys}});
    shapes.push_back({name + "logits", {written, vocabulary}});
  }
  return shapes;
}

}  // namespace

Region Region::parse(const std::string& text, std::size_t number) {
  const std::size_t mark = text.rfind('=');
  Region region;
  region.name = mark == std::string::npos ? concat("region ", number) : text.substr(0, mark);
  std::array<double, 4> values{};
  std::size_t begin = mark == std::string::npos ? 0 : mark + 1;
  bool is_right = !region.name.empty();
  for (std::size_t i = 0; i < 4 && is_right; ++i) {
    const std::size_t end = i < 3 ? text.find(',', begin) : text.size();
    is_right = end != std::string::npos && detail::read_number(text.substr(begin, end - begin), -1e6, 1e6, values[i]);
    begin = end + 1;
  }
  require(is_right && values[2] > 0 && values[3] > 0, ErrorCode::kInvalidArgument,
          "--region: expected NAME=LEFT,TOP,WIDTH,HEIGHT in pixels, such as dog=10,20,30,40; actual ", in_quotes(text));
  region.box = {values[0], values[1], values[2], values[3]};
  return region;
}

std::string token_text(const Tokenizer& tokenizer, std::int32_t id) {
  return tokenizer.is_special(id) ? tokenizer.id_to_token(id) : std::string(tokenizer.token_bytes(id));
}

ExplainedImage explain_image(Session& session, const std::string& name, const ExplainOptions& options) {
  const CaptionModel& model = session.model();
  CaptionOptions captioning;
  captioning.generation = model.generation();
  captioning.refine_generation = model.refine_generation();
  if (options.beams) {
    for (auto* generation : {&captioning.generation, &captioning.refine_generation}) {
      (*generation)->num_beams = *options.beams;
      (*generation)->do_sample = false;
    }
  }
  captioning.rounds = options.rounds;
  captioning.prompt = options.prompt;
  captioning.first_share = options.first_share;
  captioning.is_cancelled = is_interrupted;

  ExplainedImage found;
  found.name = name;
  const Image stored = session.image(name);
  const ImageProcessor& processor = session.captioner().processor();
  found.image = as_seen(stored, processor.config().apply_exif);
  const ImageSize size{found.image.width(), found.image.height()};
  for (const Region& region : options.regions) {
    require(overlaps({{0, 0, static_cast<double>(size.width), static_cast<double>(size.height)}}, region.box)[0] > 0,
            ErrorCode::kInvalidArgument, "--region ", in_quotes(region.name),
            ": expected a part of the image, which is ", size.width, " x ", size.height, " pixels, actual left ",
            region.box.left, ", top ", region.box.top);
  }
  found.regions = options.regions;

  std::vector<CaptionTimings> runs;
  for (Index run = 0; run < options.runs; ++run) runs.push_back(session.captioner()(stored, captioning).timings);
  CaptionExplainer explainer(options.alternatives);
  captioning.observer = &explainer;
  found.caption = session.captioner()(stored, captioning);
  CaptionExplanation explanation = explainer.take();
  found.connectors = std::move(explanation.connectors);
  for (GlanceExplanation& glance : explanation.glances) {
    ExplainedGlance& one = found.glances.emplace_back();
    const bool is_last = glance.round == found.caption.rounds;
    one.words = glance.round == 0 ? found.caption.initial_confidence.words
                : is_last         ? found.caption.refined_confidence.words
                                  : word_probabilities(
                                        model.tokenizer(),
                                        {glance.ids, {glance.log_probabilities.begin(), glance.log_probabilities.end()}});
    leave_punctuation_out(one.words, glance.ids, model.tokenizer());
    for (const WordProbability& word : one.words) one.caption += (one.caption.empty() ? "" : " ") + word.word;
    one.boxes = visual_token_boxes(processor, size, model.config(), glance.round, glance.num_visual_tokens());
    one.found = std::move(glance);
  }
  found.pairs = pairs_of(found.first().words, found.last().words);
  const std::vector<PixelBox> squares = processor.boxes(size);
  const auto num_squares = static_cast<Index>(squares.size());
  found.square = squares.back();
  found.model = model.config().model_type;
  found.runs = options.runs;
  found.threads = session.pool().size();
  found.stages = costs_of(found, model, captioning, num_squares, runs);
  found.shapes = shapes_of(found, model, num_squares);
  return found;
}

}  // namespace tool
