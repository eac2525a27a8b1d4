#include "sharpeye/io/safetensors.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstring>
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

std::string repeated(const std::string& text, int times) {
  std::string result;
  while (times-- > 0) result += text;
  return result;
}

std::string with_shape(const std::string& shape, const std::string& offsets = "[0,0]") {
  return safetensors_bytes("{" + entry("w", "F32", shape, offsets) + "}", offsets == "[0,0]" ? "" : "0123");
}
std::string with_offsets(const std::string& offsets) {
  return with_shape("[1]", offsets);
}

SafetensorsHeader parse(const std::string& bytes) {
  return parse_safetensors_header(bytes, bytes.size(), "file");
}

const std::string kOne = "{" + entry("w", "F32", "[1]", "[0,4]") + "}";

}  // namespace

TEST_CASE("malformed files are refused, each with its own reason") {
  const ErrorCode format = ErrorCode::kFormat, limit = ErrorCode::kLimit;
  const SafetensorsCase cases[] = {
      {"empty file", "", format, "at least 8 bytes, actual 0"},
      {"seven bytes", "1234567", format, "at least 8 bytes, actual 7"},
      {"header length zero", safetensors_bytes(""), format, "expected a JSON object, actual nothing"},
      {"header longer than the file", safetensors_bytes("{}", "", 60), format, "at most 2 bytes"},
      {"header one byte longer than the file", safetensors_bytes("{}", "", 3), format, "at most 2 bytes"},
      {"length 0xffffffff0000003c", safetensors_bytes("{}", "", 0xffffffff0000003cull), limit, "at most 100000000"},
      {"length that wraps with 8 added", safetensors_bytes("{}", "", ~0ull - 7), limit, "at most 100000000"},
      {"header over 100 MB", safetensors_bytes("{}", "", 100000001), limit, "actual 100000001"},
      {"header of 100 MB in a small file", safetensors_bytes("{}", "", 100000000), format, "at most 2 bytes"},
      {"non-UTF-8", safetensors_bytes("{\"\xff\xfe\":1}"), format, "UTF-8"},
      {"not JSON", safetensors_bytes("{abc}"), format, "header: expected JSON"},
      {"JSON cut short", safetensors_bytes("{\"w\":{"), format, "header: expected JSON"},
      {"only whitespace", safetensors_bytes("    "), format, "expected a JSON object, actual nothing"},
      {"a list", safetensors_bytes("[]"), format, "expected a JSON object, actual \"[\""},
      {"a number", safetensors_bytes("1"), format, "expected a JSON object"},
      {"byte order mark", safetensors_bytes("\xef\xbb\xbf" + kOne, "0123"), format, "expected a JSON object"},
      {"two objects", safetensors_bytes("{}{}"), format, "header: expected JSON"},
      {"NUL padding", safetensors_bytes(kOne + std::string(3, '\0'), "0123"), format, "NUL byte"},
      {"NUL before other text", safetensors_bytes(std::string("{}\0{}", 5)), format, "NUL byte"},
      {"deep lists", safetensors_bytes("{\"w\":" + repeated("[", 100000)), format,
       "\"w\": expected an object, actual a list"},
      {"deep objects", safetensors_bytes(repeated("{\"w\":", 100000)), limit, "at most 64 levels"},
      {"deep shape", with_shape("[[[[1]]]]"), format, "shape: expected a list of integers"},
      {"entry is null", safetensors_bytes("{\"w\":null}"), format, "\"w\": expected an object, actual null"},
      {"entry is text", safetensors_bytes("{\"w\":\"F32\"}"), format, "\"w\": expected an object, actual text"},
      {"entry is a number", safetensors_bytes("{\"w\":1}"), format, "\"w\": expected an object, actual a number"},
      {"entry as a list of its values", safetensors_bytes("{\"w\":[\"F32\",[1],[0,4]]}", "0123"), format, "\"w\""},
      {"entry is empty", safetensors_bytes("{\"w\":{}}"), format, "\"w\": expected the keys"},
      {"dtype missing", safetensors_bytes(R"({"w":{"shape":[1],"data_offsets":[0,4]}})", "0123"), format,
       "one is missing"},
      {"shape missing", safetensors_bytes(R"({"w":{"dtype":"F32","data_offsets":[0,4]}})", "0123"), format,
       "one is missing"},
      {"offsets missing", safetensors_bytes(R"({"w":{"dtype":"F32","shape":[1]}})", "0123"), format, "one is missing"},
      {"unknown dtype", safetensors_bytes("{" + entry("w", "F31", "[1]", "[0,4]") + "}", "0123"), format,
       "actual \"F31\""},
      {"dtype in lower case", safetensors_bytes("{" + entry("w", "f32", "[1]", "[0,4]") + "}", "0123"), format,
       "\"f32\""},
      {"dtype is a number", safetensors_bytes(R"({"w":{"dtype":32}})"), format,
       "dtype: expected text, actual a number"},
      {"shape is a number", with_shape("4"), format, "shape: expected a list of integers"},
      {"shape is text", with_shape("\"4\""), format, "shape: expected a list of integers"},
      {"negative extent", with_shape("[-1]"), format,
       "\"w\": shape: expected a list of integers in [0, 2^63), written in digits, actual -1"},
      {"minus zero", with_shape("[-0]"), format, "actual 0"},
      {"fractional extent", with_shape("[1.0]", "[0,4]"), format, "actual \"1.0\""},
      {"exponent extent", with_shape("[1e0]", "[0,4]"), format, "actual \"1e0\""},
      {"extent 2^63", with_shape("[9223372036854775808]"), format, "actual 9223372036854775808"},
      {"extent 2^64", with_shape("[18446744073709551616]"), format, "18446744073709551616"},
      {"extent 1e999", with_shape("[1e999]"), format, "header: expected JSON"},
      {"extent null", with_shape("[null]"), format, "actual null"},
      {"extent true", with_shape("[true]"), format, "actual true or false"},
      {"65 dimensions", with_shape("[1" + repeated(",1", 64) + "]", "[0,4]"), limit, "at most 64 values"},
      {"negative offset", with_offsets("[-4,0]"), format, "data_offsets: expected a list of integers"},
      {"fractional offset", with_offsets("[0,4.0]"), format, "data_offsets: expected a list of integers"},
      {"offset 2^63", with_offsets("[0,9223372036854775808]"), format, "actual 9223372036854775808"},
      {"offset 2^63 - 1", with_offsets("[0,9223372036854775807]"), format,
       "to at most 4, actual [0, 9223372036854775807]"},
      {"one offset", with_offsets("[0]"), format, "expected [begin, end], actual [0]"},
      {"three offsets", with_offsets("[0,4,4]"), format, "expected [begin, end], actual [0, 4, 4]"},
      {"offsets reversed", with_offsets("[4,0]"), format, "actual [4, 0]"},
      {"offsets out of the file", with_offsets("[0,8]"), format, "to at most 4, actual [0, 8]"},
      {"wrong size for the shape", with_shape("[2]", "[0,4]"), format,
       "expected 8 bytes for shape [2] of F32, actual 4"},
      {"size zero for a scalar", with_shape("[]"), format, "expected 4 bytes for shape [] of F32, actual 0"},
      {"shape overflows in elements", with_shape("[4294967296,4294967296]"), format,
       "\"w\": expected a size below 2^64 bits"},
      {"shape overflows in elements before a zero", with_shape("[4611686018427387904,4,0]"), format, "below 2^64 bits"},
      {"shape overflows in bits only", with_shape("[1152921504606846976]"), format, "below 2^64 bits"},
      {"shape that wraps to its true size", with_shape("[4611686018427387905]", "[0,4]"), format, "below 2^64 bits"},
      {"a byte and a half", safetensors_bytes("{" + entry("w", "F4", "[3]", "[0,2]") + "}", "01"), format,
       "expected whole bytes, actual 12 bits"},
      {"hole at the start", safetensors_bytes("{" + entry("w", "F32", "[1]", "[4,8]") + "}", "01234567"), format,
       "\"w\": expected data_offsets from 0"},
      {"hole in the middle",
       safetensors_bytes("{" + entry("v", "U8", "[1]", "[0,1]") + "," + entry("w", "U8", "[1]", "[2,3]") + "}", "012"),
       format, "\"w\": expected data_offsets from 1"},
      {"overlap",
       safetensors_bytes("{" + entry("v", "U8", "[2]", "[0,2]") + "," + entry("w", "U8", "[2]", "[1,3]") + "}", "012"),
       format, "\"w\": expected data_offsets from 2"},
      {"ten tensors on the same bytes",
       [] {
         std::string json = "{";
         for (int i = 0; i < 10; ++i)
           json += (i > 0 ? "," : "") + entry("w" + std::to_string(i), "F32", "[1]", "[0,4]");
         return safetensors_bytes(json + "}", "0123");
       }(),
       format, "expected data_offsets from 4"},
      {"trailing bytes", safetensors_bytes(kOne, "0123x"), format, "expected 4 bytes of tensor data, actual 5"},
      {"data without tensors", safetensors_bytes("{}", "x"), format, "expected 0 bytes of tensor data, actual 1"},
      {"two bytes missing", safetensors_bytes(kOne, "01"), format, "to at most 2, actual [0, 4]"},
      {"same tensor twice",
       safetensors_bytes("{" + entry("w", "F32", "[1]", "[0,4]") + "," + entry("w", "F32", "[1]", "[0,4]") + "}",
                         "0123"),
       format, "\"w\": expected once, actual twice"},
      {"same tensor twice, end to end",
       safetensors_bytes("{" + entry("w", "U8", "[1]", "[0,1]") + "," + entry("w", "U8", "[1]", "[1,2]") + "}", "01"),
       format, "\"w\": expected once, actual twice"},
      {"same tensor twice, escaped",
       safetensors_bytes("{" + entry("w", "U8", "[0]", "[0,0]") + "," + entry("\\u0077", "U8", "[0]", "[0,0]") + "}"),
       format, "\"w\": expected once, actual twice"},
      {"dtype twice", safetensors_bytes(R"({"w":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}})"),
       format, "key \"dtype\": expected once"},
      {"shape twice", safetensors_bytes(R"({"w":{"dtype":"U8","shape":[0],"shape":[0],"data_offsets":[0,0]}})"), format,
       "key \"shape\": expected once"},
      {"offsets twice",
       safetensors_bytes(R"({"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"data_offsets":[0,0]}})"), format,
       "key \"data_offsets\": expected once"},
      {"metadata twice", safetensors_bytes(R"({"__metadata__":{},"__metadata__":{}})"), format,
       "\"__metadata__\": expected once"},
      {"metadata key twice", safetensors_bytes(R"({"__metadata__":{"a":"1","a":"2"}})"), format,
       "key \"a\": expected once"},
      {"metadata holds a number", safetensors_bytes(R"({"__metadata__":{"a":1}})"), format,
       "key \"a\": expected text, actual a number"},
      {"metadata holds an object", safetensors_bytes(R"({"__metadata__":{"a":{}}})"), format,
       "key \"a\": expected text, actual an object"},
  };
  const test::TemporaryFolder folder;
  for (const SafetensorsCase& c : cases) {
    CAPTURE(c.name);
    check_error(c.code, c.message, [&] { parse(c.bytes); });
    test::write_text(folder / "file.safetensors", c.bytes);  // and the same through a file
    check_error(c.code, folder / "file.safetensors", [&] { SafetensorsFile file(folder / "file.safetensors"); });
  }
}

