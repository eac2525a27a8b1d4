#include "sharpeye/formats/weight_loader.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "io/io_support.hpp"
#include "sharpeye/formats/finite.hpp"
#include "sharpeye/formats/moved_names.hpp"
#include "sharpeye/io/safetensors.hpp"
#include "support/paths.hpp"

using namespace sharpeye;
using test::check_error;

namespace {

std::shared_ptr<MemorySource> small_model() {
  auto source = std::make_shared<MemorySource>();
  source->add("layers.0.q_proj.weight", {2, 3}, {1, 2, 3, 4, 5, 6});
  source->add("layers.0.q_proj.bias", {2}, {7, 8});
  source->add("layers.10.norm", {1}, {9});
  source->add("head", {}, {10});
  return source;
}

/// A tensor of `count` elements with these bits.
template <class Word>
StoredTensor stored(DType dtype, const std::vector<Word>& words) {
  const auto buffer = std::make_shared<std::vector<Word>>(words);
  return {"w", dtype, {static_cast<Index>(words.size())}, reinterpret_cast<const std::byte*>(buffer->data()), buffer};
}

template <class Word>
void check_position(DType dtype, Word bad, Word good) {
  for (const std::size_t size : {1u, 2u, 2047u, 2048u, 2049u, 5000u}) {
    CHECK(find_non_finite(stored(dtype, std::vector<Word>(size, good))) == -1);
    for (const std::size_t position : {std::size_t{0}, size / 2, size - 1}) {
      std::vector<Word> words(size, good);
      words[position] = words.back() = bad;
      CHECK(find_non_finite(stored(dtype, words)) == static_cast<Index>(position));
    }
  }
}

}  // namespace

