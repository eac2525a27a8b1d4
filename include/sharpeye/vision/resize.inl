#pragma once

/// @file
/// Bodies of resize.hpp.

#include "sharpeye/vision/resize.hpp"

#include <algorithm>
#include <cmath>

SHARPEYE_NAMESPACE_BEGIN

SHARPEYE_BODY double bicubic_kernel(double x) noexcept {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

namespace detail {

inline double sinc(double x) noexcept {
  constexpr double kPi = 3.14159265358979323846;
  if (x == 0) return 1;
  x *= kPi;
  return std::sin(x) / x;
}

}  // namespace detail

SHARPEYE_BODY double lanczos_kernel(double x) noexcept {
  return x >= -3 && x < 3 ? detail::sinc(x) * detail::sinc(x / 3) : 0;
}

SHARPEYE_BODY ResampleAxis::ResampleAxis(const AxisGeometry& axis, ResampleFilter filter) {
  const bool is_lanczos = filter == ResampleFilter::kLanczos;
  const auto kernel = is_lanczos ? lanczos_kernel : bicubic_kernel;
  const double scale = static_cast<double>(axis.canvas) / static_cast<double>(axis.resized);
  const double filter_scale = std::max(scale, 1.0);  // minification widens the kernel: this is the antialias
  const double radius = (is_lanczos ? 3 : 2) * filter_scale, inverse = 1 / filter_scale;
  std::vector<double> taps;
  begin.push_back(0);
  for (Index i = axis.crop_start; i < axis.crop_start + axis.crop; ++i) {
    const double center = (static_cast<double>(i) + 0.5) * scale;
    const Index start = std::max(Index{0}, static_cast<Index>(center - radius + 0.5));
    const Index stop = std::min(axis.canvas, static_cast<Index>(center + radius + 0.5));
    double sum = 0;
    taps.clear();
    for (Index x = start; x < stop; ++x) {
      taps.push_back(kernel((static_cast<double>(x) - center + 0.5) * inverse));
      sum += taps.back();
    }
    const Index image_start = std::clamp(start, axis.offset, axis.offset + axis.image);
    first.push_back(image_start - axis.offset);
    std::int32_t constant = 0;
    for (Index x = start; x < stop; ++x) {
      const double tap = taps[static_cast<std::size_t>(x - start)] / sum * (1 << kResampleBits);
      const auto weight = static_cast<std::int32_t>(tap < 0 ? tap - 0.5 : tap + 0.5);
      if (x >= axis.offset && x < axis.offset + axis.image) {
        weights.push_back(weight);
      } else {
        constant += weight;
      }
    }
    begin.push_back(static_cast<Index>(weights.size()));
    outside.push_back(constant);
  }
}

namespace detail {

/// The 8-bit sample of a fixed-point sum that started at one half.
inline std::uint8_t resampled(std::int32_t sum) noexcept {
  return static_cast<std::uint8_t>(std::clamp(sum >> kResampleBits, 0, 255));
}

/// Whether Pillow 13 resizes the columns of a canvas first, so that its longer pass has fewer rows.
inline bool columns_come_first(const AxisGeometry& horizontal, const AxisGeometry& vertical) noexcept {
  const Index fewer_rows = vertical.canvas - vertical.resized;
  return fewer_rows > 0 && fewer_rows > 2 * (horizontal.canvas - horizontal.resized);
}

}  // namespace detail

SHARPEYE_BODY void resample_row(const std::uint8_t* row, const ResampleAxis& axis,
                                const std::array<std::uint8_t, 3>& fill, std::uint8_t* destination) noexcept {
  constexpr std::int32_t kHalf = 1 << (kResampleBits - 1);
  for (std::size_t i = 0; i < axis.size(); ++i, destination += 3) {
    std::int32_t red = kHalf + axis.outside[i] * fill[0];
    std::int32_t green = kHalf + axis.outside[i] * fill[1];
    std::int32_t blue = kHalf + axis.outside[i] * fill[2];
    const std::uint8_t* pixel = row + 3 * axis.first[i];
    const std::int32_t* weights = axis.weights.data();
    for (Index j = axis.begin[i]; j < axis.begin[i + 1]; ++j, pixel += 3) {
      red += weights[j] * pixel[0];
      green += weights[j] * pixel[1];
      blue += weights[j] * pixel[2];
    }
    destination[0] = detail::resampled(red);
    destination[1] = detail::resampled(green);
    destination[2] = detail::resampled(blue);
  }
}

namespace detail {

/// The columns first: each row of the result is summed from the image rows that it needs, at the image's width, and
/// then resampled along itself. A constant column stays what it is, for the weights of a sample sum to one.
inline void resize_columns_first(const ImageView& view, const ResampleAxis& columns, const ResampleAxis& rows,
                                 const std::array<std::uint8_t, 3>& fill, Image& result) {
  const auto samples = static_cast<std::size_t>(3 * view.width);
  std::vector<std::uint8_t> line(samples), converted(view.format == PixelFormat::kRgb ? 0 : samples);
  std::vector<std::int32_t> sums(samples);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t i = 0; i < samples; ++i) sums[i] = (1 << (kResampleBits - 1)) + rows.outside[r] * fill[i % 3];
    for (Index y = rows.first[r]; y < rows.last(r); ++y) {
      const std::int32_t weight = rows.weights[static_cast<std::size_t>(rows.begin[r] + y - rows.first[r])];
      if (!converted.empty()) copy_rgb_row(view, y, converted.data());
      const std::uint8_t* row = converted.empty() ? view.row(y) : converted.data();
      for (std::size_t i = 0; i < samples; ++i) sums[i] += weight * row[i];
    }
    std::transform(sums.begin(), sums.end(), line.begin(), resampled);
    resample_row(line.data(), columns, fill, result.row(static_cast<Index>(r)));
  }
}

