#!/usr/bin/env python3
"""Makes tests/fixtures/vision/{lanczos,tiles}.txt: what Pillow 13.0.0 and transformers 5.24.0's Idefics3ImageProcessorPil
(the PIL-backed one; Idefics3ImageProcessor is torchvision's, whose samples differ) make of noise images.

    V/bin/python tests/reference/make_tile_goldens.py     # ~1 min

lanczos.txt: width, height, new width, new height, FNV-1a of the samples. tiles.txt: width, height, tile size, longest
edge, splitting, rows, columns, and a hash of the bits of `pixel_values`.
"""
import numpy as np
import PIL
import transformers
from PIL import Image
from transformers.models.idefics3.image_processing_pil_idefics3 import Idefics3ImageProcessorPil

from make_resize_goldens import VISION, fnv1a, noise

REAL = [(640, 480), (1, 700), (2048, 2048), (431, 1999)]


def hash_of(values):
    """Sum of (bits + 1) * (place + 1) * a large odd number, modulo 2^64; its twin is in tests/vision/image_tiles_test.cpp."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32).ravel().astype(np.uint64)
    places = (np.arange(len(bits), dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    return int(((bits + np.uint64(1)) * places).sum(dtype=np.uint64))


def lanczos():
    sizes = [line.split()[:4] for line in (VISION / "resizes.txt").read_text().splitlines()]
    for from_width, from_height, width, height in (map(int, size) for size in sizes):
        result = noise(from_width, from_height).resize((width, height), Image.LANCZOS)
        yield f"{from_width} {from_height} {width} {height} {fnv1a(result.tobytes()):016x}"


def cases():
    random = np.random.RandomState(5)
    shapes = [(1, 1), (1, 90), (90, 1), (2, 3), (128, 128), (128, 96), (300, 7), (7, 300), (33, 32), (1000, 3)]
    shapes += [tuple(random.randint(1, 200, 2)) for _ in range(190)]
    for number, (width, height) in enumerate(shapes):
        tile, edge = [(32, 128), (14, 56), (16, 100), (24, 24), (30, 121)][number % 5]
        for split in (True, False):
            yield int(width), int(height), tile, edge, split
    for width, height in REAL:
        for split in (True, False):
            yield width, height, 512, 2048, split


def tiles():
    for width, height, tile, edge, split in cases():
        processor = Idefics3ImageProcessorPil(size={"longest_edge": edge}, max_image_size={"longest_edge": tile},
                                              image_mean=[0.5] * 3, image_std=[0.5] * 3, do_image_splitting=split)
        result = processor(noise(width, height), return_row_col_info=True)
        pixels = np.asarray(result["pixel_values"])
        rows, columns = result["rows"][0][0], result["cols"][0][0]
        assert pixels.shape == (1, rows * columns + 1, 3, tile, tile), pixels.shape
        yield f"{width} {height} {tile} {edge} {int(split)} {rows} {columns} {hash_of(pixels):016x}"


if __name__ == "__main__":
    assert PIL.__version__ == "13.0.0" and transformers.__version__ == "5.24.0", (PIL.__version__, transformers.__version__)
    (VISION / "lanczos.txt").write_text("\n".join(lanczos()) + "\n")
    (VISION / "tiles.txt").write_text("\n".join(tiles()) + "\n")
