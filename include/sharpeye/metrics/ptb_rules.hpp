#pragma once

/// @file
/// The rules of the Penn Treebank tokenizer, as far as captions need them. Only ptb_tokenizer.inl includes this file.

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "sharpeye/metrics/ptb_text.hpp"
#include "sharpeye/metrics/ptb_words.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// One function per kind of token. Each returns the end of the token of its kind that begins at i, or i where there is
/// none. Written from the behaviour of the reference implementation, not from its source.
class PtbRules : public PtbText {
 public:
  using PtbText::PtbText;

  // 's 'm 'd 'll 're 've 'n with no letter after it; after a curly apostrophe the reference does not check that.
  Size contraction(Size i) const { return contraction(i, at(i) == kCurlyApostrophe); }
  Size contraction(Size i, bool may_go_on) const {
    if (!is_apostrophe(i)) return i;
    for (const std::string_view ending : {"s", "m", "d", "ll", "re", "ve", "n"}) {
      const Size end = i + 1 + ending.size();
      const bool is_complete = ending == "n" ? is_space(end) : !is_ascii_letter(end);
      if (has(i + 1, ending) && (may_go_on || is_complete)) return end;
    }
    return i;
  }

  // d'art, o'clock, but not d'll
  Size elision(Size i) const {
    const bool is_elision = is_lower_one_of(i, U"dlno") && is_apostrophe(i + 1) && contraction(i + 1, false) == i + 1;
    const Size end = is_elision ? letters(i + 2) : i;
    return end > i + 3 ? end : i;
  }

  // ma'am, S'mores, ol', 'em
  Size apostrophe_word(Size i) const {
    for (const std::string_view known : kPtbApostropheWords) {
      if (has(i, known)) return i + known.size();
    }
    const Size apostrophe = letters(i);
    if (apostrophe == i || !is_apostrophe(apostrophe)) return i;
    const Size rest = apostrophe + 1, end = letters(rest);
    const bool is_single = rest == i + 2;
    const bool takes_n = is_single && is_lower_one_of(i, U"djly") && has(apostrophe, "'n");
    if (contraction(apostrophe, false) != apostrophe && !takes_n) return i;
    if (!is_single) {
      const bool joins =
          is_lower_one_of(apostrophe - 1, U"aeiouy") && (is_lower_one_of(rest, U"aeiou") || is_upper(rest));
      return joins ? end : i;
    }
    if (end > rest + 1 && is_upper(i) && !is_one_of(i, U"IY")) return end;
    return is_lower_one_of(i, U"djl") || (lower(i) == U'y' && end > rest) ? rest : i;
  }

  // What hyphens join.
  Size part(Size i) const { return std::max(words(i), elision(i)); }

  // (-part)* behind `end`; no match stays none.
  Size with_hyphens(Size i, Size end) const {
    while (end > i && is_hyphen(end) && part(end + 1) > end + 1) end = part(end + 1);
    return end;
  }

  // black-and-white, snake_case
  Size compound(Size i) const {
    Size end = part(i);
    while (end > i && (is_hyphen(end) || at(end) == U'_') && part(end + 1) > end + 1) end = part(end + 1);
    return end;
  }

  // red/white/blue, 1/2-inch, 12/25/2014: at most three parts
  Size slashed(Size i) const {
    const auto side = [&](Size j) {
      Size end = words(j);
      while (end > j && is_hyphen(end) && is_letter(end + 1)) end = words(end + 1);
      return end;
    };
    Size end = side(i);
    if (end == i) return i;
    for (int sides = 1; sides < 3 && at(end) == U'/' && is_word(end + 1); ++sides) end = side(end + 1);
    return end;
  }

  // 1/2, 1-1/2, 1 1/2
  Size fraction(Size i) const {
    const auto simple = [&](Size j) {
      const Size slash = digits(j);
      const Size end = at(slash) == U'/' ? digits(slash + 1) : slash;
      return slash > j && end > slash + 1 ? end : j;
    };
    const Size whole = digits(i);
    if (whole == i) return i;
    const bool is_mixed = is_one_of(whole, U"- ") && simple(whole + 1) > whole + 1;
    return is_mixed ? simple(whole + 1) : simple(i);
  }

  // A full stop, ! or ? without a space is taken for part of a name: foo.com, yahoo!answers.
  Size dotted(Size i) const {
    if (!is_letter(i)) return i;
    Size end = words(i);
    bool is_dotted = false;
    while (is_one_of(end, U".!?") && is_letter(end + 1)) {
      end = words(end + 1);
      is_dotted = true;
    }
    return is_dotted ? with_hyphens(i, end) : i;
  }

  // u.s., a.m., u.s.-based, a.m.-p.m., x.
  Size acronym(Size i) const {
    const auto dotted_letters = [&](Size j) {
      while (is_ascii_letter(j) && at(j + 1) == U'.') j += 2;
      return j;
    };
    const Size end = has(i, "ph.d.") ? i + 5 : dotted_letters(i);
    const bool is_range = end > i && is_hyphen(end) && dotted_letters(end + 1) > end + 3;
    return is_range ? dotted_letters(end + 1) : with_hyphens(i, end);
  }

