#include "sharpeye/formats/codecs.hpp"

#include <cmath>
#include <limits>
#include <random>

#include "io/io_support.hpp"
#include "sharpeye/formats/packed_matrix.hpp"
#include "sharpeye/formats/weight_loader.hpp"
#include "sharpeye/simd/gemm.hpp"

using namespace sharpeye;
using test::check_error;

namespace {

StoredTensor random_tensor(Index rows, Index columns, unsigned seed) {
  MemorySource source;
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(rows * columns));
  for (float& value : values) value = normal(random);
  source.add("w", {rows, columns}, values);
  return source.read("w");
}

template <class Tensor>
std::vector<float> values_of(const Tensor& tensor) {
  std::vector<float> values(static_cast<std::size_t>(tensor.size()));
  tensor.copy_to(values.data());
  return values;
}

/// What a model reads of a quantized tensor, through a source as it stands in a file.
WeightTensor loaded(const std::vector<StoredTensor>& parts, const std::vector<Index>& shape) {
  auto source = std::make_shared<MemorySource>();
  for (const StoredTensor& part : parts) source->add(part);
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
  const StoredTensor tensor = random_tensor(5, 37, 1);
  const auto quantized = encode_weight(tensor, codec_named("int8"));
  CHECK(quantized[0].dtype == DType::kI8);
  CHECK(quantized[1].name == "w_scale");
  const WeightTensor back = loaded(quantized, {5, 37});
  REQUIRE(back.is_quantized());
  const std::vector<float> expected = values_of(tensor), actual = values_of(back);
  for (Index i = 0; i < 5; ++i) {
    float largest = 0;
    for (Index j = 0; j < 37; ++j)
      largest = std::max(largest, std::fabs(expected[static_cast<std::size_t>(i * 37 + j)]));
    const float scale = (*back.scales)[static_cast<std::size_t>(i)];
    CHECK(scale == largest / 63);
    for (Index j = 0; j < 37; ++j) {
      const auto at = static_cast<std::size_t>(i * 37 + j);
      CHECK(std::fabs(expected[at] - actual[at]) <= 0.5001f * scale);
      CHECK(std::abs(static_cast<std::int8_t>(back.data[at])) <= 63);
    }
  }
}

TEST_CASE("4-bit weights have a scale for each 32, and a row of zeros stays zero") {
  const StoredTensor tensor = random_tensor(6, 96, 2);
  const auto quantized = encode_weight(tensor, codec_named("int4"));
  CHECK(quantized[0].shape == std::vector<Index>{6, 48});
  CHECK(quantized[1].shape == std::vector<Index>{6, 3});
  const WeightTensor back = loaded(quantized, {6, 96});
  const double error = relative_error(values_of(tensor), values_of(back));
  CHECK(error > 0.02);
  CHECK(error < 0.09);  // a 16-level quantizer of a normal distribution's 32 values

  MemorySource zeros;
  zeros.add("w", {1, 32}, std::vector<float>(32, 0.0f));
  for (const float value : values_of(loaded(encode_weight(zeros.read("w"), codec_named("int4")), {1, 32})))
    CHECK(value == 0);
  for (const float value : values_of(loaded(encode_weight(zeros.read("w"), codec_named("int8")), {1, 32})))
    CHECK(value == 0);
}

TEST_CASE("what cannot be quantized, and quantized tensors that are not whole, are refused by name") {
  MemorySource bad;
  bad.add("w", {1, 2}, {1.0f, std::numeric_limits<float>::quiet_NaN()});
  check_error(ErrorCode::kNotFinite, "w: expected finite", [&] { encode_weight(bad.read("w"), codec_named("int8")); });
  check_error(ErrorCode::kShape, "whole groups of 32",
              [&] { encode_weight(random_tensor(2, 40, 3), codec_named("int4")); });

  const auto bytes = encode_weight(random_tensor(2, 32, 4), codec_named("int8"));
  const auto nibbles = encode_weight(random_tensor(2, 32, 4), codec_named("int4"));
  check_error(ErrorCode::kShape, "memory: w: expected [2, 64], file has [2, 32]", [&] { loaded(bytes, {2, 64}); });
  check_error(ErrorCode::kShape, "w: expected [2, 32], file has [2, 16]", [&] { loaded(nibbles, {2, 64}); });
  check_error(ErrorCode::kShape, "w_scale: expected [2, 1], file has [2]", [&] {
    loaded({nibbles[0], bytes[1]}, {2, 32});
  });
  // A weight beyond 63 would overflow where AVX2 adds two products in 16 bits.
  std::vector<std::int8_t> numbers(64, 5);
  numbers[33] = -64;
  const StoredTensor large = make_tensor("w", {2, 32}, std::move(numbers));
  check_error(ErrorCode::kFormat, "w: expected numbers of at most 63, element 33 is -64", [&] {
    loaded({large, bytes[1]}, {2, 32});
  });
  // Numbers without scales are not weights.
  auto source = std::make_shared<MemorySource>();
  source->add(bytes[0]);
  WeightLoader loader(source);
  check_error(ErrorCode::kShape, "expected dtype F32, F16, BF16 or F64, file has I8", [&] {
    loader.get("w", {2, 32});
  });
}
