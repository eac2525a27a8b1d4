#!/usr/bin/env python3
"""Writes the tokenizer fixtures of tests/fixtures/text from Hugging Face's slow and fast GPT-2 tokenizers.

    /opt/refvenv/bin/python tests/reference/make_tokenizer_goldens.py [shared data folder]

opt_hashes.txt  for each 100 of 20,000 strings one 64-bit hash of OPT's ids, of the piece lengths, of decoded random ids
tiny/goldens.jsonl   strings and ids in full, for the 600-token vocabulary
The strings come from alphabets.txt (text_generator.py); the C++ test makes the same ones (generated_text.hpp).
"any" is every code point of which Unicode 14 (onig of tokenizers 0.19.1), 15 (our table) and 17 (`regex`) agree.
"""
import json
import pathlib
import sys

import regex
import tokenizers
from transformers import GPT2Tokenizer, GPT2TokenizerFast

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools/convert"))
from make_unicode_tables import LETTER, NUMBER, SPACE, read_classes  # noqa: E402
from text_generator import FIXTURES, Hash, generated_text, random_stream, read_alphabets  # noqa: E402

STRINGS, PER_HASH = 20000, 100
OPT_SPECIALS = dict(bos_token="</s>", eos_token="</s>", unk_token="</s>", pad_token="<pad>")
ALL_SPECIALS = dict(OPT_SPECIALS, mask_token="<mask>", additional_special_tokens=["<s>", "<unk>"])

HAND_PICKED = [
    "", " ", "  ", "   ", "\n", "\n\n", " \n ", "a", "a ", " a", "  a", "a  b", "a\n\nb", "a \n b", "\t\ta", "a\u00a0b", "a\u00a0 b",
    "\u3000a", "a\u3000\u3000b", "I like you.", "it's we've I'm they'll he'd isn't you're", "IT'S WE'VE", "'s", " 's", "''s", "'sss",
    "'", "x'y", "can\u2019t", "3 dogs, 12 cats and 1000000 birds", "3rd 4x4", "\u00b2\u2075\u00bd", "\u2167\u2168", "...!?", " ...", "a...b",
    "USER: ", "What is in the photo? ASSISTANT:", "\nWhat is in the photo? ASSISTANT:", "A small yellow bus is parked at the station.",
    "caf\u00e9 cafe\u0301 na\u00efve", "\u041a\u043e\u0448\u043a\u0430", "\u732b\u304c\u5ea7\u3063\u3066\u3044\u308b", "\u0642\u0637\u0629", "\u1781\u17d2\u1789\u17bb\u17c6", "\U0001F468\u200d\U0001F469\u200d\U0001F467 family",
    "\U0001F3F4\U000E0067\U000E0062\U000E007F", "\U0001D49C\U0001D7D8", "a\0b", "a\u200bb", "\ufeffa", "a\u2028b", "<s>", "a<s>b", "a <s> b",
    "</s></s>", "<pad>x<unk>", " <mask> ", "a<mask>", "<mask >", "<image>", "{initial}", "x . y , do n't ? it 's !", "Hello,\r\nworld\r\n",
]


def check_classes(alphabets):
    """Our table, the `regex` module and onig must put every code point of the alphabets into the same class."""
    classes, _ = read_classes(pathlib.Path("/usr/share/unicode"))
    code_points = sorted({c if isinstance(c, int) else ord(c) for *_, items in alphabets for item in items for c in item})
    for number, pattern in ((LETTER, r"\p{L}"), (NUMBER, r"\p{N}"), (SPACE, r"\s")):
        module = regex.compile(pattern)
        onig = tokenizers.pre_tokenizers.Split(tokenizers.Regex(pattern), behavior="removed", invert=True)
        members = set()
        for begin in range(0, len(code_points), 4096):  # offsets are quadratic in the length of the text
            text = "".join(map(chr, code_points[begin:begin + 4096]))
            members.update(ord(c) for piece, _ in onig.pre_tokenize_str(text) for c in piece)
        for c in code_points:
            assert (classes[c] == number) == (c in members) == bool(module.match(chr(c))), hex(c)


def generated_ids(number, vocab_size):
    stream = random_stream(number + 1000000)
    return [next(stream) % vocab_size for _ in range(1 + next(stream) % 12)]


class Reference:
    """The slow and the fast tokenizer, which must agree."""

    def __init__(self, folder, specials):
        files = str(folder / "vocab.json"), str(folder / "merges.txt")
        self.slow = GPT2Tokenizer(*files, add_bos_token=True, **specials)
        self.fast = GPT2TokenizerFast(*files, **specials)
        self.plain = GPT2Tokenizer(*files, add_bos_token=True, split_special_tokens=True, **specials)

    def ids(self, text):
        ids = self.slow(text).input_ids
        assert ids == [2] + self.fast(text).input_ids, text
        return ids

    def piece_lengths(self, text):
        return [len(piece) for piece, _ in self.fast.backend_tokenizer.pre_tokenizer.pre_tokenize_str(text)]

    def decode(self, ids, skip_special, clean_up):
        text = self.fast.decode(ids, skip_special_tokens=skip_special, clean_up_tokenization_spaces=clean_up)
        slow = self.slow.decode(ids, skip_special_tokens=skip_special, clean_up_tokenization_spaces=clean_up)
        assert text == slow, (ids, text, slow)
        return text


def write_opt_hashes(reference, alphabets):
    lines = []
    for block in range(STRINGS // PER_HASH):
        ids, pieces, decoded = Hash(), Hash(), Hash()
        for number in range(block * PER_HASH, (block + 1) * PER_HASH):
            text = generated_text(alphabets, number)
            ids.add_numbers(reference.ids(text))
            pieces.add_numbers(reference.piece_lengths(text))
            random_ids = generated_ids(number, len(reference.slow))
            decoded.add(reference.decode(random_ids, number % 2 == 0, False).encode() + b"\xff")
        lines.append(f"{ids.value:016x} {pieces.value:016x} {decoded.value:016x}\n")
    (FIXTURES / "opt_hashes.txt").write_text("".join(lines))


def write_tiny_goldens(alphabets):
    folder = FIXTURES / "tiny"
    everything, opt = Reference(folder, ALL_SPECIALS), Reference(folder, OPT_SPECIALS)
    lines = []
    for text in HAND_PICKED + [generated_text(alphabets, number) for number in range(40)]:
        ids = everything.ids(text)
        golden = dict(text=text, ids=ids, ids_opt=opt.ids(text), ids_text=everything.plain(text).input_ids,
                      pieces=everything.piece_lengths(text), decoded=everything.decode(ids, True, True))
        lines.append(json.dumps(golden, separators=(",", ":")) + "\n")
    (folder / "goldens.jsonl").write_text("".join(lines))


def main():
    shared = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT.parent / "shared/data")
    alphabets = read_alphabets()
    check_classes(alphabets)
    write_tiny_goldens(alphabets)
    write_opt_hashes(Reference(shared / "opt-tokenizer", ALL_SPECIALS), alphabets)


if __name__ == "__main__":
    main()