TEST_CASE("unusual but valid files are accepted") {
  CHECK(parse(safetensors_bytes("{}")).tensors.empty());
  CHECK(parse(safetensors_bytes("{  \t\r\n}  ")).tensors.empty());
  CHECK(parse(safetensors_bytes(" \t\r\n" + kOne + " \n", "0123")).tensors.size() == 1);
  CHECK(parse(safetensors_bytes(R"({"__metadata__":{}})")).metadata.empty());
  // What the safetensors library accepts too: no metadata, and keys of an entry that the format does not have.
  CHECK(parse(safetensors_bytes(R"({"__metadata__":null})")).metadata.empty());
  CHECK(parse(safetensors_bytes(
                  R"({"w":{"dtype":"F32","strides":[[1],{"a":null}],"shape":[1],"note":"x","data_offsets":[0,4]}})",
                  "0123"))
            .tensors.at(0)
            .shape == std::vector<Index>{1});
  CHECK(parse(safetensors_bytes(R"({"__metadata__":{"a":"b","":""}})")).metadata.at("a") == "b");
  CHECK(parse(with_shape("[0]")).tensors[0].shape == std::vector<Index>{0});
  CHECK(parse(with_shape("[0,4611686018427387904,4]")).tensors[0].end == 0);
  CHECK(parse(with_shape("[]", "[0,4]")).tensors[0].shape.empty());
  CHECK(parse(with_shape("[1" + repeated(",1", 63) + "]", "[0,4]")).tensors[0].shape.size() == 64);
  CHECK(parse(safetensors_bytes("{" + entry("", "F32", "[1]", "[0,4]") + "}", "0123")).tensors[0].name.empty());
  CHECK(
      parse(safetensors_bytes("{" + entry("a\\u0000b", "F32", "[1]", "[0,4]") + "}", "0123")).tensors[0].name.size() ==
      3);
  CHECK(parse(safetensors_bytes(R"({"w":{"data_offsets":[0,4],"shape":[1],"dtype":"F32"}})", "0123")).tensors.size() ==
        1);
  const std::string empties = entry("a", "U8", "[0]", "[1,1]") + "," + entry("b", "U8", "[1]", "[0,1]") + "," +
                              entry("c", "U8", "[0]", "[0,0]");
  CHECK(parse(safetensors_bytes("{" + empties + "}", "0")).tensors.size() == 3);
}