  // mr., st., no. 5
  Size abbreviation(Size i) const {
    const Size end = letters(i);
    if (end == i || at(end) != U'.') return i;
    const std::string name = lower_text(i, end);
    const bool is_known =
        is_listed(kPtbAbbreviations, name) || (is_upper(i) && is_listed(kPtbCapitalAbbreviations, name)) ||
        (is_listed(kPtbNumberAbbreviations, name) && (is_digit(spaces(end + 1)) || is_one_of(end + 1, U",;:")));
    return is_known ? with_hyphens(i, end + 1) : i;
  }

  // r&b
  Size initials(Size i) const {
    const auto capitals = [&](Size j) { return run(j, [&](Size k) { return is_upper(k); }); };
    Size end = capitals(i);
    bool is_joined = false;
    while (end > i && is_one_of(end, U"&+") && is_upper(end + 1)) {
      end = capitals(end + 1);
      is_joined = true;
    }
    if (end > i && at(end) == U'$') return end + 1;  // US$
    return is_joined ? end : i;
  }

  // 1,000  3.5  10:30  .5  -5; with full stops and commas also 1.5-inch
  Size number(Size i) const {
    const Size start = i + is_one_of(i, U"+-");
    Size end = digits(start);
    bool is_plain = end > start;
    while (is_one_of(end, U".:,") && is_digit(end + 1)) {
      is_plain = is_plain && at(end) != U':';
      end = digits(end + 1);
    }
    if (end == start) return i;
    return is_plain && start == i ? with_hyphens(i, end) : end;
  }

  // '90s, '90
  Size decade(Size i) const {
    if (!is_apostrophe(i) || digits(i + 1) != i + 3) return i;
    const bool is_plural = at(i + 1) >= U'2' && at(i + 2) == U'0' && lower(i + 3) == U's';
    return is_plural ? i + 4 : is_space(i + 3) ? i + 3 : i;
  }

  // #name, @name
  Size handle(Size i) const {
    if (at(i) == U'#') {
      const Size end = letters(i + 1);
      return end > i + 1 ? end : i;
    }
    if (at(i) != U'@' || !(is_letter(i + 1) || at(i + 1) == U'_')) return i;
    return run(i + 1, [&](Size j) { return is_word(j) || at(j) == U'_'; });
  }

  // someone@example.com
  Size address(Size i) const {
    const auto part = [&](Size j) { return run(j, [&](Size k) { return is_word(k) || is_one_of(k, U".-_@"); }); };
    if (!is_word(i)) return i;
    Size end = part(i);
    while (end > i && !is_word(end - 1)) --end;
    return contains(i, end, U'@') ? end : i;
  }

  // http://example.com/page, www.example.com
  Size url(Size i) const {
    const Size host = has(i, "http://") ? i + 7 : has(i, "https://") ? i + 8 : i;
    if (host == i && !has(i, "www.")) return i;
    if (at(compound(host)) != U'.') return i;
    Size end = run(host, [&](Size j) { return !is_space(j) && !is_one_of(j, U"<>\"()'"); });
    while (end > i && is_one_of(end - 1, U".,;:!?-")) --end;
    return end;
  }

  // &#39;
  Size entity(Size i) const {
    const Size end = at(i) == U'&' && at(i + 1) == U'#' ? digits(i + 2) : i;
    return end > i + 2 && at(end) == U';' ? end + 1 : i;
  }

  // <b>, </b>, <br />, <a href="x">
  Size tag(Size i) const {
    if (at(i) != U'<') return i;
    const Size name = i + 1 + is_one_of(i + 1, U"/!?");
    if (!is_letter(name)) return i;
    const Size end = run(name, [&](Size j) { return !is_one_of(j, U"<>"); });
    const bool has_bare_value = contains(name, end, U'=') && !contains(name, end, U'"');
    return at(end) == U'>' && !has_bare_value ? end + 1 : i;
  }

  // :) ;-( =D
  Size smiley(Size i) const {
    const Size eyes = i + is_one_of(i, U"<>");
    if (!is_one_of(eyes, U":;=")) return i;
    const Size mouth = eyes + 1 + is_one_of(eyes + 1, U"-'*o");
    return is_one_of(mouth, U"()[]{|\\@DdPpO") && !is_word(mouth + 1) ? mouth + 1 : i;
  }

  // Repeated marks are one token: !!, ?!, ***, ___, ##, <<, >>, and others that are dropped as one.
  Size repeated(Size i) const {
    if (is_one_of(i, kDroppedRuns)) {
      const Size end = equal(i, at(i)), least = at(i) == U'.' ? 3 : 2;
      return end - i >= least ? end : i;
    }
    if (is_one_of(i, U"!?")) {
      const Size end = run(i, [&](Size j) { return is_one_of(j, U"!?"); });
      return end > i + 1 ? end : i;
    }
    return is_one_of(i, U"*_#<>") ? equal(i, at(i)) : i;
  }

 protected:
  static constexpr std::u32string_view kDroppedRuns = U"-'`.";
};

SHARPEYE_NAMESPACE_END
