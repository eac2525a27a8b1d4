#pragma once

/// @file
/// The words for which the PTB tokenizer has special rules, in lower case. Found by trying every word of at most five
/// letters, and a larger vocabulary of English, with Stanford's tokenizer.

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string_view>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Whether a sorted list has the word.
template <std::size_t N>
bool is_listed(const std::string_view (&list)[N], std::string_view word) noexcept {
  return std::binary_search(std::begin(list), std::end(list), word);
}

/// Keep their full stop.
inline constexpr std::string_view kPtbAbbreviations[] = {
    "adj",  "adm",   "adv",   "al",    "ala",   "alex",  "apr",  "ariz",  "assn", "assoc",  "asst", "atty",  "attys",
    "aug",  "ave",   "bhd",   "bldg",  "blvd",  "brig",  "bros", "calif", "capt", "cf",     "cie",  "cmdr",  "co",
    "col",  "colo",  "comdr", "conn",  "corp",  "cos",   "cpl",  "ct",    "dak",  "dec",    "dept", "det",   "dr",
    "drs",  "elec",  "ens",   "esq",   "est",   "etc",   "ext",  "feb",   "fla",  "fri",    "ft",   "ga",    "gen",
    "gov",  "govs",  "hon",   "inc",   "ind",   "insp",  "intl", "invt",  "jan",  "jos",    "jr",   "jul",   "jun",
    "kan",  "kans",  "ky",    "lieut", "lt",    "ltd",   "maj",  "mar",   "md",   "messrs", "mfg",  "mich",  "minn",
    "mlle", "mme",   "mo",    "mon",   "mont",  "mr",    "mrs",  "ms",    "msgr", "mt",     "mtg",  "natl",  "neb",
    "nev",  "nov",   "oct",   "okla",  "penn",  "pfc",   "ph",   "plc",   "ppte", "pptes",  "ppty", "pptys", "pres",
    "prof", "profs", "pte",   "ptes",  "pty",   "ptys",  "pvt",  "rd",    "rep",  "reps",   "rev",  "rt",    "sen",
    "sens", "sep",   "sept",  "seq",   "sfc",   "sgt",   "spc",  "sq",    "sr",   "st",     "ste",  "supt",  "supts",
    "sys",  "tel",   "tenn",  "thu",   "thurs", "treas", "tue",  "tues",  "univ", "va",     "vs",   "vt",    "wed",
    "wis",  "wisc",  "wm",    "wyo"};

/// Keep their full stop if they begin with a capital.
inline constexpr std::string_view kPtbCapitalAbbreviations[] = {"ark",  "az",  "del", "ill", "la",  "mass",
                                                                "miss", "ore", "pa",  "tex", "wash"};

/// Keep their full stop before a number.
inline constexpr std::string_view kPtbNumberAbbreviations[] = {"art", "ca", "fig", "figs", "no",
                                                               "nos", "op", "pp",  "prop"};

/// Words of two tokens; the second has two letters, but in "cannot" three.
inline constexpr std::string_view kPtbDoubleWords[] = {"cannot", "gimme", "gonna", "gotta", "lemme", "wanna"};

/// Begin a sentence: before them the full stop of a single letter ends one.
inline constexpr std::string_view kPtbSentenceStarters[] = {
    "a",    "about", "according", "additionally", "after", "an", "as",   "at",   "but",   "earlier", "he",
    "her",  "here",  "however",   "if",           "in",    "it", "last", "many", "more",  "now",     "once",
    "one",  "other", "our",       "she",          "since", "so", "some", "such", "that",  "the",     "their",
    "then", "there", "these",     "they",         "this",  "we", "what", "when", "while", "yet",     "you"};

/// Words with an apostrophe that no other rule of PtbLexer keeps whole.
inline constexpr std::string_view kPtbApostropheWords[] = {
    "'cause", "'em", "'n'", "'til", "c'mon", "cap'n", "dunkin'", "e'er", "ev'ry", "li'l", "o'o", "ol'", "s'mores"};

SHARPEYE_NAMESPACE_END
