#pragma once

/// @file
/// The random strings and ids of tests/reference/make_tokenizer_goldens.py, made again.

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "sharpeye/core/random.hpp"
#include "support/paths.hpp"

namespace test {

using RandomStream = sharpeye::Random;

/// FNV-1a, 64 bits.
class Hash {
 public:
  void add(const std::string& bytes) {
    for (const char byte : bytes) value = (value ^ static_cast<unsigned char>(byte)) * 0x100000001B3u;
  }
  /// Little-endian 32-bit numbers and 0xFFFFFFFF.
  template <class Number>
  void add_numbers(const std::vector<Number>& numbers) {
    for (const Number number : numbers) add_number(static_cast<std::uint32_t>(number));
    add_number(0xFFFFFFFFu);
  }
  std::uint64_t value = 0xCBF29CE484222325u;

 private:
  void add_number(std::uint32_t number) {
    for (int shift = 0; shift < 32; shift += 8) add(std::string(1, static_cast<char>(number >> shift & 0xFF)));
  }
};

inline void append_utf8(std::string& text, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  if (c < 0x800) return put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
  if (c < 0x10000) return put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
  put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
}

/// Strings by number, from tests/fixtures/text/alphabets.txt.
class TextGenerator {
 public:
  TextGenerator() {
    std::ifstream file(fixture("text/alphabets.txt"));
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      std::string word;
      Alphabet alphabet;
      words >> word >> alphabet.least >> alphabet.most;
      while (words >> word) alphabet.elements.push_back(parse(word));
      alphabets_.push_back(alphabet);
    }
  }

  std::string text(std::uint64_t number) const {
    RandomStream random(number);
    std::string result;
    for (std::uint64_t segments = 1 + random.below(10); segments > 0; --segments) {
      const Alphabet& alphabet = alphabets_[random.below(alphabets_.size())];
      for (auto count = alphabet.least + random.below(alphabet.most - alphabet.least + 1); count > 0; --count) {
        const Element& element = alphabet.elements[random.below(alphabet.elements.size())];
        result += element.text;
        if (element.range > 0)
          append_utf8(result, element.first + static_cast<std::uint32_t>(random.below(element.range)));
      }
    }
    return result;
  }

  std::vector<std::int32_t> ids(std::uint64_t number, std::uint64_t vocab_size) const {
    RandomStream random(number + 1000000);
    std::vector<std::int32_t> result(1 + random.below(12));
    for (std::int32_t& id : result) id = static_cast<std::int32_t>(random.below(vocab_size));
    return result;
  }

 private:
  struct Element {
    std::string text;
    std::uint32_t first = 0, range = 0;
  };
  struct Alphabet {
    std::uint64_t least = 0, most = 0;
    std::vector<Element> elements;
  };

  static Element parse(const std::string& word) {
    Element element;
    std::istringstream numbers(word);
    numbers >> std::hex;
    char separator = '+';
    for (std::uint32_t number; numbers >> number; numbers >> separator) {
      if (separator == '-') {
        element.range = number - element.first + 1;
      } else if (word.find('-') != word.npos) {
        element.first = number;
      } else {
        append_utf8(element.text, number);
      }
    }
    return element;
  }

  std::vector<Alphabet> alphabets_;
};

}  // namespace test
