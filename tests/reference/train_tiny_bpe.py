#!/usr/bin/env python3
"""Trains the 600-token byte-level BPE of tests/fixtures/text/tiny on the captions below.

Layout as OPT's: <s> <pad> </s> <unk> are 0..3, then the 256 bytes, then the merges in order, and <mask> is last.
Deterministic: the most frequent pair first, ties by spelling. Run with any Python that has `regex`:
    /opt/refvenv/bin/python tests/reference/train_tiny_bpe.py
"""
import collections
import json
import pathlib

import regex

VOCAB_SIZE = 600
SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]
PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CAPTIONS = """\
USER: What is in the photo? ASSISTANT: A brown dog runs along the beach with a red ball in its mouth.
USER: What is in the photo? ASSISTANT: Two children are sitting on a wooden bench under a large tree.
USER: What is in the photo? ASSISTANT: A small yellow striped ring is left of a small orange square on cyan.
A cat sleeps on a blue sofa next to a window, and the sun is shining on the floor.
A man in a black jacket is riding a bicycle down a wet street in the city at night.
A large green circle is above a small red triangle on a white background.
A small purple dotted square is right of a large blue striped circle on a gray background.
A large yellow triangle is below a small cyan ring on a black background.
There is a plate of food on the table with rice, beans, a fork and a glass of water.
A woman holding an umbrella is walking past a yellow bus that is parked at the station.
Three boats are floating on the lake, and there are mountains in the distance.
A group of people standing around a kitchen while a woman is cutting a cake.
The clock on the tower shows 10 past 4, and it's a cloudy day with people in the square.
A white horse stands in a field of grass behind a wooden fence near a red barn.
Someone's laptop, a cup of coffee and two books are on the desk in front of a window.
A train is coming down the tracks towards the platform, where people are waiting with their bags.
A young girl in a pink dress is blowing out 5 candles on a birthday cake.
A bird with bright green and blue feathers is perched on the branch of a tree.
The street sign says that you can't turn left, but the blue car is turning left anyway.
A baseball player swings his bat at the ball while the catcher and the umpire are watching.
An old red truck is parked on the side of the road in front of a house with a white door.
A bowl of apples, oranges and bananas sits on a kitchen counter next to the sink.
A boy is flying a kite on the beach, and a dog is running after him.
Two giraffes are eating leaves from a tall tree in the middle of a dry field.
A person on skis is going down a snowy hill, with trees and mountains in the background.
A small orange ring is above a large gray dotted triangle on a blue background.
A large red striped square is left of a small green circle on a yellow background.
A bathroom with a white toilet, a sink, a mirror and a shower with a blue curtain.
A large airplane is taking off from the runway on a clear day; there aren't any clouds in the sky.
Several sheep are grazing on the green grass of a hill beside a quiet road.
A man is standing in the water holding a surfboard and looking at the waves.
A black and white photo of a city street with cars, a bridge and tall buildings.
A tennis player in a white shirt is about to hit the ball with her racket.
A teddy bear and a toy train are lying on the bed in a child's room.
"""


def byte_alphabet():
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {**{byte: chr(byte) for byte in printable}, **{byte: chr(256 + n) for n, byte in enumerate(others)}}


def merged(word, pair):
    result = []
    for symbol in word:
        if result and (result[-1], symbol) == pair:
            result[-1] += symbol
        else:
            result.append(symbol)
    return tuple(result)


def train(text, count):
    alphabet = byte_alphabet()
    words = collections.Counter(
        tuple(alphabet[byte] for byte in piece.encode()) for piece in regex.findall(PATTERN, text))
    merges = []
    while len(merges) < count:
        pairs = collections.Counter()
        for word, times in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += times
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        words = collections.Counter({merged(word, best): times for word, times in words.items()})
    return merges


def main():
    merges = train(CAPTIONS, VOCAB_SIZE - len(SPECIALS) - 256 - 1)
    tokens = [*SPECIALS, *byte_alphabet().values(), *(a + b for a, b in merges), "<mask>"]
    assert len(tokens) == len(set(tokens)) == VOCAB_SIZE
    folder = pathlib.Path(__file__).parents[1] / "fixtures/text/tiny"
    vocab = json.dumps({token: number for number, token in enumerate(tokens)}, ensure_ascii=False)
    (folder / "vocab.json").write_text(vocab + "\n", encoding="utf-8")
    lines = ["#version: 0.2", *(f"{a} {b}" for a, b in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
