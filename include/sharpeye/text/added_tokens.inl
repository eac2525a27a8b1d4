#pragma once

/// @file
/// Bodies of added_tokens.hpp.

#include "sharpeye/text/added_tokens.hpp"

#include <algorithm>
#include <utility>

#include "sharpeye/text/unicode.hpp"
#include "sharpeye/text/unicode_mapping.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Where the last character of `text`, which is not empty, begins. A byte that is not UTF-8 is one character.
inline std::size_t last_character(std::string_view text) noexcept {
  std::size_t begin = text.size() - 1;
  while (begin > 0 && text.size() - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  const Utf8Step step = decode_utf8(text.substr(begin));
  return step.status == Utf8Status::kValid && begin + step.length == text.size() ? begin : text.size() - 1;
}

inline bool begins_with_word(std::string_view text) noexcept {
  return !text.empty() && is_word_character(decode_utf8(text).code_point);
}

inline bool ends_with_word(std::string_view text) noexcept {
  return !text.empty() && is_word_character(decode_utf8(text.substr(last_character(text))).code_point);
}

}  // namespace detail

SHARPEYE_BODY AddedTokenFinder::AddedTokenFinder(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  const auto before = [](const AddedToken& a, const AddedToken& b) { return a.content < b.content; };
  std::stable_sort(tokens_.begin(), tokens_.end(), before);
  const auto same = [](const AddedToken& a, const AddedToken& b) { return a.content == b.content; };
  tokens_.erase(std::unique(tokens_.begin(), tokens_.end(), same), tokens_.end());
  tokens_.erase(std::remove_if(tokens_.begin(), tokens_.end(), [](const AddedToken& a) { return a.content.empty(); }),
                tokens_.end());
  for (const AddedToken& token : tokens_) begins_token_[static_cast<unsigned char>(token.content[0])] = true;
}

SHARPEYE_BODY const AddedToken* AddedTokenFinder::longest_at(std::string_view text) const noexcept {
  if (!begins_token_[static_cast<unsigned char>(text[0])]) return nullptr;
  // Those that begin as the text does stand together; byte by byte they become fewer, the shortest in front.
  auto begin = tokens_.begin(), end = tokens_.end();
  const AddedToken* longest = nullptr;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = [&](const AddedToken& token) { return static_cast<unsigned char>(token.content[i]); };
    const auto wanted = static_cast<unsigned char>(text[i]);
    begin = std::lower_bound(begin, end, wanted, [&](const AddedToken& a, unsigned char b) { return byte(a) < b; });
    end = std::upper_bound(begin, end, wanted, [&](unsigned char a, const AddedToken& b) { return a < byte(b); });
    if (begin == end) break;
    if (begin->content.size() == i + 1) longest = &*begin++;
    if (begin == end) break;
  }
  return longest;
}

SHARPEYE_BODY std::vector<AddedTokenFinder::Part> AddedTokenFinder::split(std::string_view text,
                                                                          bool parse_special) const {
  std::vector<Part> parts;
  std::size_t done = 0;
  std::size_t spaces_begin = 0, spaces_end = 0;  // a run of white space that an rstrip has walked over
  for (std::size_t i = 0; i < text.size() && !tokens_.empty();) {
    const AddedToken* token = longest_at(text.substr(i));
    if (token == nullptr) {
      ++i;
      continue;
    }
    std::size_t begin = i;
    std::size_t end = i += token->content.size();  // also where it is not taken, as in Hugging Face's
    if (token->special && !parse_special) continue;
    if (token->single_word) {
      if (detail::ends_with_word(text.substr(0, begin)) || detail::begins_with_word(text.substr(end))) continue;
    }
    while (token->lstrip && begin > done) {
      const std::size_t before = detail::last_character(text.substr(0, begin));
      if (!is_space(decode_utf8(text.substr(before)).code_point)) break;
      begin = before;
    }
    if (token->rstrip) {
      if (end < spaces_begin || end > spaces_end) spaces_begin = spaces_end = end;
      while (spaces_end < text.size()) {
        const Utf8Step step = decode_utf8(text.substr(spaces_end));
        if (!is_space(step.code_point)) break;
        spaces_end += step.length;
      }
      end = spaces_end;
    }
    if (done < begin) parts.push_back({std::nullopt, done, begin});
    parts.push_back({token->id, begin, end});
    done = end;
  }
  if (done < text.size()) parts.push_back({std::nullopt, done, text.size()});
  return parts;
}

SHARPEYE_NAMESPACE_END
