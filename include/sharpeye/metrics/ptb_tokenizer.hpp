#pragma once

/// @file
/// Captions as words, as the caption metrics want them: Stanford's PTB tokenizer and coco-caption's list of
/// punctuation.

#include <string>
#include <string_view>
#include <vector>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// The words of a caption as coco-caption's PTBTokenizer gives them (Stanford CoreNLP 3.4.1 with `-preserveLines
/// -lowerCase`, then without `'' ' `` ` . ? ! , : - -- ... ;`). Never fails: what is not UTF-8 separates words.
///
/// Covered: contractions (do n't, it 's, can not, gon na, 't is), words with apostrophes (o'clock, ma'am), hyphens,
/// abbreviations (mr., st., u.s., a.m., no. 5), numbers, fractions, times, decades ('90s), currency ($ 5, us$), AT&T,
/// red/white/blue, names with full stops (foo.com), URLs, mail addresses, #names, @names, tags, HTML entities,
/// smileys, quotes and dashes of Unicode, runs of marks. Brackets become `-lrb-` and so on and stay words: coco-caption
/// means to drop them, but lists them in upper case. `!!` and `?!` stay words too.
/// Not covered: telephone numbers with brackets, kaomoji, n't behind letters that are not ASCII, abbreviations followed
/// by one more letter without a space, capitals outside Latin-1, Latin Extended-A, Greek, Cyrillic and Vietnamese.
/// The reference puts no-break spaces inside `2 1/2`, `<br />` and telephone numbers; BLEU and CIDEr split there and so
/// do we, ROUGE-L does not. It also looks across the end of a caption into the next one, which can change a single
/// letter with a full stop at the end.
std::vector<std::string> caption_tokens(std::string_view caption);

SHARPEYE_NAMESPACE_END

#if !defined(SHARPEYE_COMPILED)
#include "sharpeye/metrics/ptb_tokenizer.inl"
#endif
