#include "sharpeye/io/safetensors_folder.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "io/safetensors_support.hpp"
#include "support/paths.hpp"

using namespace sharpeye;
using test::check_error;
using test::entry;
using test::floats;
using test::safetensors_bytes;
using test::SafetensorsCase;

namespace {

/// A folder with two shards: one.safetensors (a) and two.safetensors (b), and an index with this weight_map.
struct Sharded {
  test::TemporaryFolder folder;
  Sharded() {
    test::write_text(folder / "one.safetensors", safetensors_bytes("{" + entry("a", "U8", "[1]", "[0,1]") + "}", "\1"));
    test::write_text(folder / "two.safetensors", safetensors_bytes("{" + entry("b", "U8", "[1]", "[0,1]") + "}", "\2"));
  }
  SafetensorsFolder open(const std::string& index) const {
    test::write_text(folder / "model.safetensors.index.json", index);
    return SafetensorsFolder(folder.path());
  }
  SafetensorsFolder map(const std::string& weight_map) const { return open("{\"weight_map\":{" + weight_map + "}}"); }
};

}  // namespace

TEST_CASE("shards are read through the index") {
  const Sharded sharded;
  const SafetensorsFolder folder =
      sharded.open(R"({"metadata":{"total_size":99},"weight_map":{"b":"two.safetensors","a":"one.safetensors"}})");
  CHECK(folder.names() == std::vector<std::string>{"a", "b"});
  CHECK(floats(folder.read("b")) == std::vector<float>{2});
  CHECK(folder.find("c") == nullptr);
  check_error(ErrorCode::kMissingTensor, "c: expected a tensor", [&] { folder.read("c"); });
}

TEST_CASE("shards in a sub-folder and links inside the folder are allowed") {
  const Sharded sharded;
  std::filesystem::create_directory(sharded.folder / "sub");
  std::filesystem::rename(sharded.folder / "two.safetensors", sharded.folder / "sub/two.safetensors");
  std::filesystem::create_symlink("one.safetensors", sharded.folder / "link.safetensors");
  const SafetensorsFolder folder = sharded.map(R"("a":"link.safetensors","b":"sub/two.safetensors")");
  CHECK(floats(folder.read("a")) == std::vector<float>{1});
}

TEST_CASE("malformed indices are refused") {
  const Sharded sharded;
  const std::string outside = sharded.folder.path() + "-outside.safetensors";
  std::filesystem::copy_file(sharded.folder / "two.safetensors", outside);
  std::filesystem::create_symlink(outside, sharded.folder / "link.safetensors");
  std::filesystem::create_symlink("/tmp", sharded.folder / "tmp");
  std::filesystem::create_symlink("nowhere", sharded.folder / "dangling.safetensors");
  const std::string base = std::filesystem::path(outside).filename().string();
  const std::string one = R"("a":"one.safetensors",)";
  const ErrorCode format = ErrorCode::kFormat;
  const SafetensorsCase cases[] = {
      {"climbing", one + R"("b":"../)" + base + "\"", format, "\"b\": expected a file name inside the folder"},
      {"climbing inside", one + R"("b":"sub/../two.safetensors")", format, "inside the folder"},
      {"only ..", one + R"("b":"..")", format, "inside the folder"},
      {"absolute", one + R"("b":")" + outside + "\"", format, "inside the folder, actual \"/"},
      {"empty name", one + R"("b":"")", format, "inside the folder, actual \"\""},
      {"NUL in the name", one + R"("b":"two.safetensors\u0000")", format, "inside the folder"},
      {"link out of the folder", one + R"("b":"link.safetensors")", format, "is a link to"},
      {"linked folder", one + R"("b":"tmp/)" + base + "\"", format, "is a link to"},
      {"dangling link", one + R"("b":"dangling.safetensors")", ErrorCode::kFileNotFound, "dangling"},
      {"shard missing", one + R"("b":"three.safetensors")", ErrorCode::kFileNotFound, "three"},
      {"shard is a folder", one + R"("b":"./")", format, "\"b\""},
      {"name is not text", one + R"("b":2)", format, "\"b\": expected a file name, actual number"},
      {"name twice", one + R"("a":"two.safetensors")", format, "key \"a\": expected once"},
      {"tensor not in the shard", one + R"("c":"two.safetensors")", format, "\"c\": expected in "},
      {"tensor in the other shard", R"("a":"two.safetensors","b":"two.safetensors")", format, "\"a\": expected in "},
      {"tensor not in the map",
       [&] {
         test::write_text(
             sharded.folder / "both.safetensors",
             safetensors_bytes("{" + entry("b", "U8", "[1]", "[0,1]") + "," + entry("c", "U8", "[1]", "[1,2]") + "}",
                               "\1\2"));
         return one + R"("b":"both.safetensors")";
       }(),
       format, "\"c\": expected to be listed in weight_map for this file, actual not listed"},
      {"tensor in two shards",
       [&] {
         test::write_text(
             sharded.folder / "again.safetensors",
             safetensors_bytes("{" + entry("a", "U8", "[1]", "[0,1]") + "," + entry("c", "U8", "[1]", "[1,2]") + "}",
                               "\1\2"));
         return one + R"("c":"again.safetensors")";
       }(),
       format, "\"a\": expected to be listed in weight_map for this file, actual listed for "},
      {"one file under two names", R"("a":"one.safetensors","b":"./one.safetensors")", format, "\"b\": expected in "},
  };
  for (const SafetensorsCase& c : cases) {
    CAPTURE(c.name);
    check_error(c.code, c.message, [&] { sharded.map(c.bytes); });
  }
  check_error(format, "weight_map: expected an object", [&] { sharded.open("{}"); });
  check_error(format, "weight_map: expected an object", [&] { sharded.open("[]"); });
  check_error(format, "weight_map: expected an object", [&] { sharded.open(R"({"weight_map":[]})"); });
  check_error(format, "expected JSON", [&] { sharded.open("{"); });
  std::filesystem::remove(outside);
}

TEST_CASE("a folder with model.safetensors needs no index; an empty folder is named") {
  const test::TemporaryFolder folder;
  const std::string expected =
      ": expected weights: model.safetensors, or shards with model.safetensors.index.json, actual ";
  check_error(ErrorCode::kFileNotFound, folder.path() + expected + "neither",
              [&] { SafetensorsFolder empty(folder.path()); });
  check_error(ErrorCode::kFileNotFound, folder / "none" + expected + "no such directory",
              [&] { SafetensorsFolder none(folder / "none"); });
  std::filesystem::copy_file(test::fixture("safetensors/dtypes.safetensors"), folder / "model.safetensors");
  CHECK(floats(SafetensorsFolder(folder.path(), LoadMode::kMap).read("f32"))[0] == -1.5f);
}
