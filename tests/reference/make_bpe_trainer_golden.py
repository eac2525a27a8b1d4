#!/usr/bin/env python3
"""Compares our BPE training with Hugging Face's on the captions of train_tiny_bpe.py.

Shows (asserts) that `tokenizers` makes the same merges as the plain Python trainer when that one breaks ties by token
ids, as theirs does; the C++ trainer breaks them by spelling. Writes their tokens, and those of them that ours lacks
because of ties, to tests/fixtures/text/bpe_trainer/hugging_face.json. Needs `regex` and `tokenizers`:
    /opt/refvenv/bin/python tests/reference/make_bpe_trainer_golden.py
"""
import collections
import json
import pathlib
import tempfile

import regex
from tokenizers import ByteLevelBPETokenizer

from train_tiny_bpe import CAPTIONS, PATTERN, SPECIALS, VOCAB_SIZE, byte_alphabet, merged

MIN_COUNT = 2


def train(by_ids):
    alphabet = byte_alphabet()
    ids = {token: number for number, token in enumerate([*SPECIALS, *sorted(alphabet.values())])}
    words = collections.Counter(
        tuple(alphabet[byte] for byte in piece.encode()) for piece in regex.findall(PATTERN, CAPTIONS))
    merges = []
    while len(ids) < VOCAB_SIZE:
        pairs = collections.Counter()
        for word, times in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += times
        best = min(pairs, key=lambda pair: (-pairs[pair], (ids[pair[0]], ids[pair[1]]) if by_ids else pair))
        if pairs[best] < MIN_COUNT:
            break
        merges.append(best)
        ids.setdefault("".join(best), len(ids))
        words = collections.Counter({merged(word, best): times for word, times in words.items()})
    return merges, list(ids)


def main():
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator([CAPTIONS], vocab_size=VOCAB_SIZE, min_frequency=MIN_COUNT, special_tokens=SPECIALS,
                                  show_progress=False)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.save_model(folder)
        lines = (pathlib.Path(folder) / "merges.txt").read_text(encoding="utf-8").splitlines()
    theirs = [tuple(line.split(" ")) for line in lines[1:]]
    by_ids, tokens = train(by_ids=True)
    assert theirs == by_ids, "not the same merges"
    assert tokenizer.get_vocab() == {token: number for number, token in enumerate(tokens)}
    _, ours = train(by_ids=False)
    ties = sorted(set(tokens) - set(ours), key=lambda token: token.encode())
    print(f"{len(tokens)} tokens, {len(theirs)} merges; missing in ours because of ties: {ties}")
    path = pathlib.Path(__file__).parents[1] / "fixtures/text/bpe_trainer/hugging_face.json"
    path.write_text(json.dumps({"ours": len(ours), "ties": ties, "tokens": tokens}, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
