#!/usr/bin/env python3
"""Whether the second glance attends to the thing that a word names more than the first (the paper's Figure 7), over
painted scenes, whose boxes are known.

Usage: attention_demo.py [SHARPEYE] [--model DIR] [--scenes DIR] [--count N] [--beams N] [--json FILE]
Makes N validation scenes (500) in build/attention, runs `sharpeye explain --json` on each with every thing's box as a
region, and prints Markdown tables. A thing is found by its colour, which no other of its scene has; what both captions
mention of it is compared in pairs. *Mass* is the part of a word's attention to the image that falls on the thing's box;
*even* is what the box would get if attention were even; *focus* is mass / even; *other* the mass on the boxes of the
other things. Differences have 95 % intervals from 2,000 resamples of the scenes.
"""

import argparse
import collections
import json
import pathlib
import random
import re
import subprocess
import sys

from demo_things import phrases

ATTRIBUTES = ["shape", "colour", "texture", "size", "action", "count"]


def explain(command, model, image, things, beams):
    regions = [f"--region=t{i}={','.join(map(str, thing['box']))}" for i, thing in enumerate(things)]
    line = [command, "explain", image, "--model", model, "--json", "--runs", "1", "--alternatives", "0", "--threads", "1"]
    done = subprocess.run([*line, *regions, *(["--beams", str(beams)] if beams else [])], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{image}: {done.stderr}")
    return json.loads(done.stdout)


def mentions(glance, things):
    """(number of the thing, attribute) -> (word of the caption, whether it is right), of the things that are mentioned."""
    words = [(re.sub("[^a-z]", "", word["word"]), place) for place, word in enumerate(glance["words"])]
    found = {}
    for phrase in phrases(words):
        colour = phrase.get("colour", (None, None))[0]
        named = [i for i, thing in enumerate(things) if thing["colour"] == colour]
        if len(named) == 1:
            for attribute, (value, place) in phrase.items():
                right = value == things[named[0]][attribute]
                found.setdefault((named[0], attribute), (glance["words"][place], right))
    return found


def numbers(word, thing, count, even):
    regions = word["attention"]["regions"]
    return {"mass": regions[f"t{thing}"], "focus": regions[f"t{thing}"] / even,
            "other": sum(regions[f"t{i}"] for i in range(count) if i != thing),
            "image": word["attention"]["image"], "entropy": word["attention"]["entropy_bits"],
            "heads": [[mass / even for mass in layer] for layer in word["by_layer_and_head"]["regions"][f"t{thing}"]]}


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else float("nan")


def interval(differences):
    """The middle 95 % of the mean over resampled scenes. differences: a list for each scene."""
    dice, sums = random.Random(1), [(sum(one), len(one)) for one in differences if one]
    means = []
    for _ in range(2000):
        chosen = dice.choices(sums, k=len(sums))
        means.append(sum(total for total, _ in chosen) / sum(count for _, count in chosen))
    means.sort()
    return means[50], means[-51]


def report(pairs, by_scene, title):
    """One row: pairs are (first, second) of numbers()."""
    if not pairs:
        return
    low, high = interval([[b["focus"] - a["focus"] for a, b in one] for one in by_scene])
    first, second = ([pair[i] for pair in pairs] for i in (0, 1))
    print(f"| {title} | {len(pairs)} | {mean(p['mass'] for p in first):.1%} | {mean(p['mass'] for p in second):.1%} "
          f"| {mean(p['focus'] for p in first):.2f} | {mean(p['focus'] for p in second):.2f} "
          f"| {mean(b['focus'] - a['focus'] for a, b in pairs):+.2f} ({low:+.2f} to {high:+.2f}) "
          f"| {mean(b['mass'] > a['mass'] for a, b in pairs):.0%} "
          f"| {mean(p['other'] for p in first):.1%} | {mean(p['other'] for p in second):.1%} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command", nargs="?", default="build/release/sharpeye")
    parser.add_argument("--model", default="weights/demo")
    parser.add_argument("--scenes", type=pathlib.Path, default=pathlib.Path("build/attention/scenes"))
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--beams", type=int)
    parser.add_argument("--json", help="a file for the numbers of every word")
    arguments = parser.parse_args()
    if not (arguments.scenes / "scenes.json").exists():
        subprocess.run([arguments.command, "scenes", "--count", str(arguments.count), "--seed", "11", "--split", "val", "-o",
                        arguments.scenes], check=True)
    scenes = json.loads((arguments.scenes / "scenes.json").read_text())["scenes"][:arguments.count]
    rows = []  # (scene, attribute, (right in the first glance, in the second), first, second)
    for number, scene in enumerate(scenes):
        things = scene["objects"]
        found = explain(arguments.command, arguments.model, str(arguments.scenes / scene["file_name"]), things, arguments.beams)
        first, second = found["glances"][0], found["glances"][-1]
        even = [region["even_mass"] for region in found["regions"]]
        said = mentions(first, things), mentions(second, things)
        for key in said[0].keys() & said[1].keys():
            thing, attribute = key
            (a, a_right), (b, b_right) = said[0][key], said[1][key]
            rows.append((number, attribute, (a_right, b_right), numbers(a, thing, len(things), even[thing][0]),
                         numbers(b, thing, len(things), even[thing][-1])))
    rows.sort(key=lambda row: (row[0], row[1]))  # (sets have no order)

    def table(title, wanted):
        chosen, by_scene = [], collections.defaultdict(list)
        for row in rows:
            if wanted(row):
                chosen.append(row[3:])
                by_scene[row[0]].append(row[3:])
        report(chosen, list(by_scene.values()), title)

    print(f"{len(scenes)} scenes, {len(rows)} words that both captions have of a thing; mean of all layers and heads\n")
    print("| word | pairs | mass, first | second | focus, first | second | difference of focus (95 %) | more mass in the second "
          "| other things, first | second |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for attribute in ATTRIBUTES:
        table(attribute, lambda row: row[1] == attribute)
    table("shape, right in both", lambda row: row[1] == "shape" and row[2] == (True, True))
    table("shape, put right by the second", lambda row: row[1] == "shape" and row[2] == (False, True))
    table("shape, spoiled by the second", lambda row: row[1] == "shape" and row[2] == (True, False))
    table("shape, wrong in both", lambda row: row[1] == "shape" and row[2] == (False, False))
    table("all words", lambda row: True)
    shapes = [row[3:] for row in rows if row[1] == "shape"]
    layers, heads = len(shapes[0][0]["heads"]), len(shapes[0][0]["heads"][0])
    print("\nFocus of shape words by layer and head, first and second glance:\n")
    print("| layer | " + " | ".join(f"head {head}" for head in range(heads)) + " | mean |")
    print("|---|" + "---|" * (heads + 1))
    for layer in range(layers):
        cells = [tuple(mean(pair[i]["heads"][layer][head] for pair in shapes) for i in (0, 1)) for head in range(heads)]
        cells.append(tuple(mean(cell[i] for cell in cells) for i in (0, 1)))
        print(f"| {layer} | " + " | ".join(f"{a:.2f}, {b:.2f}" for a, b in cells) + " |")
    print(f"\nAttention of shape words to the image: {mean(a['image'] for a, _ in shapes):.1%} of all, then "
          f"{mean(b['image'] for _, b in shapes):.1%} (the second prompt also holds the initial caption), so that the thing "
          f"gets {mean(a['image'] * a['mass'] for a, _ in shapes):.1%} of all, then "
          f"{mean(b['image'] * b['mass'] for _, b in shapes):.1%}; entropy {mean(a['entropy'] for a, _ in shapes):.2f} bits, then "
          f"{mean(b['entropy'] for _, b in shapes):.2f}.")
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(
            [{"scene": row[0], "attribute": row[1], "right": row[2], "first": row[3], "second": row[4]} for row in rows]))


if __name__ == "__main__":
    main()
