#!/usr/bin/env python3
"""How well a caption's confidence separates right captions from wrong ones, and scenes from what is none: ROC areas
as a Markdown table.

Usage: confidence_table.py SCENES CAPTIONS.jsonl [NAME=OTHERS.jsonl...]
SCENES is a folder of `sharpeye scenes`, CAPTIONS.jsonl what `sharpeye caption --json SCENES/images` wrote; OTHERS.jsonl
is the same of pictures that are no scenes (noise, blank pages), which tools/confidence_demo.sh makes.

A caption is right when its two things, their number, size, texture, colour, shape and pose, how they stand to each
other and the background, where it is named, are all those of the scene. A synonym is as right as the word itself.
"""
import json
import math
import sys
from pathlib import Path

INVERSE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above", "in front of": "behind",
           "behind": "in front of", "inside": "around", "around": "inside"}

TO_IT = {"on its left": "left of", "on its right": "right of", **{f"{name} it": name for name in INVERSE}}


def roc_area(positive, negative):
    """The probability that a positive scores higher than a negative, ties counting half."""
    ranked = sorted([(score, 1) for score in positive] + [(score, 0) for score in negative])
    area = below = i = 0
    while i < len(ranked):
        j = i
        while j < len(ranked) and ranked[j][0] == ranked[i][0]:
            j += 1
        ones = sum(label for _, label in ranked[i:j])
        area += ones * (below + (j - i - ones) / 2)
        below += j - i - ones
        i = j
    return area / (len(positive) * len(negative)) if positive and negative else math.nan


class Lexicon:
    """The scenes' words, each with its group and the name that stands for its synonyms."""

    def __init__(self, path):
        self.words, self.phrases = {}, []
        for group in json.loads(path.read_text())["groups"]:
            for synonyms in group["words"]:
                for spelling in synonyms:
                    if " " in spelling or group["name"].startswith("relation"):
                        self.phrases.append((spelling, group["name"], synonyms[0]))
                    else:
                        self.words[spelling] = (group["name"], synonyms[0])
        self.phrases.sort(key=lambda phrase: -len(phrase[0]))
        self.singular = dict(zip(self._names("shapes"), self._names("shape")))

    def _names(self, group):
        return list(dict.fromkeys(name for kind, name in self.words.values() if kind == group))

    def tokens(self, caption):
        """(group, name, number of the word in the caption) of each word that means something."""
        words, found, i = caption.rstrip(".").replace(",", "").split(" "), [], 0
        while i < len(words):
            rest = " ".join(words[i:]) + " "
            phrase = next((p for p in self.phrases if rest.startswith(p[0] + " ")), None)
            if phrase:
                found.append((phrase[1], phrase[2], i))
                i += phrase[0].count(" ") + 1
                continue
            if words[i] in self.words:
                found.append((*self.words[words[i]], i))
            i += 1
        return found


def read(lexicon, caption):
    """The things of a caption, (subject, relation, object) by their numbers, and the background's colour."""
    things, thing, relation, ground, at = [], {}, None, None, 0
    for group, name, place in lexicon.tokens(caption):
        if group in ("relation", "relation to it"):
            relation, at = TO_IT.get(name, name), 2 if group == "relation to it" else len(things)
            continue
        if group == "background colour":
            ground = name
            continue
        key = {"shapes": "shape", "pose": "action", "swim": "action", "mood": "action"}.get(group, group)
        thing[key] = (lexicon.singular[name] if group == "shapes" else name, place)
        if key == "shape":
            things.append(thing)
            thing = {}
    if relation is None or len(things) != 2:
        return things, None, ground
    # "A above B"; "below B is A"; "B with A above it"
    return things, ((0, relation, 1) if at == 1 else (1, relation, 0)), ground


def truth_of(thing):
    count = {1: None, 2: "two", 3: "three", 4: "four"}[thing["count"]]
    texture = None if thing["shape"] == "face" else thing["texture"]
    return {"count": count, "size": thing["size"], "texture": texture, "colour": thing["colour"],
            "shape": thing["shape"], "action": thing["action"]}


def agreement(said, truth):
    return sum((said[key][0] if key in said else None) == value for key, value in truth.items())


