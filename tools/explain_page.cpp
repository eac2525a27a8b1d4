#include "tools/explain_page.hpp"

#include <algorithm>
#include <cmath>

#include "sharpeye/io/stb_png_writer.hpp"
#include "tools/base64.hpp"
#include "tools/explain_json.hpp"

namespace tool {
namespace {

constexpr Index kMaxPictureSide = 1024;

// Rows of probabilities in 16 bits each, little-endian, the largest of a row as 65535: {"scale": [rows], "data": ...}.
template <class Row>
Json packed(Index num_rows, Index columns, const Row& row) {
  Json scale = Json::list();
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(2 * num_rows * columns));
  for (Index i = 0; i < num_rows; ++i) {
    const std::vector<float> values = row(i);
    const float largest = *std::max_element(values.begin(), values.end());
    scale.push_back(rounded(static_cast<double>(largest), 8));
    for (const float value : values) {
      const auto level = largest > 0 ? static_cast<unsigned>(std::lround(value / largest * 65535)) : 0u;
      bytes += static_cast<char>(level & 0xFF);
      bytes += static_cast<char>(level >> 8);
    }
  }
  return {{"columns", columns}, {"scale", std::move(scale)}, {"data", to_base64(bytes)}};
}

Json packed(const AttentionMaps& maps) {
  if (maps.values.empty()) return {};
  return packed(maps.num_layers * maps.num_heads * maps.num_queries, maps.num_keys, [&](Index i) {
    const float* row = maps.values.data() + i * maps.num_keys;
    return std::vector<float>(row, row + maps.num_keys);
  });
}

// The attention to visual tokens, and for each row how much went to the image, the prompt's text and the caption.
Json attention_of(const ExplainedGlance& glance) {
  const GlanceExplanation& found = glance.found;
  const AttentionMaps& maps = found.attention;
  const Index visual = found.num_visual_tokens();
  Json shares = Json::list();
  const Json rows = packed(maps.num_layers * maps.num_heads * maps.num_queries, visual, [&](Index i) {
    const float* row = maps.values.data() + i * maps.num_keys;
    std::vector<float> values;
    double image = 0, prompt = 0;
    for (const double value : found.to_visual_tokens(row)) {
      values.push_back(static_cast<float>(value));
      image += value;
    }
    for (Index key = 0; key < found.num_prompt_keys; ++key) prompt += static_cast<double>(row[key]);
    shares.push_back(rounded(image, 5));
    shares.push_back(rounded(std::max(0.0, prompt - image), 5));
    return values;
  });
  Json attention = rows;
  attention["shares"] = std::move(shares);
  return attention;
}

// As text of a script element: nothing in it ends the element or begins a comment.
std::string for_script(std::string text) {
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    if (c == '<')
      safe += "\\u003c";
    else if (c == '>')
      safe += "\\u003e";
    else if (c == '&')
      safe += "\\u0026";
    else
      safe += c;
  }
  return safe;
}

}  // namespace

std::string to_page(const ExplainedImage& found, const CaptionModel& model, const MapChoice& choice) {
  Json data = to_json(found, model);
  const bool is_large = std::max(found.image.width(), found.image.height()) > kMaxPictureSide;
  const std::string png = encode_png(is_large ? scaled(found.image, kMaxPictureSide) : found.image);
  data["picture"] = "data:image/png;base64," + to_base64(png);
  const auto shown = [](const std::optional<Index>& one) { return one ? Json(*one) : Json(); };
  data["shown"] = {{"layer", shown(choice.layer)}, {"head", shown(choice.head)}};
  data["model"] = found.model;
  data["runs"] = found.runs;
  data["threads"] = found.threads;
  data["square"] = std::vector<double>{found.square.left, found.square.top, found.square.width, found.square.height};
  data["maps"] = Json::list();
  for (const ExplainedGlance& glance : found.glances) data["maps"].push_back(attention_of(glance));
  data["connector_maps"] = Json::list();
  for (const ConnectorExplanation& connector : found.connectors) {
    data["connector_maps"].push_back(
        {{"read_by_words", packed(connector.read_by_words)}, {"read_of_words", packed(connector.read_of_words)}});
  }
  const std::string page = kExplainPage, mark = "%DATA%";
  const std::size_t place = page.find(mark);
  return page.substr(0, place) + for_script(data.dump()) + page.substr(place + mark.size());
}

}  // namespace tool
