#include "sharpeye/io/quantization.hpp"

#include <cmath>
#include <limits>
#include <random>

#include "io_support.hpp"

using namespace sharpeye;
using test::check_error;

namespace {

WeightTensor random_tensor(Index rows, Index columns, unsigned seed) {
  MemorySource source;
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(rows * columns));
  for (float& value : values) value = normal(random);
  source.add("w", {rows, columns}, values);
  return source.read("w");
}

std::vector<float> values_of(const WeightTensor& tensor) {
  std::vector<float> values(static_cast<std::size_t>(tensor.size()));
  tensor.copy_to(values.data());
  return values;
}

/// What a model reads of a quantized tensor, through a source as it stands in a file.
WeightTensor loaded(const QuantizedTensor& quantized, const std::vector<Index>& shape) {
  auto source = std::make_shared<MemorySource>();
  source->add(quantized.numbers);
  source->add(quantized.scales);
  WeightLoader loader(source);
  WeightTensor tensor = loader.get("w", shape);
  loader.require_all_read();
  return tensor;
}

double relative_error(const std::vector<float>& expected, const std::vector<float>& actual) {
  double error = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    error += std::pow(static_cast<double>(expected[i]) - static_cast<double>(actual[i]), 2);
    size += std::pow(static_cast<double>(expected[i]), 2);
  }
  return std::sqrt(error / size);
}

}  // namespace

TEST_CASE("8-bit weights are the nearest multiples of each row's scale") {
  const WeightTensor tensor = random_tensor(5, 37, 1);
  const QuantizedTensor quantized = quantize_to_bytes(tensor);
  CHECK(quantized.numbers.dtype == DType::kI8);
  CHECK(quantized.scales.name == "w_scale");
  const WeightTensor back = loaded(quantized, {5, 37});
  REQUIRE(back.is_quantized());
  const std::vector<float> expected = values_of(tensor), actual = values_of(back);
  for (Index i = 0; i < 5; ++i) {
    float largest = 0;
    for (Index j = 0; j < 37; ++j)
      largest = std::max(largest, std::fabs(expected[static_cast<std::size_t>(i * 37 + j)]));
    CHECK(back.scale(i, 0) == largest / 63);
    for (Index j = 0; j < 37; ++j) {
      const auto at = static_cast<std::size_t>(i * 37 + j);
      CHECK(std::fabs(expected[at] - actual[at]) <= 0.5001f * back.scale(i, 0));
      CHECK(std::abs(back.number(i * 37 + j)) <= 63);
    }
  }
}

TEST_CASE("4-bit weights have a scale for each 32, and a row of zeros stays zero") {
  const WeightTensor tensor = random_tensor(6, 96, 2);
  const QuantizedTensor quantized = quantize_to_nibbles(tensor);
  CHECK(quantized.numbers.shape == std::vector<Index>{6, 48});
  CHECK(quantized.scales.shape == std::vector<Index>{6, 3});
  const WeightTensor back = loaded(quantized, {6, 96});
  const double error = relative_error(values_of(tensor), values_of(back));
  CHECK(error > 0.02);
  CHECK(error < 0.09);  // a 16-level quantizer of a normal distribution's 32 values

  MemorySource zeros;
  zeros.add("w", {1, 32}, std::vector<float>(32, 0.0f));
  for (const float value : values_of(loaded(quantize_to_nibbles(zeros.read("w")), {1, 32}))) CHECK(value == 0);
  for (const float value : values_of(loaded(quantize_to_bytes(zeros.read("w")), {1, 32}))) CHECK(value == 0);
}

TEST_CASE("what cannot be quantized, and quantized tensors that are not whole, are refused by name") {
  MemorySource bad;
  bad.add("w", {1, 2}, {1.0f, std::numeric_limits<float>::quiet_NaN()});
  check_error(ErrorCode::kNotFinite, "w: expected finite", [&] { quantize_to_bytes(bad.read("w")); });
  check_error(ErrorCode::kShape, "whole groups of 32", [&] { quantize_to_nibbles(random_tensor(2, 40, 3)); });

  const QuantizedTensor bytes = quantize_to_bytes(random_tensor(2, 32, 4));
  const QuantizedTensor nibbles = quantize_to_nibbles(random_tensor(2, 32, 4));
  check_error(ErrorCode::kShape, "memory: w: expected [2, 64], file has [2, 32]", [&] { loaded(bytes, {2, 64}); });
  check_error(ErrorCode::kShape, "w: expected [2, 32], file has [2, 16]", [&] { loaded(nibbles, {2, 64}); });
  check_error(ErrorCode::kShape, "w_scale: expected [2, 1], file has [2]", [&] {
    loaded({nibbles.numbers, bytes.scales}, {2, 32});
  });
  // A weight beyond 63 would overflow where AVX2 adds two products in 16 bits.
  std::vector<std::int8_t> numbers(64, 5);
  numbers[33] = -64;
  const WeightTensor large = detail::owned_tensor("w", DType::kI8, {2, 32}, std::move(numbers));
  check_error(ErrorCode::kFormat, "w: expected numbers of at most 63, element 33 is -64", [&] {
    loaded({large, bytes.scales}, {2, 32});
  });
  // Numbers without scales are not weights.
  auto source = std::make_shared<MemorySource>();
  source->add(bytes.numbers);
  WeightLoader loader(source);
  check_error(ErrorCode::kShape, "expected dtype F16, BF16, F32 or F64, file has I8", [&] {
    loader.get("w", {2, 32});
  });
}
