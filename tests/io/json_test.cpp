#include "sharpeye/io/json_reader.hpp"

#include <doctest/doctest.h>

#include "io_support.hpp"
#include "support/paths.hpp"

using namespace sharpeye;

namespace {

std::string nested(int levels) {
  return std::string(static_cast<std::size_t>(levels), '[') + std::string(static_cast<std::size_t>(levels), ']');
}

struct Case {
  const char* name;
  std::string text;
  ErrorCode code;
  std::string message;
};

JsonReader reader(const std::string& text) {
  return JsonReader(parse_json(text, "config.json"), "config.json");
}

}  // namespace

TEST_CASE("malformed JSON is refused with the reason") {
  std::string objects;
  for (int i = 0; i < 1000000; ++i) objects += "{\"a\":";
  const Case cases[] = {
      {"empty text", "", ErrorCode::kFormat, "x.json: expected JSON"},
      {"only whitespace", " \n", ErrorCode::kFormat, "expected JSON"},
      {"two values", "{} {}", ErrorCode::kFormat, "expected JSON"},
      {"trailing comma", "[1,]", ErrorCode::kFormat, "expected JSON"},
      {"comment", "{} // x", ErrorCode::kFormat, "expected JSON"},
      {"not closed", "{\"a\": 1", ErrorCode::kFormat, "expected JSON"},
      {"NaN", "{\"a\": NaN}", ErrorCode::kFormat, "expected JSON"},
      {"number beyond double", "[1e999]", ErrorCode::kFormat, "1e999"},
      {"leading zero", "[01]", ErrorCode::kFormat, "expected JSON"},
      {"non-UTF-8 in a string", "\"\xff\"", ErrorCode::kFormat, "UTF-8"},
      {"lone surrogate", "\"\\ud800\"", ErrorCode::kFormat, "surrogate"},
      {"line break in a string", "\"a\nb\"", ErrorCode::kFormat, "expected JSON"},
      {"NUL after the value", std::string("{}\0garbage", 10), ErrorCode::kFormat, "NUL"},
      {"duplicate key", R"({"a": 1, "b": {"c": 1}, "a": 2})", ErrorCode::kFormat, R"(key "a": expected once)"},
      {"duplicate key below", R"({"a": {"c": 1, "d": [{"c": 1}], "c": 2}})", ErrorCode::kFormat, R"(key "c")"},
      {"duplicate key, escaped", R"({"a": 1, "\u0061": 2})", ErrorCode::kFormat, R"(key "a")"},
      {"65 lists deep", nested(65), ErrorCode::kLimit, "64 levels"},
      {"a million lists deep", std::string(1000000, '['), ErrorCode::kLimit, "64 levels"},
      {"a million objects deep", objects, ErrorCode::kLimit, "64 levels"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    test::check_error(c.code, c.message, [&] { parse_json(c.text, "x.json"); });
  }
}

TEST_CASE("valid JSON is accepted: same key in different objects, 64 levels, whitespace") {
  CHECK(parse_json(R"( {"a": {"b": 1}, "c": [{"b": 2}, {"b": 3}]} )", "x")["c"][1]["b"] == 3);
  CHECK(parse_json(nested(64), "x").is_list());
  // A list of many objects: looking back at all earlier ones after each would take minutes.
  std::string list = "[";
  for (int i = 0; i < 300000; ++i) list += R"({"a": 1},)";
  CHECK(parse_json(list + "{}]", "x").size() == 300001);
  CHECK(parse_json("\"\\ud83d\\ude00\"", "x") == "\xf0\x9f\x98\x80");
}

TEST_CASE("error texts stay short and printable whatever the file says") {
  const std::string key(100000, 'k');
  test::check_error(ErrorCode::kFormat, "expected once",
                    [&] { parse_json("{\"" + key + "\":1,\"" + key + "\":1}", "x"); });
  try {
    parse_json("[\"" + key + "\"", "x");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).size() < 400);
  }
  CHECK(in_quotes("a\x1b[31m\n") == "\"a?[31m?\"");
  CHECK(in_quotes(key).size() == 125);
}

