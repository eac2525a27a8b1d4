#include "tools/explain_json.hpp"

#include <cmath>

#include "sharpeye/models/mm_ser_config.hpp"
#include "sharpeye/text/prompt.hpp"
#include "sharpeye/text/tokenizer.hpp"
#include "tools/caption_output.hpp"
#include "tools/name_index.hpp"

namespace tool {
namespace {

Json list_of(const std::vector<double>& values) {
  Json list = Json::list();
  for (const double value : values) list.push_back(rounded(value));
  return list;
}

Json list_of(const PixelBox& box) {
  return list_of(std::vector<double>{box.left, box.top, box.width, box.height});
}

double share_of_image(const ExplainedImage& found, const PixelBox& region) {
  const PixelBox all{0, 0, static_cast<double>(found.image.width()), static_cast<double>(found.image.height())};
  return overlaps({all}, region)[0];
}

// One choice of tokens, layer and head in numbers.
Json numbers_of(const ExplainedGlance& glance, const std::vector<Region>& regions, const AttentionChoice& choice) {
  const std::vector<double> map = image_attention(glance.found, choice);
  const AttentionShares shares = attention_shares(glance.found, choice);
  Json json{{"image", rounded(shares.image)},
            {"prompt", rounded(shares.prompt)},
            {"caption", rounded(shares.caption)},
            {"entropy_bits", rounded(entropy(map))},
            {"regions", Json::object()}};
  for (const Region& region : regions) {
    json["regions"][region.name] = rounded(mass_in(map, glance.boxes, region.box));
  }
  return json;
}

// The same for each layer and head: lists [layers][heads].
Json by_layer_and_head(const ExplainedGlance& glance, const std::vector<Region>& regions, AttentionChoice choice) {
  Json json{{"image", Json::list()}, {"entropy_bits", Json::list()}, {"regions", Json::object()}};
  for (const Region& region : regions) json["regions"][region.name] = Json::list();
  for (Index layer = 0; layer < glance.found.attention.num_layers; ++layer) {
    Json image = Json::list(), bits = Json::list();
    std::vector<Json> masses(regions.size(), Json::list());
    for (Index head = 0; head < glance.found.attention.num_heads; ++head) {
      choice.layer = layer;
      choice.head = head;
      const std::vector<double> map = image_attention(glance.found, choice);
      double sum = 0;
      for (const double value : map) sum += value;
      image.push_back(rounded(sum));
      bits.push_back(rounded(entropy(map)));
      for (std::size_t i = 0; i < regions.size(); ++i) {
        masses[i].push_back(rounded(mass_in(map, glance.boxes, regions[i].box)));
      }
    }
    json["image"].push_back(std::move(image));
    json["entropy_bits"].push_back(std::move(bits));
    for (std::size_t i = 0; i < regions.size(); ++i) json["regions"][regions[i].name].push_back(std::move(masses[i]));
  }
  return json;
}

Json to_json(const ExplainedGlance& glance, const std::vector<Region>& regions, const Tokenizer& tokenizer) {
  const GlanceExplanation& found = glance.found;
  Json tokens = Json::list(), words = Json::list(), boxes = Json::list();
  for (std::size_t t = 0; t < found.ids.size(); ++t) {
    Json alternatives = Json::list();
    for (const TokenAlternative& one : found.alternatives[t]) {
      alternatives.push_back(
          {{"id", one.id}, {"text", token_text(tokenizer, one.id)}, {"log_probability", rounded(one.log_probability)}});
    }
    const auto place = static_cast<Index>(t);
    tokens.push_back({{"id", found.ids[t]},
                      {"text", token_text(tokenizer, found.ids[t])},
                      {"log_probability", rounded(found.log_probabilities[t])},
                      {"alternatives", std::move(alternatives)},
                      {"attention", numbers_of(glance, regions, {place, place + 1, {}, {}})}});
  }
  for (const WordProbability& word : glance.words) {
    const AttentionChoice choice{word.first_token, word.end_token, {}, {}};
    words.push_back({{"word", word.word},
                     {"probability", rounded(word.probability)},
                     {"tokens", std::vector<Index>{word.first_token, word.end_token}},
                     {"attention", numbers_of(glance, regions, choice)},
                     {"by_layer_and_head", by_layer_and_head(glance, regions, choice)},
                     {"map", list_of(image_attention(found, choice))}});
  }
  for (const PixelBox& box : glance.boxes) boxes.push_back(list_of(box));
  std::string prompt;
  for (Index key = 0; key < found.num_prompt_keys; ++key) {
    const std::int32_t id = found.key_ids[static_cast<std::size_t>(key)];
    const bool is_repeated = key > 0 && found.key_ids[static_cast<std::size_t>(key) - 1] == kImageToken;
    if (id != kImageToken) prompt += token_text(tokenizer, id);
    if (id == kImageToken && !is_repeated) prompt += "<image>";
  }
  return {{"round", found.round},
          {"caption", glance.caption},
          {"prompt", prompt},
          {"prompt_tokens", found.num_prompt_keys},
          {"visual_tokens", glance.boxes.size()},
          {"layers", found.attention.num_layers},
          {"heads", found.attention.num_heads},
          {"tokens", std::move(tokens)},
          {"words", std::move(words)},
          {"boxes", std::move(boxes)}};
}

Json to_json(const ConnectorExplanation& found, const Tokenizer& tokenizer) {
  Json words = Json::list(), shares = Json::list();
  for (const std::int32_t id : found.caption_ids) words.push_back(token_text(tokenizer, id));
  for (Index block = 0; block < found.shares.num_layers; ++block) {
    Json heads = Json::list();
    for (Index head = 0; head < found.shares.num_heads; ++head) {
      const float* row = found.shares.row(block, head, 0);
      heads.push_back(list_of(std::vector<double>(row, row + found.shares.num_keys)));
    }
    shares.push_back(std::move(heads));
  }
  return {{"round", found.round},
          {"layers", found.layers},
          {"levels", found.num_levels},
          {"caption_tokens", std::move(words)},
          {"layer_influence", list_of(found.layer_influence)},
          {"caption_influence", rounded(found.caption_influence)},
          {"shares", std::move(shares)}};
}

}  // namespace

Json rounded(double value, int digits) {
  if (!std::isfinite(value)) return {};
  if (value == 0) return 0.0;
  const int shift = digits - 1 - static_cast<int>(std::floor(std::log10(std::abs(value))));
  const double scale = std::pow(10.0, std::abs(shift));
  return shift >= 0 ? std::round(value * scale) / scale : std::round(value / scale) * scale;
}

Json to_json(const ExplainedImage& found, const CaptionModel& model) {
  const Tokenizer& tokenizer = model.tokenizer();
  Json json;
  put_name(json, found.name);
  json["size"] = std::vector<Index>{found.image.width(), found.image.height()};
  json.update(to_json(found.caption));
  json["timings_ms"] = Json::object();
  Json pairs = Json::list(), regions = Json::list(), glances = Json::list(), connectors = Json::list();
  for (const WordPair& pair : found.pairs) {
    const auto place = [](Index at) { return at < 0 ? Json() : Json(at); };
    pairs.push_back({{"initial", place(pair.initial)}, {"refined", place(pair.refined)}});
  }
  for (const Region& region : found.regions) {
    Json one{{"name", region.name},
             {"box", list_of(region.box)},
             {"share_of_image", rounded(share_of_image(found, region.box))},
             {"even_mass", Json::list()}};
    for (const ExplainedGlance& glance : found.glances) {
      one["even_mass"].push_back(
          rounded(mass_in(std::vector<double>(glance.boxes.size(), 1.0), glance.boxes, region.box)));
    }
    regions.push_back(std::move(one));
  }
  for (const ExplainedGlance& glance : found.glances) glances.push_back(to_json(glance, found.regions, tokenizer));
  for (const ConnectorExplanation& connector : found.connectors) connectors.push_back(to_json(connector, tokenizer));
  json["pairs"] = std::move(pairs);
  json["regions"] = std::move(regions);
  json["glances"] = std::move(glances);
  json["connectors"] = std::move(connectors);
  json["stages"] = Json::list();
  for (const StageCost& stage : found.stages) {
    json["timings_ms"][stage.name] = rounded(stage.milliseconds, 4);
    json["stages"].push_back(
        {{"stage", stage.name}, {"ms", rounded(stage.milliseconds, 4)}, {"flops", rounded(stage.flops)}});
  }
  json["shapes"] = Json::list();
  for (const auto& [name, shape] : found.shapes) json["shapes"].push_back({{"tensor", name}, {"shape", shape}});
  return json;
}

MemorySource to_tensors(const ExplainedImage& found) {
  MemorySource tensors;
  const auto add = [&](const std::string& name, const AttentionMaps& maps) {
    if (maps.values.empty()) return;
    tensors.add(name, {maps.num_layers, maps.num_heads, maps.num_queries, maps.num_keys}, maps.values);
  };
  for (const ExplainedGlance& glance : found.glances) {
    const std::string name = concat("glances.", glance.found.round, ".");
    add(name + "attention", glance.found.attention);
    const auto count = static_cast<Index>(glance.found.visual_keys.size());
    tensors.add(
        make_tensor(name + "visual_keys", {count},
                    std::vector<std::int64_t>(glance.found.visual_keys.begin(), glance.found.visual_keys.end())));
  }
  for (const ConnectorExplanation& connector : found.connectors) {
    const std::string name = concat("connectors.", connector.round, ".");
    add(name + "shares", connector.shares);
    add(name + "read_by_words", connector.read_by_words);
    add(name + "read_of_words", connector.read_of_words);
  }
  return tensors;
}

}  // namespace tool
