#pragma once

/// @file
/// Bodies of unicode_mapping.hpp.

#include "sharpeye/text/unicode_mapping.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <vector>

#include "sharpeye/core/utf8.hpp"
#include "sharpeye/text/unicode_mapping_tables.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Stands for the byte b among code points as kInvalidByte + b: no table has such a number.
inline constexpr char32_t kInvalidByte = 0x110000;

inline std::vector<char32_t> code_points(std::string_view text) {
  std::vector<char32_t> characters;
  characters.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Step step = decode_utf8(text.substr(i));
    if (step.status == Utf8Status::kValid) {
      characters.push_back(step.code_point);
      i += step.length;
    } else {
      characters.push_back(kInvalidByte + static_cast<unsigned char>(text[i++]));
    }
  }
  return characters;
}

inline void append_code_point(std::string& text, char32_t c) {
  if (c >= kInvalidByte) {
    text += static_cast<char>(c - kInvalidByte);
  } else {
    append_utf8(text, c);
  }
}

inline std::string to_text(const std::vector<char32_t>& characters) {
  std::string text;
  text.reserve(characters.size());
  for (const char32_t c : characters) append_code_point(text, c);
  return text;
}

/// The value of the run that `code_point` is in; `starts` are `code_point << bits | value`.
template <std::size_t N>
unsigned run_value(const std::uint32_t (&starts)[N], char32_t code_point, unsigned bits) noexcept {
  const std::uint32_t mask = (1u << bits) - 1;
  const std::uint32_t key = static_cast<std::uint32_t>(code_point) << bits | mask;
  return *std::prev(std::upper_bound(std::begin(starts), std::end(starts), key)) & mask;
}

inline unsigned combining_class(char32_t c) noexcept {
  return c < 0x300 ? 0 : run_value(kCombiningStarts, c, 8);
}

// Hangul syllables are composed of a leading consonant, a vowel and perhaps a trailing consonant by arithmetic.
inline constexpr char32_t kHangul = 0xAC00, kLeading = 0x1100, kVowel = 0x1161, kTrailing = 0x11A7;
inline constexpr char32_t kLeadings = 19, kVowels = 21, kTrailings = 28;

inline void append_decomposed(std::vector<char32_t>& characters, char32_t c) {
  if (c < 0xC0) {
    characters.push_back(c);
  } else if (c - kHangul < kLeadings * kVowels * kTrailings) {
    const char32_t syllable = c - kHangul;
    characters.push_back(kLeading + syllable / (kVowels * kTrailings));
    characters.push_back(kVowel + syllable / kTrailings % kVowels);
    if (syllable % kTrailings != 0) characters.push_back(kTrailing + syllable % kTrailings);
  } else {
    const auto found = std::lower_bound(std::begin(kDecompositions), std::end(kDecompositions), c,
                                        [](const Decomposition& a, char32_t b) { return a.composed < b; });
    if (found == std::end(kDecompositions) || found->composed != c) {
      characters.push_back(c);
      return;
    }
    append_decomposed(characters, found->first);  // at most three levels deep
    if (found->second != 0) append_decomposed(characters, found->second);
  }
}

/// The decomposed characters in canonical order.
inline std::vector<char32_t> decomposed(std::string_view text) {
  std::vector<char32_t> characters;
  characters.reserve(text.size());
  for (const char32_t c : code_points(text)) append_decomposed(characters, c);
  for (auto begin = characters.begin(); begin != characters.end();) {
    if (combining_class(*begin) == 0) {
      ++begin;
      continue;
    }
    const auto end = std::find_if(begin, characters.end(), [](char32_t c) { return combining_class(c) == 0; });
    std::stable_sort(begin, end, [](char32_t a, char32_t b) { return combining_class(a) < combining_class(b); });
    begin = end;
  }
  return characters;
}

/// The character that the two become, or 0.
inline char32_t composition(char32_t first, char32_t second) noexcept {
  if (first - kLeading < kLeadings && second - kVowel < kVowels) {
    return kHangul + ((first - kLeading) * kVowels + (second - kVowel)) * kTrailings;
  }
  if (first - kHangul < kLeadings * kVowels * kTrailings && (first - kHangul) % kTrailings == 0 &&
      second - kTrailing - 1 < kTrailings - 1) {
    return first + (second - kTrailing);
  }
  const auto key = [](const Decomposition& a) { return std::make_pair(char32_t{a.first}, char32_t{a.second}); };
  const auto wanted = std::make_pair(first, second);
  const auto found = std::lower_bound(std::begin(kCompositions), std::end(kCompositions), wanted,
                                      [&](const Decomposition& a, const auto& b) { return key(a) < b; });
  return found != std::end(kCompositions) && key(*found) == wanted ? found->composed : 0;
}

/// Composes decomposed characters in place (Unicode 3.11, D117).
inline void compose(std::vector<char32_t>& characters) {
  std::size_t kept = 0;
  std::size_t starter = characters.size();  // none yet
  unsigned last_class = 0;                  // of the character kept last, behind the starter
  for (const char32_t c : characters) {
    const unsigned its_class = combining_class(c);
    const bool adjacent = starter < kept && starter + 1 == kept;
    if (starter < kept && (adjacent || (last_class != 0 && last_class < its_class))) {
      if (const char32_t composed = composition(characters[starter], c)) {
        characters[starter] = composed;
        continue;
      }
    }
    if (its_class == 0) starter = kept;
    last_class = its_class;
    characters[kept++] = c;
  }
  characters.resize(kept);
}

inline bool all_below(std::string_view text, unsigned char limit) noexcept {
  return std::all_of(text.begin(), text.end(), [&](char c) { return static_cast<unsigned char>(c) < limit; });
}

}  // namespace detail

SHARPEYE_BODY std::string to_nfd(std::string_view text) {
  return detail::all_below(text, 0x80) ? std::string(text) : detail::to_text(detail::decomposed(text));
}

SHARPEYE_BODY std::string to_nfc(std::string_view text) {
  if (detail::all_below(text, 0x80)) return std::string(text);
  std::vector<char32_t> characters = detail::decomposed(text);
  detail::compose(characters);
  return detail::to_text(characters);
}

SHARPEYE_BODY std::string to_lower_case(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char32_t c : detail::code_points(text)) {
    if (c < 0x80) {
      result += static_cast<char>(c - U'A' < 26 ? c + 0x20 : c);
    } else if (c == 0x130) {
      result += "i\xCC\x87";
    } else {
      const auto run = std::lower_bound(std::begin(kLowerCaseRuns), std::end(kLowerCaseRuns), c,
                                        [](const LowerCaseRun& a, char32_t b) { return a.last < b; });
      const bool inside = run != std::end(kLowerCaseRuns) && c >= run->first && (c - run->first) % run->step == 0;
      const auto lower = inside ? static_cast<std::int32_t>(c) + run->difference : static_cast<std::int32_t>(c);
      detail::append_code_point(result, static_cast<char32_t>(lower));
    }
  }
  return result;
}

SHARPEYE_BODY BertClass bert_class(char32_t code_point) noexcept {
  return static_cast<BertClass>(detail::run_value(kBertClassStarts, code_point, 2));
}

SHARPEYE_BODY bool is_word_character(char32_t code_point) noexcept {
  return detail::run_value(kWordStarts, code_point, 1) != 0;
}

SHARPEYE_NAMESPACE_END
