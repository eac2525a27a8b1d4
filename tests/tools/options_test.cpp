#include "tools/options.hpp"

#include <doctest/doctest.h>

using tool::detail::number_type;
using tool::detail::read_number;

namespace {

template <class T>
bool takes(const std::string& text, T min, T max) {
  T value{};
  return read_number(text, min, max, value);
}

}  // namespace

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
