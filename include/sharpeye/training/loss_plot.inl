#pragma once

/// @file
/// Bodies of loss_plot.hpp.

#include "sharpeye/training/loss_plot.hpp"

#include <algorithm>
#include <cstddef>

#include "sharpeye/core/error.hpp"
#include "sharpeye/core/words.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

SHARPEYE_BODY std::string loss_plot(const std::vector<double>& losses) {
  constexpr double kWidth = 720, kHeight = 320, kLeft = 50, kBottom = 30;
  if (losses.empty()) return "";
  double low = losses.front(), high = low;
  for (const double loss : losses) {
    low = std::min(low, loss);
    high = std::max(high, loss);
  }
  const auto x = [&](std::size_t i) {
    return kLeft + (kWidth - kLeft - 10) * static_cast<double>(i) /
                       static_cast<double>(std::max<std::size_t>(1, losses.size() - 1));
  };
  const auto y = [&](double loss) {
    return 10 + (kHeight - kBottom - 10) * (high - loss) / std::max(1e-12, high - low);
  };
  std::string each, average;
  double mean = losses.front();
  const std::size_t stride = std::max<std::size_t>(1, losses.size() / 2000);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    mean += (losses[i] - mean) / static_cast<double>(std::min<std::size_t>(i + 1, 50));
    if (i % stride != 0) continue;
    each += concat(fixed(x(i), 1), ",", fixed(y(losses[i]), 1), " ");
    average += concat(fixed(x(i), 1), ",", fixed(y(mean), 1), " ");
  }
  const auto text = [&](double px, double py, const char* anchor, const std::string& words) {
    return concat("<text x=\"", fixed(px, 0), "\" y=\"", fixed(py, 0), "\" text-anchor=\"", anchor, "\">", words,
                  "</text>\n");
  };
  return concat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 320\" font-family=\"sans-serif\" "
      "font-size=\"11\">\n<rect width=\"720\" height=\"320\" fill=\"white\"/>\n",
      text(kLeft - 5, 20, "end", fixed(high, 2)), text(kLeft - 5, kHeight - kBottom, "end", fixed(low, 2)),
      text(kLeft, kHeight - 10, "start", "step 1"),
      text(kWidth - 10, kHeight - 10, "end", concat("step ", losses.size())),
      text(kWidth / 2, kHeight - 10, "middle", "loss of each step, and moving average over 50"),
      "<polyline fill=\"none\" stroke=\"#b8c4d8\" points=\"", each,
      "\"/>\n<polyline fill=\"none\" stroke=\"#c0392b\" stroke-width=\"1.5\" points=\"", average, "\"/>\n</svg>\n");
}

}  // namespace training
SHARPEYE_NAMESPACE_END