TEST_CASE("every dtype of the format can be listed; those without a DType cannot be read") {
  const test::TemporaryFolder folder;
  for (const SafetensorsDType& dtype : kSafetensorsDTypes) {
    CAPTURE(dtype.name);
    test::write_text(
        folder / "file",
        safetensors_bytes(
            "{" + entry("w", std::string(dtype.name), "[8]", "[0," + std::to_string(dtype.bits) + "]") + "}",
            std::string(dtype.bits, '\0')));
    const SafetensorsFile file(folder / "file");
    CHECK(file.info("w").dtype_name == dtype.name);
    if (dtype.dtype) {
      CHECK(size_of(*dtype.dtype) * 8 == static_cast<Index>(dtype.bits));
      CHECK(to_string(*dtype.dtype) == dtype.name);
      CHECK(file.read("w").size() == 8);
    } else {
      check_error(ErrorCode::kUnsupported, "actual " + std::string(dtype.name), [&] { file.read("w"); });
    }
  }
}

TEST_CASE("files of the python implementation are read exactly, copied and mapped") {
  for (const LoadMode mode : {LoadMode::kRead, LoadMode::kMap}) {
    const SafetensorsFile file(test::fixture("safetensors/dtypes.safetensors"), mode);
    CHECK(file.names() == std::vector<std::string>{"bf16", "bool", "empty", "f16", "f32", "f64", "größe", "i16", "i32",
                                                   "i64", "i8", "scalar", "u8"});
    CHECK(file.header().metadata == std::map<std::string, std::string>{{"format", "pt"}, {"note", "line\nbreak"}});
    CHECK(file.info("f16").dtype == DType::kF16);
    CHECK(file.info("f16").shape == std::vector<Index>{2, 3});
    const std::vector<float> ramp = {-1.5f, -1.25f, -1.0f, -0.75f, -0.5f, -0.25f};
    CHECK(floats(file.read("f16")) == ramp);
    CHECK(floats(file.read("bf16")) == ramp);
    CHECK(floats(file.read("f32")) == std::vector<float>(ramp.begin(), ramp.begin() + 5));
    CHECK(floats(file.read("f64")) == std::vector<float>(ramp.begin(), ramp.begin() + 4));
    CHECK(floats(file.read("i32")) == std::vector<float>{-70000, 7});
    CHECK(floats(file.read("i16")) == std::vector<float>{-300, 7});
    CHECK(floats(file.read("i8")) == std::vector<float>{-128, 7, 1});
    CHECK(floats(file.read("u8")) == std::vector<float>{255, 7, 1});
    CHECK(floats(file.read("bool")) == std::vector<float>{1, 0, 1});
    CHECK(floats(file.read("scalar")) == std::vector<float>{2.5f});
    CHECK(floats(file.read("empty")).empty());
    CHECK(file.read("empty").shape == std::vector<Index>{0, 4});
    double wide[2];
    file.read("i64").copy_to(wide);
    CHECK(wide[0] == -1099511627776.0);
    check_error(ErrorCode::kMissingTensor, "F16: expected a tensor", [&] { file.read("F16"); });
  }
  CHECK(SafetensorsFile(test::fixture("safetensors/nothing.safetensors")).names().empty());
}

