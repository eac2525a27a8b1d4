#!/usr/bin/env python3
"""Makes tests/fixtures/{image,vision} and the PngSuite list with Pillow 9.4 and transformers 4.41.

    python tests/reference/make_image_goldens.py [shared data folder]

Pixels come from an integer hash that tests/support/image_golden.hpp repeats, so that only hashes of results are stored.
"""
import io
import pathlib
import struct
import sys
import zlib

import numpy as np
from PIL import Image, ImageOps, ImageSequence
from transformers import CLIPImageProcessor

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT.parent.parent / "shared" / "data")
IMAGES = ROOT / "fixtures" / "image"
VISION = ROOT / "fixtures" / "vision"
MEAN = [0.48145466, 0.4578275, 0.40821073]
STD = [0.26862954, 0.26130258, 0.27577711]


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


def expand2square(image):
    """LLaVA's padding (llava/mm_utils.py)."""
    width, height = image.size
    if width == height:
        return image
    side = max(width, height)
    square = Image.new("RGB", (side, side), tuple(int(255 * m) for m in MEAN))
    square.paste(image, ((side - width) // 2, (side - height) // 2))
    return square


def processor(size):
    return CLIPImageProcessor(size={"shortest_edge": size}, crop_size={"height": size, "width": size},
                              image_mean=MEAN, image_std=STD)


def square(image, size, aspect):
    """The 8-bit image just before rescaling: Hugging Face's own steps."""
    if aspect == "squash":
        return np.asarray(image.resize((size, size), Image.BICUBIC))
    if aspect == "pad":
        image = expand2square(image)
    plain = processor(size)(image, do_rescale=False, do_normalize=False, input_data_format="channels_last")
    return plain["pixel_values"][0].transpose(1, 2, 0)


def make_vision():
    pad_limit, crop_limit = 6000, 100  # the side of a canvas, and a ratio, that Pillow can hold in memory
    cases = []
    for width, height in [(1, 1), (1, 2), (2, 1), (3, 2), (1, 37), (37, 1), (1, 100), (100, 1), (5, 7), (335, 336),
                          (336, 335), (336, 336), (337, 336), (336, 337), (640, 480), (480, 640), (641, 480),
                          (640, 481), (500, 333), (333, 500), (1000, 1001), (672, 672), (1280, 720), (720, 1280),
                          (6000, 3), (3, 6000), (6720, 336), (1999, 101), (13, 2048), (168, 168), (1920, 1080)]:
        cases += [(width, height, 336, aspect) for aspect in ("pad", "crop", "squash")]
    state = 12345
    while len(cases) < 330:  # many random shapes at small sizes
        numbers = []
        for limit in (700, 700, 60):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            numbers.append(1 + (state >> 8) % limit)
        cases.append((*numbers, ("pad", "crop", "squash")[len(cases) % 3]))
    lines = []
    for width, height, size, aspect in cases:
        ratio = max(width, height) / min(width, height)
        if (aspect == "pad" and max(width, height) > pad_limit) or (aspect == "crop" and ratio > crop_limit):
            continue
        result = square(noise(width, height), size, aspect)
        assert result.dtype == np.uint8 and result.shape == (size, size, 3)
        lines.append(f"{width} {height} {size} {aspect} {fnv1a(result.tobytes()):016x}")
    (VISION / "squares.txt").write_text("\n".join(lines) + "\n")

    lines = []
    for source in [(1, 1), (2, 3), (17, 5), (640, 480), (100, 2000), (333, 77)]:
        for target in [(1, 1), (5, 1), (1, 9), (17, 5), (32, 200), (333, 77), (100, 33)]:
            result = np.asarray(noise(*source).resize(target, Image.BICUBIC))
            lines.append("%d %d %d %d %016x" % (*source, *target, fnv1a(result.tobytes())))
    (VISION / "resizes.txt").write_text("\n".join(lines) + "\n")

    lines = []
    photo = Image.open(DATA / "jpeg" / "testorig.ppm").convert("RGB")
    for aspect in ("pad", "crop", "squash"):
        lines.append(f"{aspect} {fnv1a(square(photo, 336, aspect).tobytes()):016x}")
    (VISION / "photo.txt").write_text("\n".join(lines) + "\n")

    lines = []
    for width, height, size in [(9, 6, 4), (4, 7, 4), (64, 48, 8)]:
        for aspect in ("pad", "crop"):
            image = noise(width, height)
            image = expand2square(image) if aspect == "pad" else image
            values = processor(size)(image, input_data_format="channels_last")["pixel_values"][0]
            assert values.dtype == np.float32
            lines.append(f"{width} {height} {size} {aspect} " + " ".join(repr(float(v)) for v in values.ravel()))
    (VISION / "tensors.txt").write_text("\n".join(lines) + "\n")


def scene(width=24, height=16):
    """Smooth, without any symmetry, so that JPEG decoders agree and no orientation looks like another."""
    y, x = np.mgrid[0:height, 0:width]
    red = 40 + 170 * x / width
    green = 220 - 150 * y / height
    blue = 60 + 120 * (x / width) * (y / height)
    return Image.fromarray(np.stack([red, green, blue], -1).astype(np.uint8))


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, depth, color, rows, extra=b""):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def decode_png_high_bytes(data):
    """An independent reader of 16-bit PNG, interlaced too: RGB of the high bytes."""
    at, idat = 8, b""
    while at < len(data):
        length, = struct.unpack(">I", data[at:at + 4])
        kind, content = data[at + 4:at + 8], data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", content)
        if kind == b"IDAT":
            idat += content
        at += 12 + length
    assert depth == 16
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[color]
    raw, at, step = zlib.decompress(idat), 0, 2 * channels
    result = np.zeros((height, width, channels), np.uint8)
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    for x0, y0, dx, dy in passes if interlaced else [(0, 0, 1, 1)]:
        columns, rows = len(range(x0, width, dx)), len(range(y0, height, dy))
        if not columns:
            continue
        before = bytearray(columns * step)
        for row in range(rows):
            kind, line = raw[at], bytearray(raw[at + 1:at + 1 + columns * step])
            at += 1 + columns * step
            for i in range(len(line)):
                a = line[i - step] if i >= step else 0
                b, c = before[i], before[i - step] if i >= step else 0
                nearest = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
                line[i] = (line[i] + (0, a, b, (a + b) // 2, nearest)[kind]) & 255
            before = line
            values = np.frombuffer(bytes(line), np.uint8)[::2].reshape(columns, channels)
            result[y0 + row * dy, x0::dx] = values
    return result[:, :, :3] if channels >= 3 else np.repeat(result[:, :, :1], 3, axis=2)


def jpeg_segments(data):
    """(marker, whole segment) from behind SOI to the first scan, which comes with all the rest."""
    at = 2
    while data[at + 1] != 0xDA:
        length, = struct.unpack(">H", data[at + 2:at + 4])
        yield data[at + 1], data[at:at + 2 + length]
        at += 2 + length
    yield 0xDA, data[at:]


def with_colors(data, jfif=None, adobe=None, ids=None):
    """A JPEG of the same samples that says other things about their colours: JFIF or not, Adobe's transform, ids."""
    result = b"\xff\xd8"
    if jfif:
        result += b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    if adobe is not None:
        result += b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0" + bytes([adobe])
    for marker, segment in jpeg_segments(data):
        segment = bytearray(segment)
        if marker in (0xE0, 0xEE):
            continue
        if ids and marker in (0xC0, 0xC2):
            segment[10:10 + 3 * len(ids):3] = ids
        if ids and marker == 0xDA:
            segment[5:5 + 2 * len(ids):2] = ids
        result += segment
    return result


def make_jpeg_colors(by_pillow, encoded):
    """What libjpeg takes the samples for, when the file says little or contradicts itself."""
    image = scene()
    cmyk = encoded(image.convert("CMYK"), "JPEG", quality=90)
    by_pillow("cmyk_no_adobe.jpg", with_colors(cmyk))
    by_pillow("cmyk_jfif.jpg", with_colors(cmyk, jfif=True))
    by_pillow("cmyk_progressive_no_adobe.jpg",
              with_colors(encoded(image.convert("CMYK"), "JPEG", quality=90, progressive=True)))
    # Y, Cb, Cr of the inverse colours, and a constant K; transform 1 is no valid one, and means 2 to libjpeg.
    ycc = image.convert("YCbCr").split()
    ycck = encoded(Image.merge("CMYK", [*ycc, Image.new("L", image.size, 200)]), "JPEG", quality=95)
    ycck = with_colors(bytes(ycck), adobe=2)
    by_pillow("ycck.jpg", ycck)
    by_pillow("ycck_transform1.jpg", with_colors(ycck, adobe=1))
    rgb = encoded(image, "JPEG", quality=95, subsampling=0)
    by_pillow("rgb_ids.jpg", with_colors(encoded(Image.merge("YCbCr", image.split()), "JPEG", quality=95, subsampling=0),
                                         ids=b"RGB"))
    by_pillow("rgb_ids_jfif.jpg", with_colors(rgb, jfif=True, ids=b"RGB"))
    by_pillow("rgb_ids_adobe1.jpg", with_colors(rgb, adobe=1, ids=b"RGB"))
    by_pillow("jfif_adobe0.jpg", with_colors(rgb, jfif=True, adobe=0))
    by_pillow("adobe0.jpg", with_colors(rgb, adobe=0))


def make_images():
    image = scene()

    def save(name, data, expected):
        (IMAGES / name).write_bytes(data)
        if expected is not None:
            Image.fromarray(np.asarray(expected)).save(IMAGES / (name + ".expected.ppm"))

    def encoded(source, kind, **options):
        stream = io.BytesIO()
        source.save(stream, kind, **options)
        return stream.getvalue()

    def by_pillow(name, data):
        save(name, data, ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))

    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        by_pillow(f"orientation_{orientation}.jpg", encoded(image, "JPEG", quality=95, subsampling=0, exif=exif))
    exif = Image.Exif()
    exif[0x0112] = 6
    by_pillow("orientation_6.png", encoded(image, "PNG", exif=exif))
    by_pillow("progressive_420.jpg", encoded(image, "JPEG", quality=90, progressive=True))
    by_pillow("gray.jpg", encoded(image.convert("L"), "JPEG", quality=90))
    by_pillow("cmyk.jpg", encoded(image.convert("CMYK"), "JPEG", quality=90))
    make_jpeg_colors(by_pillow, encoded)

    palette = image.quantize(16)
    by_pillow("plain.gif", encoded(palette, "GIF"))
    by_pillow("transparent.gif", encoded(palette, "GIF", transparency=3))
    frames = [palette, palette.transpose(Image.ROTATE_180), palette.transpose(Image.FLIP_LEFT_RIGHT)]
    by_pillow("animated.gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50, loop=0))
    assert len(list(ImageSequence.Iterator(Image.open(IMAGES / "animated.gif")))) == 3

    by_pillow("rgb.bmp", encoded(image, "BMP"))
    by_pillow("gray.bmp", encoded(image.convert("L"), "BMP"))
    by_pillow("palette.bmp", encoded(image.quantize(256), "BMP"))
    by_pillow("bilevel.bmp", encoded(image.convert("1"), "BMP"))
    by_pillow("alpha.bmp", encoded(image.convert("RGBA"), "BMP"))
    by_pillow("rgb.ppm", encoded(image, "PPM"))
    by_pillow("gray.pgm", encoded(image.convert("L"), "PPM"))
    save("comment.ppm", b"P6 # a comment\n#another one\n24\t16 #third\n255\n" + image.tobytes(), image)
    by_pillow("rgb.tga", encoded(image, "TGA"))
    by_pillow("rle.tga", encoded(image, "TGA", compression="tga_rle"))
    by_pillow("gray.tga", encoded(image.convert("L"), "TGA"))
    by_pillow("alpha.tga", encoded(image.convert("RGBA"), "TGA"))
    by_pillow("palette.tga", encoded(palette, "TGA"))

    alpha = image.convert("RGBA")
    alpha.putalpha(image.getchannel(0))
    by_pillow("alpha.png", encoded(alpha, "PNG"))
    by_pillow("palette.png", encoded(palette, "PNG", transparency=2))
    samples = (np.arange(24 * 16 * 3, dtype=np.uint32) * 977 % 65536).astype(">u2").reshape(16, 24, 3)
    for name, color, values in (("rgb16.png", 2, samples), ("gray16.png", 0, samples[:, :, :1])):
        data = png(24, 16, 16, color, b"".join(b"\0" + row.tobytes() for row in values))
        save(name, data, decode_png_high_bytes(data))
        assert (decode_png_high_bytes(data) == values >> 8).all()
    # One palette entry, but pixels that ask for entry 1: black, as in libpng.
    data = png(8, 1, 1, 3, b"\0\x55", chunk(b"PLTE", b"\xff\x80\x40"))
    save("short_palette.png", data, np.array([[[255, 128, 64], [0, 0, 0]] * 4], np.uint8))
    save("inflate_bomb.png", png(8, 8, 8, 2, bytes(4_000_000)), None)

    lines = []
    for path in sorted((DATA / "pngsuite").glob("*/*.png")):
        name = f"{path.parent.name}/{path.name}"
        try:
            pixels = np.asarray(Image.open(path).convert("RGB"))
            if path.parent.name == "16bit":
                high = decode_png_high_bytes(path.read_bytes())
                # Pillow agrees, except that it opens 16-bit grey as 32-bit integers and clips those.
                assert Image.open(path).mode == "I" or (high == pixels).all(), name
                pixels = high
            result = f"{pixels.shape[1]} {pixels.shape[0]} {fnv1a(pixels.tobytes()):016x}"
        except (OSError, SyntaxError):
            result = "refused"
        lines.append(f"{name} {result}")
    (IMAGES / "pngsuite.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    for folder in (IMAGES, VISION):
        folder.mkdir(parents=True, exist_ok=True)
    make_images()
    make_vision()