TEST_CASE("weights are bound by name") {
  WeightLoader loader(small_model());
  const WeightScope layer = loader.root("layers") / 0;
  CHECK(layer.path("q_proj") == "layers.0.q_proj");
  CHECK(layer.has("q_proj.bias"));
  CHECK((layer / "q_proj").has("weight"));
  CHECK_FALSE((layer / "q_proj").has("scale"));
  const WeightTensor weight = (layer / "q_proj").get("weight", {2, 3});
  CHECK(weight.name == "layers.0.q_proj.weight");
  std::vector<double> values(6);
  weight.copy_to(values.data());
  CHECK(values == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(loader.root().get("head", {}).size() == 1);
  CHECK((loader.root() / "layers" / 10).get("norm", {1}).size() == 1);
}

TEST_CASE("prefixes are whole parts of a path") {
  const WeightLoader loader(small_model());
  CHECK(loader.has_prefix("layers"));
  CHECK(loader.has_prefix("layers.0.q_proj.weight"));
  CHECK(loader.has_prefix(""));
  CHECK_FALSE(loader.has_prefix("layers.1"));  // not layers.10
  CHECK_FALSE(loader.has_prefix("layer"));
}

TEST_CASE("a tensor that is missing or of another shape is named") {
  WeightLoader loader(small_model());
  const WeightScope scope = loader.root("layers") / 0 / "q_proj";
  check_error(ErrorCode::kMissingTensor, "memory: layers.0.q_proj.scale: expected a tensor, actual none",
              [&] { scope.get("scale", {2}); });
  check_error(ErrorCode::kShape, "layers.0.q_proj.weight: expected [3, 2], file has [2, 3]", [&] {
    scope.get("weight", {3, 2});
  });
  check_error(ErrorCode::kShape, "expected [6], file has [2, 3]", [&] { scope.get("weight", {6}); });
  check_error(ErrorCode::kShape, "expected [], file has [2, 3]", [&] { scope.get("weight", {}); });
}

TEST_CASE("a missing tensor's message says what the file has instead") {
  auto source = std::make_shared<MemorySource>();
  source->add("model.vision_tower.layers.0.weight", {1}, {1});
  source->add("decoder.layers.0.fc1.weight", {1}, {1});
  source->add("head.wieght", {1}, {1});
  WeightLoader loader(source);
  check_error(ErrorCode::kMissingTensor,
              "vision_tower.layers.0.weight: expected a tensor, actual none, but model.vision_tower.layers.0.weight: "
              "names in this file begin with \"model.\"",
              [&] { loader.get("vision_tower.layers.0.weight", {1}); });
  check_error(ErrorCode::kMissingTensor, "names in this file lack \"language_model.model.\"",
              [&] { loader.get("language_model.model.decoder.layers.0.fc1.weight", {1}); });
  check_error(ErrorCode::kMissingTensor, "actual none; the nearest of those not read is head.wieght",
              [&] { loader.get("head.weight", {1}); });
  loader.get("decoder.layers.0.fc1.weight", {1});
  check_error(ErrorCode::kUnreadTensor, "actual 2 unread: head.wieght, model.vision_tower.layers.0.weight",
              [&] { loader.require_all_read(); });
  source->add("decoder.layers.0.fc2.weight", {1}, {1});
  WeightLoader again(source);
  again.get("decoder.layers.0.fc1.weight", {1});
  check_error(ErrorCode::kUnreadTensor,
              "decoder.layers.0.fc2.weight (the model reads decoder.layers.0.fc1.weight), head.wieght",
              [&] { again.require_all_read(); });
}

TEST_CASE("a name under another prefix has two parts at least in common") {
  CHECK(find_moved("a.b", {"x.b", "x.a.b"}) == "x.a.b");
  CHECK(find_moved("x.a.b", {"b", "a.b"}) == "a.b");
  CHECK(find_moved("weight", {"x.weight"}).empty());
  CHECK(find_moved("a.b", {"xa.b"}).empty());
}

TEST_CASE("a weight that is left out is checked by the header, and counts as read") {
  auto source = std::make_shared<MemorySource>();
  source->add("w", {2}, {NAN, 1});
  source->add("q_scale", {1}, {1});
  source->add(make_tensor("q", {1, 2}, std::vector<std::int8_t>{1, 2}));
  WeightLoader loader(source);
  check_error(ErrorCode::kShape, "w: expected [3], file has [2]", [&] { loader.skip("w", {3}); });
  check_error(ErrorCode::kUnreadTensor, "actual 3 unread", [&] { loader.require_all_read(); });
  loader.skip("w", {2});
  loader.skip("q", {1, 2});
  CHECK_NOTHROW(loader.require_all_read());
}

TEST_CASE("integer and listed-only tensors are no weights") {
  auto source = std::make_shared<MemorySource>();
  source->add(stored<std::int64_t>(DType::kI64, {1, 2}));
  WeightLoader integers(source);
  check_error(ErrorCode::kShape, "w: expected dtype F32, F16, BF16 or F64, file has I64",
              [&] { integers.root().get("w", {2}); });
  const test::TemporaryFolder folder;
  test::write_text(folder / "f8",
                   test::safetensors_bytes(R"({"w":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", "0"));
  WeightLoader small(std::make_shared<SafetensorsFile>(folder / "f8"));
  check_error(ErrorCode::kShape, "file has F8_E4M3", [&] { small.root().get("w", {1}); });
}

TEST_CASE("tensors that nobody read are an error") {
  WeightLoader loader(small_model());
  check_error(ErrorCode::kUnreadTensor, "actual 4 unread: head, layers.0.q_proj.bias",
              [&] { loader.require_all_read(); });
  loader.root().get("layers.0.q_proj.bias", {2});
  CHECK_THROWS_AS(loader.root().get("head", {7}), Error);  // a refused tensor does not count as read
  check_error(ErrorCode::kUnreadTensor, "actual 2 unread: head, layers.10.norm",
              [&] { loader.require_all_read({"layers.0"}); });
  check_error(ErrorCode::kUnreadTensor, "actual 1 unread: layers.10.norm", [&] {
    loader.require_all_read({"layers.0", "layers.1", "head"});
  });
  CHECK_NOTHROW(loader.require_all_read({"layers", "head"}));
  auto many = std::make_shared<MemorySource>();
  for (int i = 10; i < 99; ++i) many->add("t" + std::to_string(i), {}, {0});
  check_error(ErrorCode::kUnreadTensor, "actual 89 unread: t10, t11, t12, t13, t14, ...",
              [&] { WeightLoader(many).require_all_read(); });
}

TEST_CASE("non-finite weights are refused with place and value, unless allowed") {
  auto source = std::make_shared<MemorySource>();
  source->add("nan", {2, 2}, {1, 2, std::nanf(""), 4});
  source->add("inf", {1}, {-INFINITY});
  WeightLoader strict(source);
  check_error(ErrorCode::kNotFinite, "memory: nan: expected finite weights, element 2 is nan", [&] {
    strict.root().get("nan", {2, 2});
  });
  check_error(ErrorCode::kNotFinite, "inf: expected finite weights, element 0 is -inf",
              [&] { strict.root().get("inf", {1}); });
  WeightLoader lenient(source, {true});
  CHECK(lenient.root().get("nan", {2, 2}).size() == 4);
}

TEST_CASE("the finiteness scan finds the first bad element in every dtype") {
  check_position<std::uint16_t>(DType::kF16, 0x7c00, 0x7bff);
  check_position<std::uint16_t>(DType::kF16, 0xfe01, 0xfbff);
  check_position<std::uint16_t>(DType::kBF16, 0x7f80, 0x7f7f);
  check_position<std::uint16_t>(DType::kBF16, 0xffc0, 0x8000);
  check_position<std::uint32_t>(DType::kF32, 0x7f800000, 0x7f7fffff);
  check_position<std::uint32_t>(DType::kF32, 0xff800001, 0xff7fffff);
  check_position<std::uint64_t>(DType::kF64, 0x7ff0000000000000, 0x3ff0000000000000);
  CHECK(find_non_finite(stored<std::uint64_t>(DType::kI64, {~0ull})) == -1);
}

TEST_CASE("an F64 weight must fit a float") {
  const double largest = std::numeric_limits<float>::max();
  const double half_ulp = std::ldexp(1.0, 103);
  const StoredTensor fits = stored<double>(DType::kF64, {largest, -largest, std::nextafter(largest + half_ulp, 0.0)});
  CHECK(find_non_finite(fits) == -1);
  float values[3];
  fits.copy_to(values);
  CHECK(std::isfinite(values[2]));
  CHECK(find_non_finite(stored<double>(DType::kF64, {0.0, -(largest + half_ulp)})) == 1);
}

TEST_CASE("the scan agrees with isfinite on every 16-bit pattern") {
  for (std::uint32_t bits = 0; bits < 0x10000u; ++bits) {
    for (const DType dtype : {DType::kF16, DType::kBF16}) {
      const auto word = static_cast<std::uint16_t>(bits);
      const StoredTensor tensor{"w", dtype, {1}, reinterpret_cast<const std::byte*>(&word), nullptr};
      float value;
      tensor.copy_to(&value);
      REQUIRE((find_non_finite(tensor) == -1) == std::isfinite(value));
    }
  }
}

TEST_CASE("unaligned data is scanned and converted") {
  std::vector<char> bytes(1 + 3 * sizeof(float));
  const float values[] = {1.5f, NAN, -2.0f};
  std::memcpy(bytes.data() + 1, values, sizeof values);
  const StoredTensor tensor{"w", DType::kF32, {3}, reinterpret_cast<const std::byte*>(bytes.data() + 1), nullptr};
  CHECK(find_non_finite(tensor) == 1);
  double out[3];
  tensor.copy_to(out);
  CHECK(out[2] == -2.0);
}

TEST_CASE("a memory source checks its sizes") {
  MemorySource source;
  check_error(ErrorCode::kInvalidArgument, "w: expected 6 values for [2, 3], actual 5", [&] {
    source.add("w", {2, 3}, {1, 2, 3, 4, 5});
  });
  source.add("w", {1}, {1});
  source.add("w", {2}, {1, 2});
  CHECK(source.info("w").shape == std::vector<Index>{2});
  CHECK(source.names().size() == 1);
}