TEST_CASE("a tensor outlives its file, copied and mapped") {
  for (const LoadMode mode : {LoadMode::kRead, LoadMode::kMap}) {
    const StoredTensor tensor = SafetensorsFile(test::fixture("safetensors/dtypes.safetensors"), mode).read("f32");
    CHECK(floats(tensor)[4] == -0.5f);
  }
}

TEST_CASE("truncation at every byte is refused") {
  const std::string bytes = test::read_text(test::fixture("safetensors/dtypes.safetensors"));
  REQUIRE(bytes.size() > 100);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CHECK_THROWS_AS(parse(bytes.substr(0, length)), Error);
  }
  CHECK_NOTHROW(parse(bytes));
}

TEST_CASE("every single-byte mutation of a file is refused or keeps the promises") {
  std::string bytes = test::read_text(test::fixture("safetensors/writer.safetensors"));
  REQUIRE(bytes.size() > 100);
  Index accepted = 0, refused = 0;
  for (std::size_t position = 0; position < bytes.size(); ++position) {
    const char original = bytes[position];
    for (int value = 0; value < 256; ++value) {
      bytes[position] = static_cast<char>(value);
      try {
        const SafetensorsHeader header = parse(bytes);
        std::uint64_t total = header.data_begin;
        for (const TensorInfo& tensor : header.tensors) total += tensor.end - tensor.begin;
        REQUIRE(total == bytes.size());
        ++accepted;
      } catch (const Error&) {
        ++refused;
      }
    }
    bytes[position] = original;
  }
  CHECK(accepted > 0);
  CHECK(refused > accepted);
}

