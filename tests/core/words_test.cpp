#include "sharpeye/core/words.hpp"

#include <doctest/doctest.h>

#include <locale>

#include "sharpeye/core/error.hpp"

using namespace sharpeye;

namespace {

struct Grouping : std::numpunct<char> {
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
  char do_decimal_point() const override { return ','; }
};

}  // namespace

TEST_CASE("numbers are written the same whatever the program's locale is") {
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new Grouping));
  const std::string text =
      concat(1234567, ' ', -5, ' ', 18446744073709551615u, ' ', 0.5, ' ', 1e-5, ' ', 1234567.0, true);
  std::locale::global(before);
  CHECK(text == "1234567 -5 18446744073709551615 0.5 1e-05 1.23457e+061");
}

TEST_CASE("a number with so many digits behind the point, in any locale") {
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new Grouping));
  CHECK(fixed(2.5, 2) == "2.50");
  CHECK(fixed(-1234.96, 1) == "-1235.0");
  CHECK(fixed(1e300, 0).size() == 301);
  CHECK(fixed(0.0 / 1, 0) == "0");
  std::locale::global(before);
}

TEST_CASE("the nearest known name is found where one is near") {
  const std::vector<std::string> known{"model", "image", "max-new-tokens"};
  CHECK(nearest_name("modle", known) == "model");
  CHECK(nearest_name("max_new_token", known) == "max-new-tokens");
  CHECK(nearest_name("zebra", known).empty());
  CHECK(nearest_name("", known).empty());
  CHECK(edit_distance("ab", "ba") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(did_you_mean("imag", known) == ", did you mean \"image\"?");
}
