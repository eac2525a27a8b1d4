#!/usr/bin/env python3
"""What the differences of vision/change_gate.hpp are on painted scenes: the numbers in its comment. Makes no golden.

Usage: measure_change_gate.py COMMAND   (needs numpy and Pillow; COMMAND paints the scenes)"""

import io
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
from PIL import Image

THRESHOLD = 0.06


def cells(image):
    """As mean_cells() in change_gate.inl."""
    height, width, _ = image.shape
    means = numpy.zeros((8, 8, 3))
    for y in range(8):
        top, bottom = height * y // 8, max(height * y // 8 + 1, height * (y + 1) // 8)
        rows = image[top:bottom:max(1, min(4, (bottom - top) // 4))]
        for x in range(8):
            left, right = width * x // 8, max(width * x // 8 + 1, width * (x + 1) // 8)
            means[y, x] = rows[:, left:right].reshape(-1, 3).mean(0)
    return means


def difference(before, after):
    return abs(cells(before) - cells(after)).max() / 255


def jpeg(image, quality):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return numpy.asarray(Image.open(file).convert("RGB"))


def moved(image, box, share):
    """The first thing's box beside its place, by a share of its width; the background's colour where it was."""
    left, top, right, bottom = (max(0, round(value)) for value in (box[0], box[1], box[0] + box[2], box[1] + box[3]))
    right, bottom = min(right, image.shape[1]), min(bottom, image.shape[0])
    by = max(1, round(share * (right - left)))
    by = by if right + by <= image.shape[1] else -min(by, left)
    result = image.copy()
    result[top:bottom, left:right] = numpy.median(image[[0, -1]].reshape(-1, 3), 0)
    result[top:bottom, left + by:right + by] = image[top:bottom, left:right]
    return result


def say(what, values):
    values = numpy.array(values)
    print(f"  {what}: median {numpy.median(values):.3f}, {values.min():.3f} to {values.max():.3f}, "
          f"above {THRESHOLD}: {100 * (values > THRESHOLD).mean():.1f} %")


def measure(images, boxes):
    random = numpy.random.default_rng(1)
    for deviation in (10, 20):
        say(f"noise of {deviation} levels", [difference(image, numpy.clip(image + random.normal(
            0, deviation, image.shape), 0, 255).astype(numpy.uint8)) for image in images])
    for quality in (90, 75, 50):
        say(f"JPEG of quality {quality}", [difference(image, jpeg(image, quality)) for image in images])
    for gain in (1.05, 1.1):
        say(f"light times {gain}", [difference(image, numpy.clip(image * gain, 0, 255)) for image in images])
    for share in (0.1, 0.25, 0.5):
        say(f"a thing that moved by {share} of its width",
            [difference(image, moved(image, box, share)) for image, box in zip(images, boxes)])
    say("another scene", [difference(images[i - 1], images[i]) for i in range(len(images))])


def main():
    for side, count, size in ((64, 300, None), (256, 150, None), (256, 150, (640, 480))):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.argv[1], "scenes", "--count", str(count), "--seed", "11", "--size", str(side), "-o",
                            folder + "/scenes"], check=True, stdout=subprocess.DEVNULL)
            images = [Image.open(path).convert("RGB") for path in sorted(pathlib.Path(folder).glob("scenes/images/*"))]
            scenes = json.loads(pathlib.Path(folder, "scenes/scenes.json").read_text())
            scenes = scenes["scenes"] if isinstance(scenes, dict) else scenes
            boxes = [scene["objects"][0]["box"] for scene in scenes]
            scale = (1, 1) if size is None else (size[0] / side, size[1] / side)
            boxes = [[box[i] * scale[i % 2] for i in range(4)] for box in boxes]
            if size is not None:
                images = [image.resize(size, Image.BICUBIC) for image in images]
            print(f"{count} scenes of {side} pixels" + (f", enlarged to {size[0]} x {size[1]}" if size else ""))
            measure([numpy.asarray(image) for image in images], boxes)


if __name__ == "__main__":
    main()
