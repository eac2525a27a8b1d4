#pragma once

/// @file
/// Bodies of ptb_tokenizer.hpp.

#include "sharpeye/metrics/ptb_tokenizer.hpp"

#include <utility>

#include "sharpeye/core/utf8.hpp"
#include "sharpeye/metrics/ptb_characters.hpp"
#include "sharpeye/metrics/ptb_rules.hpp"
#include "sharpeye/metrics/ptb_words.hpp"

SHARPEYE_NAMESPACE_BEGIN

namespace detail {

/// Cuts a caption into tokens. At each position every rule says how far it would reach, and the one that reaches
/// farthest wins (of several, the first). What a rule looked at beyond its token counts as reach too.
class PtbLexer : private PtbRules {
 public:
  explicit PtbLexer(std::string_view caption) : PtbRules(ptb_characters(caption)) {}

  /// The tokens from here to the end.
  std::vector<std::string> tokens() {
    while (position_ < size()) next();
    return std::move(tokens_);
  }

 private:
  struct Match {
    Size end = 0;   // of the token
    Size seen = 0;  // of what the rule looked at
  };

  // The full stop of a single letter ends a sentence if a sentence begins behind it: the letter alone.
  Match letter_at_sentence_end(Size i) const {
    if (!is_letter(i) || at(i + 1) != U'.' || !is_space(i + 2)) return {};
    const Size begin = spaces(i + 2), end = letters(begin);
    const bool is_start = is_upper(begin) && is_space(end) && is_listed(kPtbSentenceStarters, lower_text(begin, end));
    return is_start ? Match{i + 1, end + 1} : Match{};
  }

  // do|n't: the word before it, then n't itself
  Match negation(Size i) const {
    const Size apostrophe = letters(i);
    const bool is_negation = apostrophe > i && lower(apostrophe - 1) == U'n' && lower(apostrophe + 1) == U't' &&
                             is_one_of(apostrophe, U"'\u2019\u2018`");
    if (!is_negation) return {};
    const Size end = apostrophe + 2;
    return {apostrophe - 1 > i ? apostrophe - 1 : end, end};
  }

  Match longest(Size i) const {
    Match best = letter_at_sentence_end(i);
    const auto consider = [&](Match match) {
      if (match.seen > best.seen) best = match;
    };
    consider(negation(i));
    for (const Size end : {tag(i), entity(i), url(i), address(i), handle(i), apostrophe_word(i), compound(i),
                           slashed(i), fraction(i), number(i), dotted(i), acronym(i), abbreviation(i), initials(i),
                           contraction(i), decade(i), smiley(i), repeated(i)}) {
      if (end > i) consider({end, end});
    }
    return best;
  }

  void next() {
    const Size i = position_;
    if (has(i, "'tis") || has(i, "'twas")) {
      emit("'t");
      position_ = i + 2;
      return;
    }
    const Match match = longest(i);
    if (match.seen > 0) {
      position_ = match.end;
      emit_word(i, match.end);
    } else {
      ++position_;
      if (class_at(i) == PtbClass::kSymbol) emit_symbol(at(i));
    }
  }

  void emit(std::string token) { tokens_.push_back(std::move(token)); }

  void emit_word(Size begin, Size end) {
    if (is_one_of(begin, kDroppedRuns) && equal(begin, at(begin)) >= end) return;
    const bool is_suffix = (contraction(begin) == end && lower(begin + 1) != U'n') || negation(begin).end == end;
    std::string token;
    for (Size i = begin; i < end; ++i) {
      if (is_space(i)) {  // within a tag or a number
        if (!token.empty()) emit(std::exchange(token, {}));
      } else if (is_one_of(i, U"()")) {
        token += at(i) == U'(' ? "-lrb-" : "-rrb-";
      } else if (is_suffix && at(i) == kCurlyApostrophe) {
        token += '\'';
      } else {
        append_utf8(token, at(i) == 0x2018 ? U'`' : lower(i));
      }
    }
    if (is_listed(kPtbDoubleWords, token) && contraction(end) == end) {
      const Size first = token == "cannot" ? 3 : token.size() - 2;
      emit(token.substr(0, first));
      token.erase(0, first);
    }
    if (!token.empty()) emit(std::move(token));
  }

  void emit_symbol(char32_t c) {
    switch (c) {
      case U'(': return emit("-lrb-");
      case U')': return emit("-rrb-");
      case U'[': return emit("-lsb-");
      case U']': return emit("-rsb-");
      case U'{': return emit("-lcb-");
      case U'}': return emit("-rcb-");
      case 0xA2: return emit("cents");
      case 0xA3: return emit("#");
      case 0xA4:
      case 0x20A0:
      case 0x20AC: return emit("$");
      case 0xBC: return emit("1/4");
      case 0xBD: return emit("1/2");
      case 0xBE: return emit("3/4");
      case 0x2153: return emit("1/3");
      case 0x2154: return emit("2/3");
      default: break;
    }
    // Full stops, commas, quotes, dashes, ellipses: what coco-caption drops.
    constexpr std::u32string_view kDropped =
        U".,:;!?'\"`-\u00AB\u00BB\u2010\u2011\u2013\u2014\u2015\u2018\u2019\u201B\u201C\u201D\u2026\u2039\u203A";
    if (kDropped.find(c) == kDropped.npos) {
      std::string token;
      append_utf8(token, c);
      emit(std::move(token));
    }
  }

  Size position_ = 0;
  std::vector<std::string> tokens_;
};

}  // namespace detail

SHARPEYE_BODY std::vector<std::string> caption_tokens(std::string_view caption) {
  return detail::PtbLexer(caption).tokens();
}

SHARPEYE_NAMESPACE_END
