#include "tools/options.hpp"

#include <doctest/doctest.h>

#include "sharpeye/core/error.hpp"

using tool::detail::number_type;
using tool::detail::read_number;

namespace {

template <class T>
bool takes(const std::string& text, T min, T max) {
  T value{};
  return read_number(text, min, max, value);
}

// What a build with these commands says to a command line; empty when it accepts it.
std::string complaint(std::vector<std::string> words) {
  static int size;
  const std::vector<tool::CommandEntry> commands{
      {"paint",
       [](tool::Command& command) {
         command.number("--size", size, 1, 9);
         command.run = [] { return size; };
       }},
      {"frame", [](tool::Command& command) { command.run = [] { return 100; }; }}};
  words.insert(words.begin(), "sharpeye");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  size = 3;
  try {
    const tool::Action run =
        tool::parse_command_line(static_cast<int>(arguments.size()), arguments.data(), commands, {"train", "eval"});
    return run() == size ? "" : "another command";
  } catch (const sharpeye::Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("a command that this build does not have is answered by name") {
  CHECK(complaint({"paint"}).empty());
  CHECK(complaint({"paint", "--size", "5"}).empty());
  CHECK(complaint({"frame"}) == "another command");
  CHECK(complaint({"train", "--size", "5"}).find("train: this build has paint and frame only: cmake ") == 0);
  CHECK(complaint({"trian"}) == "unknown command \"trian\", did you mean \"train\"?");
  CHECK(complaint({"xyz"}) == "unknown command \"xyz\"; sharpeye --help lists them");
  CHECK(complaint({"paint", "--sixe=4"}) == "paint: unknown option \"--sixe\", did you mean \"--size\"?");
  CHECK(complaint({"paint", "--size", "10"}) == "--size: expected a number from 1 to 9, actual \"10\"");
  CHECK(complaint({"paint", "x"}) == "paint: unexpected argument \"x\"");
}

TEST_CASE("an error of the library about an argument names the option that sets it") {
  const auto said = [](sharpeye::ErrorCode code, const std::string& text) {
    static sharpeye::ErrorCode thrown_code;
    static std::string thrown;
    thrown_code = code;
    thrown = text;
    const std::vector<tool::CommandEntry> commands{{"paint", [](tool::Command& command) {
                                                      static std::string brush;
                                                      command.text("-b,--brush-size", brush, "");
                                                      command.run = []() -> int {
                                                        throw sharpeye::Error(thrown_code, thrown);
                                                      };
                                                    }}};
    std::string words[] = {"sharpeye", "paint"};
    char* arguments[] = {words[0].data(), words[1].data()};
    try {
      tool::parse_command_line(2, arguments, commands, {})();
    } catch (const sharpeye::Error& error) {
      CHECK(error.code() == code);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const auto argument = sharpeye::ErrorCode::kInvalidArgument;
  CHECK(said(argument, "brush_size: expected 2, actual 1") == "--brush-size: expected 2, actual 1");
  CHECK(said(argument, "colour: expected red") == "colour: expected red");  // no option of the command
  CHECK(said(argument, "brush_size") == "--brush-size");
  CHECK(said(argument, "a/brush_size: no") == "a/brush_size: no");
  // A file may have any name.
  CHECK(said(sharpeye::ErrorCode::kFormat, "brush_size: torn") == "brush_size: torn");
}

TEST_CASE("numbers of options are read strictly") {
  for (const char* text : {"1", "64", "007"}) CHECK(takes<int>(text, 1, 64));
  for (const char* text : {"", " 1", "1 ", "+1", "0x10", "1.0", "1e0", "2x", "0", "65", "99999999999999999999", "-1"})
    CHECK_FALSE(takes<int>(text, 1, 64));
  CHECK_FALSE(takes<std::uint64_t>("-1", 0, std::numeric_limits<std::uint64_t>::max()));
  CHECK(takes<std::uint64_t>("18446744073709551615", 0, std::numeric_limits<std::uint64_t>::max()));
  CHECK_FALSE(takes<std::uint64_t>("18446744073709551616", 0, std::numeric_limits<std::uint64_t>::max()));
  for (const char* text : {"0", "1", ".5", "1e-3"}) CHECK(takes<double>(text, 0, 1));
  for (const char* text : {"nan", "inf", "-0.1", "1,0", "0.5 ", "1e999"}) CHECK_FALSE(takes<double>(text, 0, 1));
}

TEST_CASE("--help shows ranges unless they are all of the type") {
  CHECK(number_type<int>(1, 64) == "INT:1..64");
  CHECK(number_type<double>(1e-4, 1e4) == "FLOAT:0.0001..10000");
  CHECK(number_type<std::uint64_t>(0, std::numeric_limits<std::uint64_t>::max()) == "UINT");
}

TEST_CASE("a command's variables are defaults, and are set") {
  int beams = 3;
  std::optional<double> temperature;
  std::vector<std::string> metrics{"bleu"};
  bool is_forced = false;
  std::string dtype = "f32";
  tool::Command command("test");
  tool::Option& of_beams = command.number("--beams", beams, 1, 64);
  tool::Option& of_temperature = command.number("--temperature", temperature, 0, 2);
  CHECK(of_beams.default_text == "3");
  CHECK(of_temperature.default_text.empty());
  CHECK(command.text("--dtype", dtype, "").one_of({"f32", "f16"}).value_type == "TEXT:{f32,f16}");
  CHECK(command.options().back().default_text == "f32");
  CHECK(command.number("--size", beams, 1, 64).required().default_text.empty());

  CHECK(of_beams.set({"5"}).empty());
  CHECK(beams == 5);
  CHECK(of_beams.set({"65"}) == "expected a number from 1 to 64, actual \"65\"");
  CHECK(beams == 5);
  CHECK(of_temperature.set({"0.5"}).empty());
  CHECK(temperature == 0.5);
  command.texts("--metrics", metrics, "").set({"cider", "rouge_l"});
  CHECK(metrics == std::vector<std::string>{"cider", "rouge_l"});
  command.flag("--force", is_forced, "").set({});
  CHECK(is_forced);
}
