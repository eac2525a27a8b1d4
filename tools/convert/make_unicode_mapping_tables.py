#!/usr/bin/env python3
"""Writes include/sharpeye/text/unicode_mapping_tables.hpp from the Unicode Character Database.

    python3 tools/convert/make_unicode_mapping_tables.py [/usr/share/unicode]     (Debian package unicode-data)

What the normalizers of Hugging Face's tokenizers need: canonical decompositions and compositions, combining classes,
lower case, the word characters of Rust's regex, and the classes of BERT's tokenizer.

BERT's classes are those of the Rust crate unicode_categories 0.1.1, which knows Unicode 8.0 and nothing later. Five
characters have changed their category since. Decompositions and combining classes are those of Unicode 9.0 (crate
unicode-normalization-alignments 0.1), word characters those of Unicode 16.0 (crate regex 1.10), whose new ones were
found by trying, as were the letters of Unicode 16.0 and 17.0 with a lower case. All tables were tried for all code
points against tokenizers 0.23.3: no difference.
"""
import pathlib
import sys

OTHER, CONTROL, PUNCTUATION, NONSPACING_MARK = range(4)
ASCII_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
CATEGORY_IN_UNICODE_8 = {0x166D: "Po", 0x111C9: "Po", 0x1734: "Mn", 0x1885: "Lo", 0x1886: "Lo", 0xA9BD: "Mc"}
NEW_WORD_CHARACTERS = """
    897 1C89-1C8A A7CB-A7CD A7DA-A7DC 105C0-105F3 10D40-10D65 10D69-10D6D 10D6F-10D85 10EC2-10EC4 10EFC 11380-11389 1138B
    1138E 11390-113B5 113B7-113C0 113C2 113C5 113C7-113CA 113CC-113D3 113E1-113E2 116D0-116E3 11BC0-11BE0 11BF0-11BF9
    11F5A 13460-143FA 16100-16139 16D40-16D6C 16D70-16D79 18CFF 1CCF0-1CCF9 1E5D0-1E5FA 2EBF0-2EE5D"""
NEW_LOWER_CASE = """
    1C89>1C8A A7CB>264 A7CC>A7CD A7CE>A7CF A7D2>A7D3 A7D4>A7D5 A7DA>A7DB A7DC>19B"""
NEW_LOWER_CASE_RANGES = {(0x10D50, 0x10D65): 0x10D70, (0x16EA0, 0x16EB8): 0x16EBB}
HEADER = pathlib.Path(__file__).parents[2] / "include/sharpeye/text/unicode_mapping_tables.hpp"
SIZE = 0x110000


def read_characters(folder):
    """{code point: fields of UnicodeData.txt}, with the ranges filled in."""
    characters, first = {}, 0
    for line in (folder / "UnicodeData.txt").read_text().splitlines():
        fields = line.split(";")
        code = int(fields[0], 16)
        if not fields[1].endswith("Last>"):
            first = code
        for code_point in range(first, code + 1):
            characters[code_point] = fields
    return characters


def read_property(path, wanted=None):
    """[(code point, value)] of a file of lines "first..last ; value # comment"."""
    for line in path.read_text().splitlines():
        columns = [column.strip() for column in line.split("#")[0].split(";")]
        if len(columns) < 2 or (wanted and columns[1] != wanted):
            continue
        first, *last = (int(number, 16) for number in columns[0].split(".."))
        for code_point in range(first, (last or [first])[0] + 1):
            yield code_point, columns[1]


def runs(values, shift):
    """Where runs of equal values begin, as `code point << shift | value`."""
    return [c << shift | values[c] for c in range(SIZE) if c == 0 or values[c] != values[c - 1]]


def lower_case_runs(characters):
    """(first, last, step, difference): code points that differ from their lower case by the same number."""
    lower = {c: int(fields[13], 16) for c, fields in characters.items() if fields[13]}
    lower.update(map(lambda pair: int(pair, 16), pair.split(">")) for pair in NEW_LOWER_CASE.split())
    for (first, last), target in NEW_LOWER_CASE_RANGES.items():
        lower.update((c, target + c - first) for c in range(first, last + 1))
    del lower[0x130]  # becomes two characters
    found = []
    for c, target in sorted(lower.items()):
        difference = target - c
        if found and found[-1][3] == difference:
            first, last, step, _ = found[-1]
            if c - last in (1, 2) and (first == last or c - last == step):
                found[-1] = (first, c, c - last, difference)
                continue
        found.append((c, c, 1, difference))
    return found


