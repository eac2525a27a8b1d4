"""The random strings of the tokenizer goldens and the hash of what becomes of them; generated_text.hpp is the same.

alphabets.txt is written by hand: one kind of segment a line, with its name, least and most elements, and elements in
hexadecimal, texts as 3C+73+3E, ranges as 61-7A.
"""
import pathlib

FIXTURES = pathlib.Path(__file__).parents[2] / "tests/fixtures/text"


def random_stream(seed):
    """splitmix64."""
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        z = state
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        yield z ^ z >> 31


def read_alphabets():
    """[(least, most, [range of code points, or text])] from alphabets.txt."""
    alphabets = []
    for line in (FIXTURES / "alphabets.txt").read_text().splitlines():
        _, least, most, *words = line.split()
        items = []
        for word in words:
            first, *last = (int(number, 16) for number in word.replace("-", "+").split("+"))
            items.append(range(first, last[0] + 1) if "-" in word else "".join(map(chr, [first, *last])))
        alphabets.append((int(least), int(most), items))
    return alphabets


def generated_text(alphabets, number):
    stream = random_stream(number)
    text = ""
    for _ in range(1 + next(stream) % 10):
        least, most, items = alphabets[next(stream) % len(alphabets)]
        for _ in range(least + next(stream) % (most - least + 1)):
            item = items[next(stream) % len(items)]
            text += item if isinstance(item, str) else chr(item[next(stream) % len(item)])
    return text


class Hash:
    """FNV-1a, 64 bits."""

    def __init__(self):
        self.value = 0xCBF29CE484222325

    def add(self, data):
        for byte in data:
            self.value = (self.value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF

    def add_numbers(self, numbers):
        self.add(b"".join(number.to_bytes(4, "little") for number in [*numbers, 0xFFFFFFFF]))
