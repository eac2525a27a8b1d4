#include "tools/base64.hpp"

#include <doctest/doctest.h>

#include "sharpeye/core/error.hpp"

using tool::from_base64;
using tool::to_base64;

TEST_CASE("base64 as in RFC 4648") {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(to_base64(bytes) == text);
    CHECK(from_base64(text) == bytes);
  }
}

TEST_CASE("every byte comes back, with line ends between and without padding") {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = to_base64(bytes);
    CHECK(from_base64(text) == bytes);
    std::string other;
    for (const char c : text)
      other += c == '=' ? std::string() : std::string(1, c) + (other.size() % 77 == 0 ? "\r\n" : "");
    CHECK(from_base64(other) == bytes);
    bytes += static_cast<char>(7 * i + i / 256);
  }
}

TEST_CASE("what is no base64 says where") {
  const std::pair<const char*, const char*> broken[] = {{"Zg=", "ends within a byte"},
                                                        {"Z", "ends within a byte"},
                                                        {"Zm9v=", "ends within a byte"},
                                                        {"=", "ends within a byte"},
                                                        {"Zg==Zg==", "more after its end at 4"},
                                                        {"Zm9-", "\"-\" at 3"},
                                                        {"Zm\xff", "at 2"},
                                                        {"Zg===", "ends within a byte"}};
  for (const auto& [text, part] : broken) {
    try {
      from_base64(text);
      FAIL_CHECK(text);
    } catch (const sharpeye::Error& error) {
      CHECK(error.code() == sharpeye::ErrorCode::kFormat);
      CHECK_MESSAGE(std::string(error.what()).find(part) != std::string::npos, error.what());
    }
  }
}
