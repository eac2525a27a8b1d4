#!/usr/bin/env python3
"""Makes tests/fixtures/vision/{squares,resizes}_pillow13.txt with Pillow 13.0.0 alone: the cases of squares.txt and
resizes.txt, which make_image_goldens.py made with Pillow 9.4, and tall pictures, where the versions differ.

    python tests/reference/make_resize_goldens.py
"""
import pathlib

import numpy as np
from PIL import Image

VISION = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "vision"
MEAN = [0.48145466, 0.4578275, 0.40821073]


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in bytes(data):
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return value


def noise(width, height):
    """RGB noise, the twin of noise() in tests/support/image_golden.hpp."""
    y, x, c = np.meshgrid(*(np.arange(n, dtype=np.uint32) for n in (height, width, 3)), indexing="ij")
    h = (x * np.uint32(73856093)) ^ (y * np.uint32(19349663)) ^ (c * np.uint32(83492791))
    h ^= h >> np.uint32(15)
    h *= np.uint32(0x2C1B3C6D)
    h ^= h >> np.uint32(12)
    h *= np.uint32(0x297A2D39)
    return Image.fromarray((h >> np.uint32(24)).astype(np.uint8))


def square(image, size, aspect):
    """What CLIPImageProcessor does before rescaling; make_image_goldens.py asks the class itself."""
    width, height = image.size
    if aspect == "pad":
        side = max(width, height)
        canvas = Image.new("RGB", (side, side), tuple(int(255 * m) for m in MEAN))
        canvas.paste(image, ((side - width) // 2, (side - height) // 2))
        return canvas.resize((size, size), Image.BICUBIC)
    if aspect == "squash":
        return image.resize((size, size), Image.BICUBIC)
    short, long = min(width, height), max(width, height)
    longer = size * long // short
    resized = image.resize((size, longer) if width <= height else (longer, size), Image.BICUBIC)
    left, top = (resized.width - size) // 2, (resized.height - size) // 2
    return resized.crop((left, top, left + size, top + size))


if __name__ == "__main__":
    lines = []
    cases = [line.split()[:4] for line in (VISION / "squares.txt").read_text().splitlines()]
    cases += [(w, h, s, a) for w, h in ((100, 300), (10, 700), (37, 600)) for s in (24, 60) for a in ("crop", "squash")]
    for width, height, size, aspect in cases:
        result = square(noise(int(width), int(height)), int(size), aspect)
        lines.append(f"{width} {height} {size} {aspect} {fnv1a(result.tobytes()):016x}")
    (VISION / "squares_pillow13.txt").write_text("\n".join(lines) + "\n")
    lines = []
    for line in (VISION / "resizes.txt").read_text().splitlines():
        from_width, from_height, width, height = (int(number) for number in line.split()[:4])
        result = noise(from_width, from_height).resize((width, height), Image.BICUBIC)
        lines.append(f"{from_width} {from_height} {width} {height} {fnv1a(result.tobytes()):016x}")
    (VISION / "resizes_pillow13.txt").write_text("\n".join(lines) + "\n")
