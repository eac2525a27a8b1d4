#pragma once

/// @file
/// Bodies of piece_splitter.hpp.

#include "sharpeye/text/piece_splitter.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "sharpeye/text/pre_tokenizer.hpp"
#include "sharpeye/text/substrings.hpp"
#include "sharpeye/text/unicode_mapping.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Splits each piece further: `end_of(piece, position)` says where the part that begins at `position` ends.
template <class EndOf>
void split_pieces(Pieces& pieces, const EndOf& end_of) {
  std::vector<Pieces::Range> ranges;
  for (const Pieces::Range& range : pieces.ranges) {
    const std::string_view piece = std::string_view(pieces.text).substr(range.begin, range.end - range.begin);
    for (std::size_t begin = 0, end; begin < piece.size(); begin = end) {
      end = end_of(piece, begin);
      ranges.push_back({range.begin + begin, range.begin + end});
    }
  }
  pieces.ranges = std::move(ranges);
}

/// Replaces each piece by `changed(piece, whether it begins the text)`.
template <class Changed>
void change_pieces(Pieces& pieces, bool first, const Changed& changed) {
  Pieces result;
  result.text.reserve(pieces.text.size());
  for (const Pieces::Range& range : pieces.ranges) {
    const std::size_t begin = result.text.size();
    result.text +=
        changed(std::string_view(pieces.text).substr(range.begin, range.end - range.begin), first && range.begin == 0);
    if (result.text.size() > begin) result.ranges.push_back({begin, result.text.size()});
  }
  pieces = std::move(result);
}

inline void split_digits(Pieces& pieces, bool individual) {
  split_pieces(pieces, [&](std::string_view piece, std::size_t begin) {
    const ClassifiedChar first = classified_char(piece, begin);
    const bool number = first.char_class == CharClass::kNumber;
    std::size_t end = begin + first.length;
    while (end < piece.size() && !(number && individual)) {
      const ClassifiedChar next = classified_char(piece, end);
      if ((next.char_class == CharClass::kNumber) != number) break;
      end += next.length;
    }
    return end;
  });
}

inline void apply_metaspace(const PreTokenizerStep& step, Pieces& pieces, bool first) {
  change_pieces(pieces, first, [&](std::string_view piece, bool begins_text) {
    std::string text = replaced(piece, " ", step.replacement);
    const bool prepend = step.prepend == PreTokenizerStep::Prepend::kAlways ||
                         (step.prepend == PreTokenizerStep::Prepend::kFirst && begins_text);
    if (prepend && !begins_with(text, step.replacement)) text.insert(0, step.replacement);
    return text;
  });
  if (!step.split) return;
  split_pieces(pieces, [&](std::string_view piece, std::size_t begin) {
    const std::size_t from = begin + (begins_with(piece.substr(begin), step.replacement) ? step.replacement.size() : 0);
    return std::min(piece.find(step.replacement, from), piece.size());
  });
}

inline void split_bert(Pieces& pieces) {
  std::vector<Pieces::Range> ranges;
  for (const Pieces::Range& range : pieces.ranges) {
    const std::string_view piece = std::string_view(pieces.text).substr(range.begin, range.end - range.begin);
    std::size_t begin = 0;
    const auto close = [&](std::size_t end) {
      if (begin < end) ranges.push_back({range.begin + begin, range.begin + end});
      begin = end;
    };
    for (std::size_t i = 0; i < piece.size();) {
      const Utf8Step step = decode_utf8(piece.substr(i));
      const bool space = is_space(step.code_point);
      if (space || bert_class(step.code_point) == BertClass::kPunctuation) {
        close(i);
        if (space) {
          begin = i + step.length;
        } else {
          close(i + step.length);
        }
      }
      i += step.length;
    }
    close(piece.size());
  }
  pieces.ranges = std::move(ranges);
}

}  // namespace detail

SHARPEYE_BODY Pieces split_into_pieces(const std::vector<PreTokenizerStep>& steps, std::string text, bool first) {
  Pieces pieces;
  if (!text.empty()) pieces.ranges.push_back({0, text.size()});
  pieces.text = std::move(text);
  for (const PreTokenizerStep& step : steps) {
    switch (step.kind) {
      case PreTokenizerStep::Kind::kGpt2Pattern: detail::split_pieces(pieces, gpt2_piece_end); break;
      case PreTokenizerStep::Kind::kQwen2Pattern:
      case PreTokenizerStep::Kind::kLlama3Pattern: {
        const int most_digits = step.kind == PreTokenizerStep::Kind::kQwen2Pattern ? 1 : 3;
        detail::split_pieces(pieces, [&](std::string_view piece, std::size_t begin) {
          return qwen2_piece_end(piece, begin, most_digits);
        });
        break;
      }
      case PreTokenizerStep::Kind::kDigits: detail::split_digits(pieces, step.individual_digits); break;
      case PreTokenizerStep::Kind::kPrefixSpace:
        detail::change_pieces(pieces, first, [](std::string_view piece, bool) {
          return std::string(begins_with(piece, " ") ? "" : " ").append(piece);
        });
        break;
      case PreTokenizerStep::Kind::kMetaspace: detail::apply_metaspace(step, pieces, first); break;
      case PreTokenizerStep::Kind::kBert: detail::split_bert(pieces); break;
    }
  }
  return pieces;
}

SHARPEYE_NAMESPACE_END
