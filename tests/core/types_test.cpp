#include "sharpeye/core/types.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace sharpeye;

TEST_CASE("every float16 survives the way to float and back") {
  for (std::uint32_t bits = 0; bits < 0x10000u; ++bits) {
    float16 half;
    half.bits = static_cast<std::uint16_t>(bits);
    const float value = static_cast<float>(half);
    if (std::isnan(value)) {
      CHECK(std::isnan(static_cast<float>(float16(value))));
    } else {
      REQUIRE(float16(value).bits == half.bits);
    }
  }
}

TEST_CASE("float to float16 rounds to nearest even, overflows to infinity, keeps subnormals") {
  CHECK(float16(1.0f).bits == 0x3c00);
  CHECK(float16(-2.0f).bits == 0xc000);
  CHECK(float16(65504.0f).bits == 0x7bff);
  CHECK(float16(65519.996f).bits == 0x7bff);
  CHECK(float16(65520.0f).bits == 0x7c00);                      // the tie above the largest value goes to infinity
  CHECK(float16(1.0f + std::ldexp(1.0f, -11)).bits == 0x3c00);  // tie to even: down
  CHECK(float16(1.0f + 3 * std::ldexp(1.0f, -11)).bits == 0x3c02);
  CHECK(float16(std::ldexp(1.0f, -24)).bits == 0x0001);
  CHECK(float16(std::ldexp(1.0f, -25)).bits == 0x0000);
  CHECK(float16(INFINITY).bits == 0x7c00);
  CHECK(std::isnan(static_cast<float>(float16(NAN))));
}

TEST_CASE("bfloat16 rounds to nearest even and keeps NaN and infinity") {
  CHECK(bfloat16(1.0f).bits == 0x3f80);
  CHECK(bfloat16(1.0f + std::ldexp(1.0f, -8)).bits == 0x3f80);
  CHECK(bfloat16(1.0f + 3 * std::ldexp(1.0f, -8)).bits == 0x3f82);
  CHECK(bfloat16(-INFINITY).bits == 0xff80);
  CHECK(std::isnan(static_cast<float>(bfloat16(NAN))));
}

TEST_CASE("checked arithmetic reports overflow") {
  std::uint64_t result = 0;
  CHECK(checked_multiply(1ull << 32, (1ull << 32) - 1, result));
  CHECK_FALSE(checked_multiply(1ull << 32, 1ull << 32, result));
  CHECK_FALSE(checked_add(~0ull, 1, result));
}
