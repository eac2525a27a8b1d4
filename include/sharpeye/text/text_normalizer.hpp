#pragma once

/// @file
/// The steps that change a text before it is split: `normalizer` of a tokenizer.json.

#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// One step, with the names of tokenizer.json.
struct NormalizerStep {
  enum class Kind { kNfc, kNfd, kLowercase, kPrepend, kReplace, kBert };
  Kind kind;
  std::string pattern;  ///< kReplace: the text to replace, not empty
  std::string content;  ///< kReplace: by what; kPrepend: what comes in front of a text that is not empty
  // kBert, in the order in which they are done:
  bool clean_text = false;            ///< white space becomes a space, control characters and U+FFFD are left out
  bool handle_chinese_chars = false;  ///< spaces around CJK ideographs
  bool strip_accents = false;         ///< NFD without nonspacing marks
  bool lowercase = false;
};

/// `text` after all `steps`. @throws Error kLimit when the text becomes more than 64 times as long
std::string normalize(const std::vector<NormalizerStep>& steps, std::string_view text);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/text_normalizer.inl"
#endif
