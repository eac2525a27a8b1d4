#include "sharpeye/io/safetensors_writer.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <random>

#include "io_support.hpp"
#include "sharpeye/io/safetensors.hpp"
#include "support/paths.hpp"

using namespace sharpeye;
using test::check_error;

namespace {

std::size_t files_in(const test::TemporaryFolder& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder.path()), {}));
}

MemorySource two_tensors() {
  MemorySource source;
  source.add("w", {2, 2}, {1, 2, 3, 4});
  source.add("v", {1}, {5});
  return source;
}

}  // namespace

TEST_CASE("the writer's bytes are those of the python implementation") {
  const test::TemporaryFolder folder;
  for (const char* name : {"writer.safetensors", "nothing.safetensors"}) {
    const SafetensorsFile reference(test::fixture(std::string("safetensors/") + name));
    write_safetensors(folder / name, reference);
    CHECK(test::read_text(folder / name) == test::read_text(reference.where()));
  }
}

TEST_CASE("a round trip keeps names, dtypes, shapes, bytes and metadata") {
  const test::TemporaryFolder folder;
  const SafetensorsFile before(test::fixture("safetensors/dtypes.safetensors"));
  write_safetensors(folder / "copy", before, before.header().metadata);
  const SafetensorsFile after(folder / "copy");
  CHECK(after.header().metadata == before.header().metadata);
  CHECK(after.header().data_begin % 8 == 0);
  REQUIRE(after.names() == before.names());
  for (const std::string& name : before.names()) {
    CAPTURE(name);
    const StoredTensor a = before.read(name), b = after.read(name);
    CHECK(a.dtype == b.dtype);
    CHECK(a.shape == b.shape);
    const auto bytes = static_cast<std::size_t>(a.size() * size_of(a.dtype));
    CHECK(std::string(reinterpret_cast<const char*>(a.data), bytes) ==
          std::string(reinterpret_cast<const char*>(b.data), bytes));
  }
}

TEST_CASE("random sets of tensors survive a round trip, aligned to their width") {
  const test::TemporaryFolder folder;
  std::mt19937 random(7);
  constexpr DType kTypes[] = {DType::kU8, DType::kF16, DType::kBF16, DType::kF32, DType::kI64, DType::kF64};
  for (int round = 0; round < 50; ++round) {
    MemorySource source;
    for (auto count = random() % 6; count > 0; --count) {
      StoredTensor tensor{"t" + std::to_string(random()), kTypes[random() % 6], {}, nullptr, nullptr};
      for (auto rank = random() % 4; rank > 0; --rank) tensor.shape.push_back(static_cast<Index>(random() % 4));
      const auto bytes =
          std::make_shared<std::string>(static_cast<std::size_t>(tensor.size() * size_of(tensor.dtype)), '\0');
      for (char& c : *bytes) c = static_cast<char>(random());
      tensor.data = reinterpret_cast<const std::byte*>(bytes->data());
      tensor.owner = bytes;
      source.add(std::move(tensor));
    }
    write_safetensors(folder / "file", source);
    const SafetensorsFile file(folder / "file", round % 2 == 0 ? LoadMode::kRead : LoadMode::kMap);
    REQUIRE(file.names() == source.names());
    for (const std::string& name : file.names()) {
      const StoredTensor a = source.read(name), b = file.read(name);
      REQUIRE(a.shape == b.shape);
      REQUIRE(a.dtype == b.dtype);
      REQUIRE(std::equal(a.data, a.data + a.size() * size_of(a.dtype), b.data));
      REQUIRE((file.header().data_begin + file.info(name).begin) % static_cast<std::uint64_t>(size_of(a.dtype)) == 0);
    }
  }
}

