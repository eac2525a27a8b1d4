#!/usr/bin/env python3
"""Draws a sheet of scenes with the initial, the refined and a true caption, as SVG with the pictures in it. Words that
the true caption does not have are red; in the refined caption, words that it alone puts right are green.
Usage: demo_sheet.py SCENES_FOLDER PREDICTIONS.jsonl [FIRST [CHANGED]] >sheet.svg
Takes the FIRST scenes (10), then the next CHANGED ones (10) whose refined caption is not the initial one."""
import base64
import difflib
import html
import json
import sys
from pathlib import Path

CELL_WIDTH, CELL_HEIGHT, COLUMNS = 690, 112, 2


def words_of(caption):
    return caption.rstrip(".").split()


def right_words(caption, truth):
    """For each word of the caption whether it stands in the truth, in order."""
    right = [False] * len(caption)
    for block in difflib.SequenceMatcher(None, caption, truth, autojunk=False).get_matching_blocks():
        right[block.a : block.a + block.size] = [True] * block.size
    return right


def nearest(references, caption):
    ratio = lambda reference: difflib.SequenceMatcher(None, words_of(reference), caption, autojunk=False).ratio()
    return words_of(max(references, key=ratio))


def line(x, y, label, words, colours):
    spans = "".join(
        f'<tspan fill="{colour}">{html.escape(word)} </tspan>' for word, colour in zip(words, colours)
    )
    return f'<text x="{x}" y="{y}"><tspan fill="#888">{label} </tspan>{spans}</text>'


def cell(x, y, picture, initial, refined, truth):
    initial_right, refined_right = right_words(initial, truth), right_words(refined, truth)
    known = {word for word, right in zip(initial, initial_right) if right}
    image = base64.b64encode(picture.read_bytes()).decode()
    red, green, black = "#c0392b", "#1e8449", "#222"
    return "\n".join([
        f'<image x="{x}" y="{y}" width="96" height="96" image-rendering="pixelated" '
        f'href="data:image/png;base64,{image}"/>',
        line(x + 106, y + 22, "initial", initial, [black if right else red for right in initial_right]),
        line(x + 106, y + 50, "refined", refined, [
            red if not right else black if word in known else green for word, right in zip(refined, refined_right)
        ]),
        line(x + 106, y + 78, "true", truth, [black] * len(truth)),
    ])


folder, predictions = Path(sys.argv[1]), Path(sys.argv[2])
first, changed = (int(argument) for argument in (sys.argv[3:] + ["10", "10"][len(sys.argv) - 3 :]))
references = {}
coco = json.loads((folder / "captions.json").read_text())
names = {image["id"]: Path(image["file_name"]).name for image in coco["images"]}
for annotation in coco["annotations"]:
    references.setdefault(names[annotation["image_id"]], []).append(annotation["caption"])

captions = [json.loads(text) for text in predictions.read_text().splitlines()]
differing = [caption for caption in captions[first:] if caption["initial"] != caption["refined"]]
chosen = captions[:first] + differing[:changed]
cells = []
for number, caption in enumerate(chosen):
    name = Path(caption["image"]).name
    initial, refined = words_of(caption["initial"]), words_of(caption["refined"])
    x, y = 8 + number % COLUMNS * CELL_WIDTH, 8 + number // COLUMNS * CELL_HEIGHT
    cells.append(cell(x, y, folder / "images" / name, initial, refined, nearest(references[name], refined)))
width, height = COLUMNS * CELL_WIDTH + 8, -(-len(cells) // COLUMNS) * CELL_HEIGHT + 8
print(f'<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12.5">')
print(f'<rect width="{width}" height="{height}" fill="white"/>')
print("\n".join(cells))
print("</svg>")
