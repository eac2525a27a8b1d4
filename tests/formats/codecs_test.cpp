#include "sharpeye/formats/codecs.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "io/io_support.hpp"
#include "sharpeye/formats/packed_matrix.hpp"
#include "sharpeye/formats/quantize_model.hpp"
#include "sharpeye/formats/weight_loader.hpp"
#include "sharpeye/io/renamed_source.hpp"
#include "sharpeye/simd/pack.hpp"

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

TEST_CASE("every format is found by its name, by what a file holds, and by its kernels") {
  std::string names;
  for (const WeightCodec* codec : weight_codecs()) {
    CAPTURE(codec->name());
    names += std::string(codec->name()) + " ";
    CHECK(&codec_named(codec->name()) == codec);
    CHECK(find_rows_codec(codec->dtype(), codec->has_scales()) == codec);
    const WeightCodec& packed = codec_of(codec->kernel_format());
    CHECK(packed.kernel_format() == codec->kernel_format());
    const WeightLayout panels = codec->panels_layout("w", {40, 64});
    CHECK(find_panels_codec(panels.elements.dtype, panels.scales.has_value()) == &packed);
  }
  CHECK(names == "f32 f16 bf16 f64 int8 int4 ");
  CHECK(find_float_codec(DType::kU8) == nullptr);  // uint8, and nothing else
  CHECK(find_rows_codec(DType::kU8, false) == nullptr);
  check_error(ErrorCode::kInvalidArgument, "expected f32, f16, bf16, f64, int8 or int4, actual \"fp8\"",
              [] { codec_named("fp8"); });
}

TEST_CASE("every format: encoded, loaded, packed and packed again as a file holds it, the numbers are the same") {
  const Index n = 37, k = 64;  // the last panel is not full
  const StoredTensor tensor = random_tensor(n, k, 7);
  for (const WeightCodec* codec : weight_codecs()) {
    CAPTURE(codec->name());
    const std::vector<StoredTensor> parts = encode_weight(tensor, *codec);
    const WeightLayout rows = codec->rows_layout("w", {n, k});
    REQUIRE(parts.size() == (rows.scales ? 2 : 1));
    CHECK(parts[0].dtype == rows.elements.dtype);
    CHECK(parts[0].shape == rows.elements.shape);
    const WeightTensor plain = loaded(parts, {n, k});
    CHECK(plain.codec == codec);
    const std::vector<float> values = values_of(plain);
    CHECK(relative_error(values_of(tensor), values) < std::pow(2.0, 2 - std::min(codec->bits(), 9)));
    std::vector<double> wide(values.size());
    plain.copy_to(wide.data());
    CHECK(wide[100] == doctest::Approx(values[100]));

    const PackedMatrix packed(plain);
    const std::vector<StoredTensor> panels = stored_panels("w", packed);
    CHECK(panels[0].bytes() == packed.weights.bytes());
    const WeightTensor again = loaded(panels, {n, k});
    CHECK(again.in_panels);
    CHECK_THROWS_AS(values_of(again), Error);
    const PackedMatrix taken(again);
    CHECK(std::memcmp(taken.weights.data, packed.weights.data, static_cast<std::size_t>(panels[0].bytes())) == 0);
    CHECK(taken.weights.format == packed.weights.format);
    REQUIRE((taken.sums == nullptr) == (packed.sums == nullptr));
    REQUIRE((taken.scales == nullptr) == (packed.scales == nullptr));
    if (packed.sums) CHECK(*taken.sums == *packed.sums);
    if (packed.scales) CHECK(*taken.scales == *packed.scales);
    if (packed.weights.is_integer()) {
      std::vector<float> row(static_cast<std::size_t>(k));
      simd::unpack_row(taken.weights, 36, row.data());
      CHECK(row == std::vector<float>(values.end() - k, values.end()));
    }
  }
}

TEST_CASE("which tensor of a quantized model gets which format") {
  const auto format = [](const std::string& name, const std::vector<Index>& shape, const char* wanted) {
    const WeightCodec* codec = format_in_model({name, "F32", DType::kF32, shape, 0, 0}, codec_named(wanted));
    return std::string(codec == nullptr ? "same" : codec->name());
  };
  const std::string layer = "language_model.model.decoder.layers.0.fc1.weight";
  CHECK(format(layer, {64, 64}, "int4") == "int4");
  CHECK(format(layer, {64, 40}, "int4") == "int8");
  CHECK(format(layer, {64, 64}, "int8") == "int8");
  CHECK(format(layer, {64}, "int4") == "same");
  CHECK(format(layer, {64}, "bf16") == "bf16");
  CHECK(format("vision_tower.layers.0.fc1.weight", {64, 64}, "int4") == "int8");
  CHECK(format("language_model.lm_head.weight", {64, 64}, "int4") == "int8");
  CHECK(format("x.position_embedding.weight", {64, 64}, "int8") == "same");
  CHECK(format("ser_connector.queries", {64, 64}, "int8") == "same");
  CHECK(format("x.weight", {64, 7}, "int8") == "same");
}

TEST_CASE("a renamed tensor is quantized as what its new name says") {
  const std::string theirs = "model.text_model.layers.0.mlp.up_proj.weight";
  const std::string ours = "language_model.model.layers.0.mlp.up_proj.weight";
  const auto file = std::make_shared<MemorySource>();
  file->add(theirs, {32, 32}, std::vector<float>(32 * 32, 0.5f));
  const RenamedSource renamed(file, [&](const std::string&) { return ours; });
  const MemorySource small = quantize_model(renamed, codec_named("int4"), {});
  CHECK(small.info(ours).dtype == codec_named("int4").dtype());
}

TEST_CASE("a loader says whether the matrices that it handed out are floats, integers or both") {
  const auto model = std::make_shared<MemorySource>();
  for (const char* name : {"a.weight", "b.weight", "x.position_embedding.weight"}) {
    model->add(name, {32, 32}, std::vector<float>(32 * 32, 0.5f));
  }
  model->add("a.bias", {32}, std::vector<float>(32, 0.5f));
  const auto small = std::make_shared<MemorySource>(quantize_model(*model, codec_named("int8"), {}));
  const auto kinds = [](const std::shared_ptr<MemorySource>& source) {
    WeightLoader loader(source);
    loader.get("a.bias", {32});
    for (const char* name : {"x.position_embedding.weight", "a.weight", "b.weight"}) loader.get(name, {32, 32});
    return loader.kinds();
  };
  CHECK(kinds(model) == NumberKinds::kFloats);
  CHECK(kinds(small) == NumberKinds::kIntegers);
  const auto mixed = std::make_shared<MemorySource>();
  for (const char* name : {"a.weight", "a.weight_scale", "a.bias", "x.position_embedding.weight"})
    mixed->add(small->read(name));
  mixed->add(model->read("b.weight"));
  CHECK(kinds(mixed) == NumberKinds::kMixed);
}
