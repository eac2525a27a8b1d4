#pragma once

/// @file
/// The split of a normalised text into the pieces that a subword model treats one by one: `pre_tokenizer` of a
/// tokenizer.json.

#include <cstddef>
#include <string>
#include <vector>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// A text and the pieces of it, in order; what lies between two pieces is left out.
struct Pieces {
  struct Range {
    std::size_t begin, end;  ///< bytes of `text`; never empty
  };
  std::string text;
  std::vector<Range> ranges;
};

/// One step, with the names of tokenizer.json.
struct PreTokenizerStep {
  enum class Kind {
    kGpt2Pattern,    ///< gpt2_piece_end()
    kQwen2Pattern,   ///< qwen2_piece_end()
    kLlama3Pattern,  ///< qwen2_piece_end() with numbers of up to three characters
    kDigits,         ///< numbers (\p{N}) apart from the rest: each character, or each run
    kPrefixSpace,    ///< a space in front of each piece that has none (ByteLevel's add_prefix_space)
    kMetaspace,      ///< "▁" for each space and, as `prepend` says, in front
    kBert,           ///< words without white space, punctuation apart
  };
  enum class Prepend { kAlways, kFirst, kNever };
  Kind kind;
  bool individual_digits = false;     ///< kDigits
  std::string replacement = {};       ///< kMetaspace: the character for a space, usually U+2581
  Prepend prepend = Prepend::kNever;  ///< kMetaspace: kFirst: only at the beginning of the whole text
  bool split = false;                 ///< kMetaspace: a piece for each word, `replacement` in front of it
};

/// The pieces of `text` after all `steps`.
/// @param first whether `text` is the beginning of the whole text
Pieces split_into_pieces(const std::vector<PreTokenizerStep>& steps, std::string text, bool first);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/text/piece_splitter.inl"
#endif