TEST_CASE("tensors are supplied one at a time, wide dtypes first, then by name") {
  const test::TemporaryFolder folder;
  std::string order;
  const std::vector<double> zeros(4);
  write_safetensors(folder / "file",
                    {{"c", DType::kU8, {1}}, {"b", DType::kF32, {1}}, {"a", DType::kI32, {}}, {"z", DType::kF64, {2}}},
                    [&](const TensorDeclaration& tensor) {
                      order += tensor.name;
                      return StoredTensor{tensor.name, tensor.dtype, tensor.shape,
                                          reinterpret_cast<const std::byte*>(zeros.data()), nullptr};
                    });
  CHECK(order == "zabc");
}

TEST_CASE("an existing file is replaced at once, and a mapping of the old one stays valid") {
  const test::TemporaryFolder folder;
  write_safetensors(folder / "file", two_tensors());
  const StoredTensor old = SafetensorsFile(folder / "file", LoadMode::kMap).read("v");
  MemorySource source = two_tensors();
  source.add("v", {1}, {6});
  write_safetensors(folder / "file", source);
  float before = 0, after = 0;
  old.copy_to(&before);
  SafetensorsFile(folder / "file").read("v").copy_to(&after);
  CHECK(before == 5);
  CHECK(after == 6);
  CHECK(files_in(folder) == 1);
}

TEST_CASE("a model can be written over the file it is read from") {
  const test::TemporaryFolder folder;
  write_safetensors(folder / "file", two_tensors());
  const std::string before = test::read_text(folder / "file");
  write_safetensors(folder / "file", SafetensorsFile(folder / "file", LoadMode::kMap));
  CHECK(test::read_text(folder / "file") == before);
}

TEST_CASE("a failure while writing leaves the old file and no other") {
  const test::TemporaryFolder folder;
  test::write_text(folder / "file", "old");
  CHECK_THROWS_AS(write_safetensors(folder / "file", {{"w", DType::kF32, {1}}},
                                    [](const TensorDeclaration&) -> StoredTensor { throw std::runtime_error("disk"); }),
                  std::runtime_error);
  check_error(ErrorCode::kShape, "\"w\": expected F32 [2], supplied F32 [1]", [&] {
    write_safetensors(folder / "file", {{"w", DType::kF32, {2}}}, [](const TensorDeclaration&) {
      return StoredTensor{"w", DType::kF32, {1}, nullptr, nullptr};
    });
  });
  CHECK(test::read_text(folder / "file") == "old");
  CHECK(files_in(folder) == 1);
}

TEST_CASE("what readers would refuse is not written") {
  const test::TemporaryFolder folder;
  const auto write = [&](std::vector<TensorDeclaration> tensors) {
    write_safetensors(folder / "file", std::move(tensors), [](const TensorDeclaration& tensor) {
      return StoredTensor{tensor.name, tensor.dtype, tensor.shape, nullptr, nullptr};
    });
  };
  const ErrorCode argument = ErrorCode::kInvalidArgument;
  check_error(argument, "\"w\": expected once", [&] {
    write({{"w", DType::kU8, {0}}, {"v", DType::kU8, {0}}, {"w", DType::kF32, {0}}});
  });
  check_error(argument, "\"__metadata__\"", [&] { write({{"__metadata__", DType::kU8, {0}}}); });
  check_error(argument, "UTF-8", [&] { write({{"\xff", DType::kU8, {0}}}); });
  check_error(argument, "actual shape [-1]", [&] { write({{"w", DType::kU8, {-1}}}); });
  check_error(argument, "\"w\"", [&] { write({{"w", DType::kU8, std::vector<Index>(65, 1)}}); });
  check_error(argument, "\"w\"", [&] { write({{"w", DType::kF32, {Index{1} << 62}}}); });
  check_error(argument, "\"w\"", [&] {
    write({{"v", DType::kU8, {Index{1} << 59}}, {"w", DType::kU8, {Index{1} << 59}}});
  });
  check_error(ErrorCode::kLimit, "at most 100000000 bytes", [&] {
    write({{std::string(100000000, 'w'), DType::kU8, {0}}});
  });
  CHECK(files_in(folder) == 0);
  check_error(ErrorCode::kFileAccess, "cannot write", [&] { write_safetensors(folder / "none/file", two_tensors()); });
}