TEST_CASE("a JSON file larger than the limit is refused before it is read") {
  const test::TemporaryFolder folder;
  test::write_text(folder / "big.json", "[1, 2, 3]");
  CHECK(read_json_file(folder / "big.json", 9).size() == 3);
  test::check_error(ErrorCode::kLimit, "at most 8 bytes, actual 9", [&] { read_json_file(folder / "big.json", 8); });
  test::check_error(ErrorCode::kFileNotFound, "none.json", [&] { read_json_file(folder / "none.json", 8); });
}

TEST_CASE("hostile numbers are refused with the key's name") {
  for (const char* value :
       {"0", "-3", "65537", "2147483648", "9223372036854775807", "9223372036854775808", "18446744073709551615",
        "18446744073709551616", "1e308", "1.5", "1.0", "1e3", "\"768\"", "true", "[768]", "{}"}) {
    CAPTURE(value);
    const JsonReader json = reader(std::string(R"({"vision_config": {"hidden_size": )") + value + "}}");
    const JsonReader vision = json.object("vision_config");
    test::check_error(ErrorCode::kConfig,
                      "config.json: vision_config.hidden_size: expected integer in [1, 65536], actual ",
                      [&] { vision.integer("hidden_size", 1, 65536); });
    test::check_error(ErrorCode::kConfig, "vision_config.hidden_size",
                      [&] { vision.integer("hidden_size", 1, 65536, 8); });
  }
  CHECK(reader(R"({"a": 65536})").integer("a", 1, 65536) == 65536);
  CHECK(reader(R"({"a": -7})").integer("a", -24, -1) == -7);
  CHECK(reader(R"({"a": 9223372036854775807})").integer("a", 0, PTRDIFF_MAX) == PTRDIFF_MAX);
}

TEST_CASE("the message shows the actual value") {
  test::check_error(ErrorCode::kConfig, "config.json: a: expected integer in [1, 65536], actual -3",
                    [] { reader(R"({"a": -3})").integer("a", 1, 65536); });
  test::check_error(ErrorCode::kConfig, "actual nothing: the key is missing", [] { reader("{}").integer("a", 1, 2); });
  test::check_error(ErrorCode::kConfig, "actual 9223372036854775808",
                    [] { reader(R"({"a": 9223372036854775808})").integer("a", 1, PTRDIFF_MAX); });
}

TEST_CASE("fallbacks stand in for missing keys, and for null, which means unset") {
  const JsonReader json = reader(R"({"n": null})");
  for (const char* key : {"a", "n"}) {
    CHECK(json.integer(key, 1, 9, 5) == 5);
    CHECK(json.number(key, 0, 1, 0.5) == 0.5);
    CHECK(json.boolean(key, true) == true);
    CHECK(json.text(key, "x") == "x");
    CHECK(json.one_of(key, {"relu", "gelu"}, "gelu") == "gelu");
    CHECK_FALSE(json.has(key));
  }
  test::check_error(ErrorCode::kConfig, "n: expected true or false, actual null", [&] { json.boolean("n"); });
  test::check_error(ErrorCode::kConfig, "n: expected integer in [1, 9], actual null", [&] { json.integer("n", 1, 9); });
}

TEST_CASE("a byte-order mark is no part of the text") {
  CHECK(parse_json("\xef\xbb\xbf[1]", "x").size() == 1);
  Json value;
  JsonLines lines("\xef\xbb\xbf{\"a\": 1}\r\n\n{\"a\": 2}", "x.jsonl");
  CHECK((lines.next(value) && value["a"] == 1));
  CHECK((lines.next(value) && value["a"] == 2));
  CHECK(lines.where() == "x.jsonl: line 3");
  CHECK_FALSE(lines.next(value));
}

