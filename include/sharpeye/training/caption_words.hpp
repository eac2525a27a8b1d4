#pragma once

/// @file
/// The words of a caption, for comparing captions word by word.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN
namespace training {

/// A word and where it stands.
struct CaptionWord {
  std::string text;    ///< in lower case (ASCII), without punctuation at its ends
  std::size_t begin;   ///< byte in the caption; what is between begin and end is `text` but for its case
  std::size_t end;     ///< byte behind it
  bool begins_phrase;  ///< whether something other than white space stands between it and the word before, if any
};

/// What is between white space, without punctuation and symbols at both ends; what has nothing else is no word.
std::vector<CaptionWord> caption_words(std::string_view caption);

/// The texts alone.
std::vector<std::string> word_texts(const std::vector<CaptionWord>& words);

}  // namespace training
SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/training/caption_words.inl"
#endif
