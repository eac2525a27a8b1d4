#!/usr/bin/env python3
"""Writes the metric goldens of tests/fixtures/metrics: an independent, plain implementation of coco-caption's formulas.

    make_metric_goldens.py                  # scores.json, from synthetic captions; Python's standard library only
    make_metric_goldens.py --check          # also compares with pycocoevalcap, which must be importable
    make_metric_goldens.py --tokens JAR     # captions.tokens.txt from captions.txt, by Stanford's tokenizer (needs java)

The jar is stanford-corenlp-3.4.1.jar, which comes with the Python package pycocoevalcap 1.2. The synthetic captions are
made again by tests/metrics/synthetic_captions.hpp.
"""
import collections
import json
import math
import pathlib
import subprocess
import sys
import tempfile

FIXTURES = pathlib.Path(__file__).parents[2] / "tests/fixtures/metrics"
IMAGES, KEPT, SIZES = 10000, 500, (1, 2, 3, 50, 10000)
VOCABULARY = 400
PUNCTUATION = "'' ' `` ` -LRB- -RRB- -LCB- -RCB- . ? ! , : - -- ... ;".split()


# --- Synthetic captions.

def random_stream(state):
    """splitmix64."""
    while True:
        state = (state + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        z = state
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        yield z ^ z >> 31


def synthetic_image(number):
    """(references, candidate), lists of words: walks along the words of a topic, with jumps and strange words."""
    stream = random_stream(number)

    def below(limit):
        return next(stream) % limit

    def word():
        first = below(VOCABULARY)
        return f"w{first * below(VOCABULARY) // VOCABULARY}"  # small numbers are frequent

    topic = [word() for _ in range(6 + below(8))]

    def caption():
        if below(60) == 0:
            return []
        at, words = below(len(topic)), []
        for _ in range(2 + below(12)):
            choice = below(8)
            if choice == 0:
                at = below(len(topic))
            words.append(word() if choice == 1 else topic[at])
            at = (at + 1) % len(topic)
        return words

    references = [caption() for _ in range(1 + below(6))]
    return references, caption()


# --- The formulas.

def ngrams(words, n):
    return collections.Counter(tuple(words[i:i + n]) for i in range(len(words) - n + 1))


def bleu_counts(references, candidate):
    """[candidate length, closest reference length, correct 1..4, guessed 1..4]"""
    length = len(candidate)
    counts = [length, min((abs(len(r) - length), len(r)) for r in references)[1]]
    for n in range(1, 5):
        most = collections.Counter()
        for reference in references:
            most |= ngrams(reference, n)
        counts.append(sum((ngrams(candidate, n) & most).values()))
    return counts + [max(0, length - n + 1) for n in range(1, 5)]


def bleu(counts):
    length, reference, *rest = counts
    ratio = (length + 1e-15) / (reference + 1e-9)
    penalty = math.exp(1 - 1 / ratio) if ratio < 1 else 1.0
    precisions = [(c + 1e-15) / (g + 1e-9) for c, g in zip(rest[:4], rest[4:])]
    return [math.prod(precisions[:n]) ** (1 / n) * penalty for n in range(1, 5)]


def common_length(a, b):
    """Of the longest common subsequence."""
    row = [0] * (len(b) + 1)
    for x in a:
        above, row = row, [0]
        for j, y in enumerate(b):
            row.append(above[j] + 1 if x == y else max(above[j + 1], row[j]))
    return row[-1]


def rouge_l(references, candidate):
    candidate = candidate or [""]
    references = [r or [""] for r in references]
    common = [common_length(r, candidate) for r in references]
    precision = max(c / len(candidate) for c in common)
    recall = max(c / len(r) for c, r in zip(common, references))
    if precision == 0 or recall == 0:
        return 0.0
    return (1 + 1.2 ** 2) * precision * recall / (recall + 1.2 ** 2 * precision)


def ciders(images):
    """(CIDEr, CIDEr-D) of each image"""
    frequency = collections.Counter()
    for references, _ in images:
        frequency.update({g for r in references for n in range(1, 5) for g in ngrams(r, n)})

    def vector(words, n):
        return {g: c * (math.log(len(images)) - math.log(max(1, frequency[g]))) for g, c in ngrams(words, n).items()}

    def norm(v):
        return math.sqrt(sum(x * x for x in v.values()))

    for references, candidate in images:
        plain = defended = 0.0
        for reference in references:
            difference = max(0, len(candidate) - 1) - max(0, len(reference) - 1)
            penalty = math.exp(-difference ** 2 / 72)
            for n in range(1, 5):
                ours, theirs = vector(candidate, n), vector(reference, n)
                norms = norm(ours) * norm(theirs)
                if norms > 0:
                    plain += sum(x * theirs.get(g, 0) for g, x in ours.items()) / norms
                    clipped = sum(min(x, theirs.get(g, 0)) * theirs.get(g, 0) for g, x in ours.items())
                    defended += clipped / norms * penalty
        yield 10 * plain / 4 / len(references), 10 * defended / 4 / len(references)


def evaluate(images):
    """{metric: (score of the corpus, [score of each image])}"""
    counts = [bleu_counts(*image) for image in images]
    per_image = [bleu(c) for c in counts]
    corpus = bleu([sum(column) for column in zip(*counts)])
    scores = {f"Bleu_{n + 1}": (corpus[n], [b[n] for b in per_image]) for n in range(4)}
    lists = {"ROUGE_L": [rouge_l(*image) for image in images]}
    lists["CIDEr"], lists["CIDEr-D"] = map(list, zip(*ciders(images)))
    return {**scores, **{name: (math.fsum(values) / len(values), values) for name, values in lists.items()}}


# --- The work.

def weight(i):
    return (i * 7919 % 1000 + 1) / 1000


def write_scores(images):
    result = {"images": IMAGES, "kept": KEPT, "corpus": {}, "every": {}, "weighted_sum": {}}
    for size in SIZES:
        scores = evaluate(images[:size])
        result["corpus"][str(size)] = {name: corpus for name, (corpus, _) in scores.items()}
    for name, (_, values) in scores.items():
        result["every"][name] = values[::KEPT]
        result["weighted_sum"][name] = math.fsum(weight(i) * value for i, value in enumerate(values))
    (FIXTURES / "scores.json").write_text(json.dumps(result, indent=1) + "\n")
    return scores


def check(images, scores):
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge
    references = {i: [" ".join(r) for r in image[0]] for i, image in enumerate(images)}
    candidates = {i: [" ".join(image[1])] for i, image in enumerate(images)}
    theirs = dict(zip([f"Bleu_{n}" for n in range(1, 5)], zip(*Bleu(4).compute_score(references, candidates, verbose=0))))
    theirs["ROUGE_L"] = Rouge().compute_score(references, candidates)
    theirs["CIDEr-D"] = Cider().compute_score(references, candidates)
    for name, (corpus, values) in theirs.items():
        worst = max(abs(x - y) for x, y in zip(scores[name][1], values))
        print(f"{name}: corpus differs by {abs(scores[name][0] - corpus):.1e}, images by at most {worst:.1e}")
        assert worst < 1e-9 and abs(scores[name][0] - corpus) < 1e-9, name


def write_tokens(jar):
    lines = (FIXTURES / "captions.txt").read_text().splitlines()
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        output = subprocess.run(["java", "-cp", jar, "edu.stanford.nlp.process.PTBTokenizer", "-preserveLines", "-lowerCase",
                                 "-encoding", "utf-8", file.name], check=True, capture_output=True).stdout.decode()
    token_lines = output.split("\n")[:-1]
    assert len(token_lines) == len(lines), (len(token_lines), len(lines))
    kept = [" ".join(t for t in line.rstrip().split(" ") if t not in PUNCTUATION) for line in token_lines]
    # BLEU and CIDEr split at no-break spaces too; so does our tokenizer.
    (FIXTURES / "captions.tokens.txt").write_text("".join(" ".join(line.split()) + "\n" for line in kept))


def main():
    if sys.argv[1:2] == ["--tokens"]:
        write_tokens(sys.argv[2])
        return
    images = [synthetic_image(i) for i in range(IMAGES)]
    scores = write_scores(images)
    if sys.argv[1:2] == ["--check"]:
        check(images, scores)


if __name__ == "__main__":
    main()