TEST_CASE("a file that shrinks after it was opened is an error when read") {
  const test::TemporaryFolder folder;
  test::write_text(folder / "file", safetensors_bytes(kOne, "0123"));
  const SafetensorsFile file(folder / "file");
  REQUIRE(::truncate((folder / "file").c_str(), 20) == 0);
  check_error(ErrorCode::kFileAccess, "truncated", [&] { file.read("w"); });
}

TEST_CASE("what is not a regular file is refused") {
  const test::TemporaryFolder folder;
  check_error(ErrorCode::kFileAccess, "regular file", [&] { SafetensorsFile file(folder.path()); });
  check_error(ErrorCode::kFileNotFound, "none", [&] { SafetensorsFile file(folder / "none"); });
}

TEST_CASE("a file of another kind is named, not read as a header of absurd length") {
  struct Case {
    std::string bytes;
    const char* kind;
  };
  const Case cases[] = {
      {"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "a Git LFS pointer"},
      {"<!DOCTYPE html>\n<html><body>404</body></html>", "HTML"},
      {std::string("GGUF\x03\0\0\0\x20\0\0\0\0\0\0\0", 16), "GGUF"},
      {std::string("PK\3\4") + std::string(30, 'x') + "archive/data.pkl", "a PyTorch checkpoint"},
  };
  const test::TemporaryFolder folder;
  for (const Case& c : cases) {
    CAPTURE(c.kind);
    test::write_text(folder / "model.safetensors", c.bytes);
    test::check_error(ErrorCode::kFormat, "expected a safetensors file, actual ",
                      [&] { SafetensorsFile(folder / "model.safetensors"); });
    test::check_error(ErrorCode::kFormat, c.kind, [&] { SafetensorsFile(folder / "model.safetensors"); });
  }
}
