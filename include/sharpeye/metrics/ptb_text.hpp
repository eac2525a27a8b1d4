#pragma once

/// @file
/// The text of a caption as the PTB tokenizer reads it.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "sharpeye/core/utf8.hpp"
#include "sharpeye/metrics/ptb_characters.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The characters of a caption and questions about them. Beyond the end of the text there are spaces.
class PtbText {
 public:
  using Size = std::size_t;

  explicit PtbText(std::u32string characters) : text_(std::move(characters)) {}

  Size size() const noexcept { return text_.size(); }
  char32_t at(Size i) const noexcept { return i < text_.size() ? text_[i] : U' '; }
  char32_t lower(Size i) const noexcept { return ptb_lower(at(i)); }
  PtbClass class_at(Size i) const noexcept { return ptb_class(at(i)); }
  bool is_letter(Size i) const noexcept { return class_at(i) == PtbClass::kLetter; }
  bool is_digit(Size i) const noexcept { return class_at(i) == PtbClass::kDigit; }
  bool is_word(Size i) const noexcept { return is_letter(i) || is_digit(i); }
  bool is_space(Size i) const noexcept { return class_at(i) == PtbClass::kSpace; }
  bool is_ascii_letter(Size i) const noexcept { return at(i) < 0x80 && is_letter(i); }
  bool is_upper(Size i) const noexcept { return at(i) - U'A' < 26; }
  bool is_apostrophe(Size i) const noexcept { return at(i) == U'\'' || at(i) == kCurlyApostrophe; }
  bool is_hyphen(Size i) const noexcept { return at(i) == U'-' || at(i) == 0x2010 || at(i) == 0x2011; }
  bool is_one_of(Size i, std::u32string_view set) const noexcept { return set.find(at(i)) != set.npos; }
  bool is_lower_one_of(Size i, std::u32string_view set) const noexcept { return set.find(lower(i)) != set.npos; }

  // The end of the run from i on for which a predicate holds.
  template <class Predicate>
  Size run(Size i, const Predicate& predicate) const {
    while (i < text_.size() && predicate(i)) ++i;
    return i;
  }
  Size letters(Size i) const {
    return run(i, [&](Size j) { return is_letter(j); });
  }
  Size digits(Size i) const {
    return run(i, [&](Size j) { return is_digit(j); });
  }
  Size words(Size i) const {
    return run(i, [&](Size j) { return is_word(j); });
  }
  Size spaces(Size i) const {
    return run(i, [&](Size j) { return is_space(j); });
  }
  Size equal(Size i, char32_t c) const {
    return run(i, [&](Size j) { return at(j) == c; });
  }

  // Whether this ASCII text is here, in any case and with any apostrophe.
  bool has(Size i, std::string_view lower_case) const {
    for (const char c : lower_case) {
      if (c == '\'' ? !is_apostrophe(i) : lower(i) != static_cast<unsigned char>(c)) return false;
      ++i;
    }
    return true;
  }

  bool contains(Size begin, Size end, char32_t c) const {
    return run(begin, [&](Size j) { return j < end && at(j) != c; }) < end;
  }

  // The characters of [begin, end) in lower case, as UTF-8.
  std::string lower_text(Size begin, Size end) const {
    std::string result;
    for (Size i = begin; i < end; ++i) append_utf8(result, ptb_lower(text_[i]));
    return result;
  }

 protected:
  static constexpr char32_t kCurlyApostrophe = 0x2019;

 private:
  std::u32string text_;
};

SHARPEYE_NAMESPACE_END