/// resize_bicubic() by any filter.
inline Image resize_canvas(const ImageView& view, const AxisGeometry& horizontal, const AxisGeometry& vertical,
                           const std::array<std::uint8_t, 3>& fill, PassOrder order, ResampleFilter filter) {
  check(view);
  require(view.width == horizontal.image && view.height == vertical.image, ErrorCode::kInvalidArgument,
          "resize: expected an image of ", horizontal.image, " x ", vertical.image, ", actual ", view.width, " x ",
          view.height);
  Image result(horizontal.crop, vertical.crop);
  const ResampleAxis columns(horizontal, filter), rows(vertical, filter);
  if (order == PassOrder::kByShape && columns_come_first(horizontal, vertical)) {
    resize_columns_first(view, columns, rows, fill, result);
    return result;
  }
  const std::size_t samples = 3 * columns.size();
  std::vector<std::uint8_t> line(samples), converted;

  // The vertical sums of all output rows are open at once, and each image row is added as soon as it is
  // resampled; integer sums do not depend on that order. They start with the canvas rows above and below the
  // image.
  std::vector<std::uint8_t> blank(static_cast<std::size_t>(3 * view.width));
  for (std::size_t i = 0; i < blank.size(); ++i) blank[i] = fill[i % 3];
  resample_row(blank.data(), columns, fill, line.data());
  std::vector<std::int32_t> sums(samples * rows.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t i = 0; i < samples; ++i) {
      sums[r * samples + i] = (1 << (kResampleBits - 1)) + rows.outside[r] * line[i];
    }
  }

  if (view.format != PixelFormat::kRgb) converted.resize(blank.size());
  std::size_t open = 0;
  for (Index y = rows.first.front(); y < rows.last(rows.size() - 1); ++y) {
    while (rows.last(open) <= y) ++open;
    if (!converted.empty()) copy_rgb_row(view, y, converted.data());
    resample_row(converted.empty() ? view.row(y) : converted.data(), columns, fill, line.data());
    for (std::size_t r = open; r < rows.size() && rows.first[r] <= y; ++r) {
      const std::int32_t weight = rows.weights[static_cast<std::size_t>(rows.begin[r] + y - rows.first[r])];
      std::int32_t* sum = sums.data() + r * samples;
      for (std::size_t i = 0; i < samples; ++i) sum[i] += weight * line[i];
    }
  }

  std::transform(sums.begin(), sums.end(), result.row(0), resampled);
  return result;
}

inline Image resize_whole(const ImageView& view, Index width, Index height, PassOrder order, ResampleFilter filter) {
  return resize_canvas(view, {view.width, 0, view.width, width, 0, width},
                       {view.height, 0, view.height, height, 0, height}, {}, order, filter);
}

}  // namespace detail

SHARPEYE_BODY Image resize_bicubic(const ImageView& view, const AxisGeometry& horizontal, const AxisGeometry& vertical,
                                   const std::array<std::uint8_t, 3>& fill, PassOrder order) {
  return detail::resize_canvas(view, horizontal, vertical, fill, order, ResampleFilter::kBicubic);
}

SHARPEYE_BODY Image resize_bicubic(const ImageView& view, Index width, Index height, PassOrder order) {
  return detail::resize_whole(view, width, height, order, ResampleFilter::kBicubic);
}

SHARPEYE_BODY Image resize_lanczos(const ImageView& view, Index width, Index height, PassOrder order) {
  return detail::resize_whole(view, width, height, order, ResampleFilter::kLanczos);
}

SHARPEYE_NAMESPACE_END
