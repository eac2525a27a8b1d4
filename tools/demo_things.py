#!/usr/bin/env python3
"""What captions say of the things in scenes: right or wrong by attribute, and how sure the model was of it.

Usage: demo_things.py DATA CAPTIONS.jsonl [initial|refined]
DATA is of `sharpeye scenes`, the captions are lines of `sharpeye caption --json`. A thing is found by its colour, which
no other of its scene has; a thing that a caption leaves out counts in nothing. Prints one JSON object: shares of right
words by attribute (shapes also by size and texture, the commonest confusions), of all words but the colours, and of
captions without a wrong one; by level of confidence the words that carry meaning: how many, the mean probability that
the model gave them, and how many were right; and of refined captions, what the second glance made of the first one's words.
"""

import collections
import json
import math
import re
import sys

SHAPES = {"circle": "disc", "oval": "ellipse", "ring": "hoop", "square": "", "diamond": "rhombus", "triangle": "",
          "star": "", "heart": "", "house": "hut", "tree": "", "fish": "", "face": ""}
PLURALS = {"circle": "circles discs", "oval": "ovals ellipses", "ring": "rings hoops", "square": "squares",
           "diamond": "diamonds rhombuses", "triangle": "triangles", "star": "stars", "heart": "hearts"}
MEANINGS = {
    "shape": {shape: f"{shape} {other} {PLURALS.get(shape, '')}" for shape, other in SHAPES.items()},
    "size": {"small": "small little", "medium": "medium", "large": "large big"},
    "texture": {"plain": "plain solid", "striped": "striped", "dotted": "dotted spotted",
                "checkered": "checkered checked"},
    "colour": {colour: colour for colour in "red orange yellow green cyan blue pink".split()} | {
        "purple": "purple violet"},
    "action": {"standing": "standing upright", "leaning": "leaning tilted", "lying": "lying fallen",
               "swimming": "swimming", "jumping": "jumping rising", "diving": "diving", "smiling": "smiling happy",
               "frowning": "frowning sad", "sleeping": "sleeping"},
    "count": {2: "two", 3: "three", 4: "four"},
}
MEANING_OF = {word: (attribute, value) for attribute, values in MEANINGS.items() for value, words in values.items()
              for word in words.split()}


def phrases(words):
    """Of each thing that is mentioned: attribute -> (value, probability). A phrase ends with its noun."""
    phrase = {}
    for word, probability in words:
        if word in ("a", "an"):
            phrase = {}
        if word not in MEANING_OF:
            continue
        attribute, value = MEANING_OF[word]
        if attribute == "count":
            phrase = {}
        phrase[attribute] = (value, probability)
        if attribute == "shape":
            yield phrase
            phrase = {}


def level_of(probability, levels=8):
    """As confidence_level() in include/sharpeye/models/draft_confidence.inl."""
    wrong = 1 - min(probability, 1)
    return levels - 1 if wrong <= 0 else max(0, min(levels - 1, math.floor(-math.log2(wrong))))


def read_scenes(folder):
    """The scenes of a folder of `sharpeye scenes` by the name of their picture."""
    with open(f"{folder}/scenes.json") as file:
        return {scene["file_name"].rsplit("/", 1)[-1]: scene for scene in json.load(file)["scenes"]}


def read_captions(scenes, path):
    """Each line of `sharpeye caption --json` with its scene."""
    with open(path) as file:
        for line in map(json.loads, file):
            yield scenes[line["image"].rsplit("/", 1)[-1]], line


def judge(scene, line, field):
    """Of each word that tells something of a thing: (thing, attribute, value, probability, whether it is right). Where
    no thing of the scene has the phrase's colour, thing is None and the attribute "colour"."""
    if "words" in line:
        words = [(re.sub("[^a-z]", "", word["word"]), word["probability"]) for word in line["words"][field]]
    else:
        words = [(word, None) for word in re.findall("[a-z]+", line[field])]
    for phrase in phrases(words):
        colour, sureness = phrase.pop("colour", (None, None))
        thing = next((thing for thing in scene["objects"] if thing["colour"] == colour), None)
        yield thing, "colour", colour, sureness, thing is not None
        if thing is not None:
            for attribute, (value, probability) in phrase.items():
                yield thing, attribute, value, probability, value == thing[attribute]


def measure(scenes, path, field):
    """What main() prints of one field of the captions."""
    shares = collections.defaultdict(lambda: [0, 0])
    levels = collections.defaultdict(lambda: [0, 0, 0.0])
    confusions = collections.Counter()

    def count(name, is_right):
        shares[name][0] += is_right
        shares[name][1] += 1

    for scene, line in read_captions(scenes, path):
        wrong_before = shares["all"][1] - shares["all"][0]
        for thing, attribute, value, probability, is_right in judge(scene, line, field):
            count(attribute, is_right)
            if attribute == "colour":
                continue
            count("all", is_right)
            if attribute in ("shape", "texture"):
                count(f"{attribute}, {thing['size']}{' group' if thing['count'] > 1 else ''}", is_right)
            if attribute == "shape":
                count(f"shape, {thing['texture']}", is_right)
                if not is_right:
                    confusions[f"{thing['shape']} as {value}"] += 1
            if probability is not None:
                level = levels[level_of(probability)]
                level[0] += 1
                level[1] += is_right
                level[2] += probability
        count("captions", shares["all"][1] - shares["all"][0] == wrong_before)
    return {
        "right": {name: round(right / total, 4) for name, (right, total) in sorted(shares.items())},
        "words": {name: total for name, (_, total) in sorted(shares.items())},
        "confusions": dict(confusions.most_common(8)),
        "confidence": [{"level": level, "words": total, "mean_probability": round(sum_of / total, 4),
                        "right": round(right / total, 4)} for level, (total, right, sum_of) in sorted(levels.items())],
    }


def second_glance(scenes, path):
    """What the second glance made of the first one's words: of the wrong ones the share that it put right, of the right
    ones the share that it spoiled. What it no longer tells is neither."""
    wrong, right, corrected, damaged = 0, 0, 0, 0
    for scene, line in read_captions(scenes, path):
        told = [{(thing["colour"], attribute): is_right
                 for thing, attribute, _, _, is_right in judge(scene, line, field) if attribute != "colour"}
                for field in ("initial", "refined")]
        for word, is_right in told[0].items():
            right += is_right
            wrong += not is_right
            corrected += not is_right and told[1].get(word, False)
            damaged += is_right and not told[1].get(word, True)
    return {"wrong": wrong, "correction": round(corrected / max(1, wrong), 4), "damage": round(damaged / max(1, right), 4)}


def main():
    folder, path = sys.argv[1:3]
    field = sys.argv[3] if len(sys.argv) > 3 else "initial"
    scenes = read_scenes(folder)
    result = measure(scenes, path, field)
    if field == "refined":
        result["second glance"] = second_glance(scenes, path)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