def lines_of(words):
    lines, line = [], " "
    for word in words:
        if len(line) + 1 + len(word) > 120:
            lines.append(line)
            line = " "
        line += " " + word
    return "\n".join(lines + [line])


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/unicode")
    version = (folder / "PropList.txt").read_text().splitlines()[0].split("-")[1].removesuffix(".txt")
    characters = read_characters(folder)
    categories = {c: fields[2] for c, fields in characters.items()}
    ages = {c: tuple(map(int, age.split("."))) for c, age in read_property(folder / "DerivedAge.txt")}

    bert, word = bytearray(SIZE), bytearray(SIZE)
    for c, category in categories.items():
        category = CATEGORY_IN_UNICODE_8.get(c, category)
        if ages[c] > (8, 0):
            continue
        if category in ("Cc", "Cf", "Co"):
            bert[c] = CONTROL
        elif category[0] == "P" or (c < 128 and chr(c) in ASCII_PUNCTUATION):
            bert[c] = PUNCTUATION
        elif category == "Mn":
            bert[c] = NONSPACING_MARK
    for c, category in categories.items():
        word[c] = category[0] == "M" or category in ("Nd", "Pc")
    for c, _ in read_property(folder / "DerivedCoreProperties.txt", "Alphabetic"):
        word[c] = 1
    for c, _ in read_property(folder / "PropList.txt", "Join_Control"):
        word[c] = 1

    for piece in NEW_WORD_CHARACTERS.split():
        first, *last = (int(number, 16) for number in piece.split("-"))
        word[first:(last or [first])[0] + 1] = bytes([1]) * ((last or [first])[0] + 1 - first)

    excluded = {c for c, _ in read_property(folder / "DerivedNormalizationProps.txt", "Full_Composition_Exclusion")}
    combining, decompositions = bytearray(SIZE), []
    for c, fields in sorted(characters.items()):
        if ages[c] > (9, 0):
            continue
        combining[c] = int(fields[3])
        if fields[5] and not fields[5].startswith("<"):
            first, *second = (int(number, 16) for number in fields[5].split())
            decompositions.append((c, first, (second or [0])[0]))
    compositions = sorted((first, second, c) for c, first, second in decompositions if c not in excluded)

    bert_starts, word_starts, combining_starts = runs(bert, 2), runs(word, 1), runs(combining, 8)
    lower = lower_case_runs(characters)
    HEADER.write_text(f"""\
#pragma once

/// @file
/// Generated by tools/convert/make_unicode_mapping_tables.py from the Unicode Character Database {version}; do not edit.

#include <cstdint>

#include "sharpeye/version.hpp"

SHARPEYE_NAMESPACE_BEGIN

/// Runs of code points whose lower case is `difference` away; every `step`th one from `first` to `last`.
struct LowerCaseRun {{
  std::uint32_t first, last, step;
  std::int32_t difference;
}};

/// A character and its canonical decomposition by one step; `second` is 0 where it is one character.
struct Decomposition {{
  std::uint32_t composed, first, second;
}};

/// The tables are ascending. Runs end where the next one begins.
// clang-format off

/// `code_point << 2 | class`, the class being a BertClass.
inline constexpr std::uint32_t kBertClassStarts[{len(bert_starts)}] = {{
{lines_of(f"0x{x:x}," for x in bert_starts)}
}};

/// `code_point << 1 | 1` for word characters: letters, marks, decimal digits, connectors and joiners.
inline constexpr std::uint32_t kWordStarts[{len(word_starts)}] = {{
{lines_of(f"0x{x:x}," for x in word_starts)}
}};

/// `code_point << 8 | canonical combining class`.
inline constexpr std::uint32_t kCombiningStarts[{len(combining_starts)}] = {{
{lines_of(f"0x{x:x}," for x in combining_starts)}
}};

/// All but U+0130, which becomes two characters.
inline constexpr LowerCaseRun kLowerCaseRuns[{len(lower)}] = {{
{lines_of(f"{{0x{a:x}, 0x{b:x}, {s}, {d}}}," for a, b, s, d in lower)}
}};

/// By composed character.
inline constexpr Decomposition kDecompositions[{len(decompositions)}] = {{
{lines_of(f"{{0x{c:x}, 0x{a:x}, 0x{b:x}}}," for c, a, b in decompositions)}
}};

/// By first and second character; without those that Unicode excludes from composition.
inline constexpr Decomposition kCompositions[{len(compositions)}] = {{
{lines_of(f"{{0x{c:x}, 0x{a:x}, 0x{b:x}}}," for a, b, c in compositions)}
}};
// clang-format on

SHARPEYE_NAMESPACE_END
""")


if __name__ == "__main__":
    main()