TEST_CASE("an unknown key is refused with the nearest known one") {
  const JsonReader json = reader(R"({"num_beams": 3, "max_new_token": 7})");
  test::check_error(ErrorCode::kConfig,
                    "max_new_token: expected a key that sharpeye knows, did you mean \"max_new_tokens\"?", [&] {
                      json.require_known_keys({"num_beams", "max_new_tokens"});
                    });
  json.require_known_keys({"num_beams", "max_new_token"});
}

TEST_CASE("values are built, compared and written") {
  Json json{{"b", 1}, {"a", {{"x", "\xff"}}}};
  json["list"] = std::vector<double>{1, 1e-5, 0.1};
  CHECK(json.dump() == "{\"b\":1,\"a\":{\"x\":\"\xef\xbf\xbd\"},\"list\":[1.0,1e-05,0.1]}");
  CHECK(Json{{"a", 1}, {"b", 2.0}} == Json{{"b", 2}, {"a", 1}});
  CHECK(Json{{"a", 1}} != Json{{"a", "1"}});
  CHECK(json["list"].get<std::vector<double>>() == std::vector<double>{1, 1e-5, 0.1});
  CHECK(Json::list({1, nullptr, true}).dump(2) == "[\n  1,\n  null,\n  true\n]");
  CHECK(parse_json("18446744073709551615", "x").get<std::uint64_t>() == 18446744073709551615u);
  CHECK_THROWS_AS(parse_json("18446744073709551615", "x").get<std::int64_t>(), JsonError);
  CHECK_THROWS_AS(json["b"].get<std::string>(), JsonError);
  CHECK_THROWS_AS(json.at("c"), JsonError);
}

TEST_CASE("numbers, choices, lists and objects are checked") {
  const JsonReader json = reader(R"({"eps": 1e-5, "one": 1, "act": "silu", "layers": [13, 18, 23], "mean": [0.5, 1],
                                     "stop": [], "mixed": [1, "x"], "o": {"p": {"q": 1}}})");
  CHECK(json.number("eps", 0, 1) == 1e-5);
  CHECK(json.number("one", 0, 1) == 1.0);
  test::check_error(ErrorCode::kConfig, "eps: expected number in [0.1, 1], actual 1e-05",
                    [&] { json.number("eps", 0.1, 1); });
  test::check_error(ErrorCode::kConfig, R"(act: expected one of "relu", "gelu", actual "silu")", [&] {
    json.one_of("act", {"relu", "gelu"});
  });
  CHECK(json.one_of("act", {"relu", "silu"}) == "silu");
  CHECK(json.integers("layers", -24, 24) == std::vector<Index>{13, 18, 23});
  CHECK(json.numbers("mean", 0, 1) == std::vector<double>{0.5, 1.0});
  CHECK(json.texts("stop").empty());
  test::check_error(ErrorCode::kConfig, "layers[2]: expected integer in [0, 20], actual 23",
                    [&] { json.integers("layers", 0, 20); });
  test::check_error(ErrorCode::kConfig, "layers: expected a list of 1 to 2 values",
                    [&] { json.integers("layers", 0, 99, 1, 2); });
  test::check_error(ErrorCode::kConfig, "stop: expected a list of 1 to 64 values", [&] { json.numbers("stop", 0, 1); });
  test::check_error(ErrorCode::kConfig, "mixed[0]: expected text, actual 1", [&] { json.texts("mixed"); });
  test::check_error(ErrorCode::kConfig, "eps: expected an object, actual 1e-05", [&] { json.object("eps"); });
  test::check_error(ErrorCode::kConfig, "o.p.q: expected text", [&] { json.object("o").object("p").text("q"); });
  test::check_error(ErrorCode::kConfig, "config.json: expected a JSON object, actual array", [] { reader("[]"); });
  CHECK(json.object("o").where("p") == "config.json: o.p");
}

TEST_CASE("a child outlives its parent") {
  const JsonReader child = reader(R"({"o": {"a": 1}})").object("o");
  CHECK(child.integer("a", 0, 1) == 1);
}
