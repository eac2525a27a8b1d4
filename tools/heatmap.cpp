#include "tools/heatmap.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "sharpeye/vision/resize.hpp"

namespace tool {
namespace {

constexpr Index kSide = 320, kGap = 16;

// The word in small letters, without what is no letter or digit at its ends. Bytes above ASCII are parts of letters.
std::string plain(const std::string& word) {
  const auto counts = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0; };
  const auto begin = std::find_if(word.begin(), word.end(), counts);
  const auto end = std::find_if(word.rbegin(), word.rend(), counts).base();
  std::string text;
  for (auto c = begin; c < end; ++c) text += static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
  return text;
}

// Attention for each pixel of an image of this size.
std::vector<double> density(const ExplainedGlance& glance, Index word, const MapChoice& choice, const Image& seen,
                            Index width, Index height) {
  const WordProbability& chosen = glance.words[static_cast<std::size_t>(word)];
  const std::vector<double> map =
      image_attention(glance.found, {chosen.first_token, chosen.end_token, choice.layer, choice.head});
  std::vector<double> pixels(static_cast<std::size_t>(width * height));
  const double across = static_cast<double>(width) / static_cast<double>(seen.width());
  const double down = static_cast<double>(height) / static_cast<double>(seen.height());
  for (std::size_t i = 0; i < map.size(); ++i) {
    const PixelBox& box = glance.boxes[i];
    const double area = box.width * across * box.height * down;
    if (area <= 0) continue;
    // Pixels whose centres lie in the box: neighbouring boxes share none.
    const auto first = [](double at) { return static_cast<Index>(std::ceil(at - 0.5)); };
    const Index left = std::max<Index>(0, first(box.left * across)), top = std::max<Index>(0, first(box.top * down));
    const Index right = std::min(width, first((box.left + box.width) * across));
    const Index bottom = std::min(height, first((box.top + box.height) * down));
    for (Index y = top; y < bottom; ++y) {
      for (Index x = left; x < right; ++x) pixels[static_cast<std::size_t>(y * width + x)] += map[i] / area;
    }
  }
  return pixels;
}

// From nothing over blue and red to yellow, as `t` goes from 0 to 1.
std::array<double, 3> heat(double t) {
  constexpr std::array<std::array<double, 3>, 4> kStops{{{20, 30, 110}, {150, 30, 130}, {235, 85, 50}, {255, 225, 70}}};
  const double at = std::clamp(t, 0.0, 1.0) * 3;
  const auto stop = std::min<std::size_t>(2, static_cast<std::size_t>(at));
  const double part = at - static_cast<double>(stop);
  std::array<double, 3> colour{};
  for (std::size_t c = 0; c < 3; ++c) colour[c] = (1 - part) * kStops[stop][c] + part * kStops[stop + 1][c];
  return colour;
}

}  // namespace

Image scaled(const Image& image, Index side) {
  const Index longer = std::max(image.width(), image.height());
  const auto to = [&](Index length) { return std::max<Index>(1, (length * side + longer / 2) / longer); };
  return resize_bicubic(image, to(image.width()), to(image.height()));
}

Image paint_heatmap(const ExplainedImage& found, const WordPair& pair, const MapChoice& choice) {
  const Image base = scaled(found.image, kSide);
  const Index width = base.width(), height = base.height();
  std::array<std::vector<double>, 2> maps;
  if (pair.initial >= 0) maps[0] = density(found.first(), pair.initial, choice, found.image, width, height);
  if (pair.refined >= 0) maps[1] = density(found.last(), pair.refined, choice, found.image, width, height);
  double largest = 0;
  for (const auto& map : maps) {
    for (const double value : map) largest = std::max(largest, value);
  }
  Image picture(2 * width + kGap, height);
  for (Index y = 0; y < height; ++y) {
    std::fill_n(picture.row(y), 3 * picture.width(), std::uint8_t{255});
    for (std::size_t half = 0; half < 2; ++half) {
      std::uint8_t* out = picture.row(y) + 3 * static_cast<Index>(half) * (width + kGap);
      for (Index x = 0; x < width; ++x, out += 3) {
        const std::uint8_t* rgb = base.row(y) + 3 * x;
        const double grey = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
        const double t =
            maps[half].empty() || largest <= 0 ? 0 : maps[half][static_cast<std::size_t>(y * width + x)] / largest;
        const std::array<double, 3> colour = heat(t);
        const double cover = maps[half].empty() ? 0 : 0.35 + 0.45 * t;
        for (std::size_t c = 0; c < 3; ++c) {
          out[c] = static_cast<std::uint8_t>(std::lround((1 - cover) * grey + cover * colour[c]));
        }
      }
    }
  }
  return picture;
}

WordPair find_word(const ExplainedImage& found, const std::string& word) {
  const std::string wanted = plain(word);
  std::string all;
  for (const bool in_last : {true, false}) {
    const std::vector<WordProbability>& words = (in_last ? found.last() : found.first()).words;
    for (const WordPair& pair : found.pairs) {
      const Index place = in_last ? pair.refined : pair.initial;
      if (place < 0) continue;
      const std::string one = plain(words[static_cast<std::size_t>(place)].word);
      if (one == wanted && !wanted.empty()) return pair;
      all += (all.empty() ? "" : " ") + one;
    }
  }
  fail(ErrorCode::kInvalidArgument, "--heatmap: expected a word of the captions (", one_line(all), "), actual ",
       in_quotes(word));
}

}  // namespace tool
