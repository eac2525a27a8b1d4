#pragma once

/// @file
/// Bodies of caption_words.hpp.

#include "sharpeye/training/caption_words.hpp"

#include "sharpeye/text/pre_tokenizer.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

SHARPEYE_BODY std::vector<CaptionWord> caption_words(std::string_view caption) {
  std::vector<CaptionWord> words;
  bool begins_phrase = true;
  for (std::size_t i = 0; i < caption.size();) {
    std::size_t begin = caption.npos, end = 0, next = i;
    bool has_other = false, other_behind = false;
    for (; next < caption.size();) {
      const ClassifiedChar c = classified_char(caption, next);
      if (c.char_class == CharClass::kSpace) break;
      const bool is_other = c.char_class == CharClass::kOther;
      if (!is_other && begin == caption.npos) begin = next;
      has_other = has_other || (is_other && begin == caption.npos);
      other_behind = is_other;
      next += c.length;
      if (!is_other) end = next;
    }
    if (begin != caption.npos) {
      std::string text(caption.substr(begin, end - begin));
      for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      words.push_back({std::move(text), begin, end, begins_phrase || has_other});
      begins_phrase = other_behind;
    } else {
      begins_phrase = begins_phrase || has_other;
    }
    i = next < caption.size() ? next + classified_char(caption, next).length : next;
  }
  return words;
}

SHARPEYE_BODY std::vector<std::string> word_texts(const std::vector<CaptionWord>& words) {
  std::vector<std::string> texts;
  texts.reserve(words.size());
  for (const CaptionWord& word : words) texts.push_back(word.text);
  return texts;
}

}  // namespace training
SHARPEYE_NAMESPACE_END