def judge(lexicon, caption, scene):
    """(whether the caption is right, [(number of a word, whether it is right)])"""
    truths = [truth_of(thing) for thing in scene["objects"]][:2]
    things, relation, ground = read(lexicon, caption)
    if len(things) != 2:
        return False, []
    straight = sum(agreement(a, b) for a, b in zip(things, truths))
    crossed = sum(agreement(a, b) for a, b in zip(things, truths[::-1]))
    order = [0, 1] if straight >= crossed else [1, 0]
    words = [(place, name == truths[order[i]][key]) for i, thing in enumerate(things)
             for key, (name, place) in thing.items() if key in truths[0]]
    right = all(agreement(thing, truths[order[i]]) == len(truths[0]) for i, thing in enumerate(things))
    true = scene["relations"][0]
    if relation is None:
        return False, words
    said = (order[relation[0]], relation[1], order[relation[2]])
    right &= said in ((true["subject"], true["relation"], true["object"]),
                      (true["object"], INVERSE[true["relation"]], true["subject"]))
    right &= ground in (None, scene["background"]["colour"])
    return right, words


SCORES = {"mean log-probability (`confidence`)": lambda one, at: one["mean_log_probability"][at],
          "sum of log-probabilities": lambda one, at: sum(one["log_probabilities"][at]),
          "least likely token": lambda one, at: min(one["log_probabilities"][at]),
          "least likely word": lambda one, at: min(word["probability"] for word in one["words"][at])}


def lines_of(path):
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def main():
    folder, captions = Path(sys.argv[1]), lines_of(sys.argv[2])
    lexicon = Lexicon(folder / "lexicon.json")
    scenes = {Path(scene["file_name"]).name: scene for scene in json.loads((folder / "scenes.json").read_text())["scenes"]}
    # The judge itself: every caption that the generator wrote for a scene is right, and none is of another scene's.
    for number, annotation in enumerate(json.loads((folder / "captions.json").read_text())["annotations"]):
        scene = list(scenes.values())[annotation["image_id"]]
        assert judge(lexicon, annotation["caption"], scene)[0], annotation
        other = list(scenes.values())[(annotation["image_id"] + 1) % len(scenes)]
        assert not judge(lexicon, annotation["caption"], other)[0], annotation
    others = [(name, lines_of(path)) for name, path in (argument.split("=", 1) for argument in sys.argv[3:])]
    for at in ("initial", "refined"):
        verdicts = [judge(lexicon, one[at], scenes[Path(one["image"]).name]) for one in captions]
        right = [one for one, (is_right, _) in zip(captions, verdicts) if is_right]
        wrong = [one for one, (is_right, _) in zip(captions, verdicts) if not is_right]
        print(f"{at} captions: {len(right)} of {len(captions)} right\n")
        print("| ROC area by | right / wrong |" + "".join(f" scenes / {name} |" for name, _ in others))
        print("|---|---|" + "---|" * len(others))
        for label, score in SCORES.items():
            row = [roc_area([score(one, at) for one in right], [score(one, at) for one in wrong])]
            row += [roc_area([score(one, at) for one in captions], [score(one, at) for one in lines]) for _, lines in others]
            print(f"| {label} |" + "".join(f" {value:.3f} |" for value in row))
        words = [(one["words"][at][place]["probability"], is_right)
                 for one, (_, judged) in zip(captions, verdicts) for place, is_right in judged]
        area = roc_area([p for p, is_right in words if is_right], [p for p, is_right in words if not is_right])
        print(f"\nwords, by their probability: {area:.3f} ({sum(r for _, r in words)} of {len(words)} right)\n")
        print("| --min-confidence |" + " captions kept | of these right |" + "".join(f" {name} kept |" for name, _ in others))
        print("|---|---|---|" + "---|" * len(others))
        for limit in (0.0, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9):
            kept = [one for one in captions if one["confidence"][at] >= limit]
            good = sum(one["confidence"][at] >= limit for one in right)
            cells = [f"{len(kept) / len(captions):.1%}", f"{good / max(1, len(kept)):.1%}"]
            cells += [f"{sum(one['confidence'][at] >= limit for one in lines) / len(lines):.1%}" for _, lines in others]
            print(f"| {limit:g} | " + " | ".join(cells) + " |")
        print()


main()
