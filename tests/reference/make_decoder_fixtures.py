#!/usr/bin/env python3
"""Makes the image fixtures of what public files do and encoders rarely write, with Pillow 13.0.0, and libjpeg-turbo's
cjpeg for arithmetic coding:

    python tests/reference/make_decoder_fixtures.py

Beside each file stands what Pillow makes of it: ImageOps.exif_transpose(Image.open(file)).convert("RGB").
"""
import io
import pathlib
import struct
import subprocess
import zlib

import numpy as np
from PIL import Image, ImageOps

IMAGES = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "image"


def scene(width=24, height=16):
    """The scene of make_image_goldens.py, with some texture."""
    y, x = np.mgrid[0:height, 0:width]
    red = 40 + 170 * x / width
    green = 220 - 150 * y / height
    blue = 60 + 120 * (x / width) * (y / height) + 30 * ((x + y) % 3 == 0)
    return Image.fromarray(np.stack([red, green, blue], -1).astype(np.uint8))


def encoded(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def save(name, data, expected=None):
    if expected is None:
        expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    (IMAGES / name).write_bytes(data)
    expected.save(IMAGES / (name + ".expected.ppm"))


def orientation(value):
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


def xmp(value):
    return f'<x:xmpmeta><rdf:Description tiff:Orientation="{value}"/></x:xmpmeta>'.encode()


def segments(data):
    """(marker, segment) of a JPEG from behind SOI to the first scan, which comes with the rest."""
    at = 2
    while data[at + 1] != 0xDA:
        length, = struct.unpack(">H", data[at + 2:at + 4])
        yield data[at + 1], data[at:at + 2 + length]
        at += 2 + length
    yield 0xDA, data[at:]


def make_jpeg():
    image = scene()
    for name, chosen in (("444", 0), ("422", 1), ("420", 2)):
        for width, height in ((24, 16), (3, 5), (1, 1), (17, 9)):
            small = scene(width, height)
            save(f"{name}_{width}x{height}.jpg", encoded(small, "JPEG", quality=80, subsampling=chosen))
    save("progressive_17x9.jpg", encoded(scene(17, 9), "JPEG", quality=60, progressive=True))
    save("restarts.jpg", encoded(image, "JPEG", quality=60, restart_marker_blocks=1))
    save("gray_5x3.jpg", encoded(scene(5, 3).convert("L"), "JPEG", quality=60))
    save("cmyk_7x5.jpg", encoded(scene(7, 5).convert("CMYK"), "JPEG", quality=60))
    plain = encoded(image, "JPEG", quality=75)
    save("no_huffman_tables.jpg", b"\xff\xd8" + b"".join(s for m, s in segments(plain) if m != 0xC4))
    parts = list(segments(plain))
    stray = b"\xff\xd8" + b"".join(s + (b"stray\0" if i in (0, 3) else b"") for i, (_, s) in enumerate(parts))
    save("stray_bytes.jpg", stray)
    save("xmp_orientation.jpg", encoded(image, "JPEG", quality=75, xmp=xmp(6)))
    for name, size, more in (("arithmetic_17x9", (17, 9), []), ("arithmetic_progressive_24x16", (24, 16), ["-progressive"])):
        save(name + ".jpg", subprocess.run(["cjpeg", "-arithmetic", "-quality", "80", *more], check=True,
                                           input=encoded(scene(*size), "PPM"), stdout=subprocess.PIPE).stdout)
    save("exif_before_xmp.jpg", encoded(image, "JPEG", quality=75, xmp=xmp(6), exif=orientation(3)))


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def make_png():
    plain = encoded(scene(), "PNG")
    block = orientation(6).tobytes()
    text = b"\nexif\n%8d\n%s\n" % (len(block), block.hex().encode())
    key = b"Raw profile type exif\0"
    for name, extra in (("raw_exif_ztxt.png", chunk(b"zTXt", key + b"\0" + zlib.compress(text))),
                        ("raw_exif_text.png", chunk(b"tEXt", key + text)),
                        ("raw_exif_stored.png", chunk(b"zTXt", key + b"\0" + zlib.compress(text, 0))),
                        ("raw_exif_fixed.png", chunk(b"zTXt", key + b"\0" + fixed_codes(text))),
                        ("xmp_orientation.png", chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(8))),
                        ("xmp_compressed.png", chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp(5))))):
        save(name, plain[:33] + extra + plain[33:])


def fixed_codes(data):
    stream = zlib.compressobj(9, zlib.DEFLATED, 15, 9, zlib.Z_FIXED)
    return stream.compress(data) + stream.flush()


def make_webp():
    image = scene()
    alpha = image.convert("RGBA")
    alpha.putalpha(image.getchannel(0).point(lambda level: 0 if level < 90 else level))
    save("lossy.webp", encoded(image, "WEBP", quality=60))
    save("lossy_3x5.webp", encoded(scene(3, 5), "WEBP", quality=60))
    save("lossless.webp", encoded(image, "WEBP", lossless=True))
    save("lossless_1x1.webp", encoded(scene(1, 1), "WEBP", lossless=True))
    save("lossy_alpha.webp", encoded(alpha, "WEBP", quality=60))
    save("lossless_alpha.webp", encoded(alpha, "WEBP", lossless=True, exact=True))
    save("exif_orientation.webp", encoded(image, "WEBP", quality=60, exif=orientation(6)))
    save("xmp_orientation.webp", encoded(image, "WEBP", quality=60, xmp=xmp(3)))
    animated = encoded(image, "WEBP", save_all=True, append_images=[image.transpose(Image.ROTATE_180)], duration=50)
    save("animated.webp", animated)
    # Moved to the right, on a larger canvas: what the frame does not cover is black.
    at = animated.index(b"ANMF")
    moved = bytearray(animated)
    moved[at + 8] = 2
    canvas = animated.index(b"VP8X") + 12
    moved[canvas] += 6
    save("animated_moved.webp", bytes(moved))


def gif_codes(indices, bits, starts_clear=True, clears=True):
    """GIF's LZW in blocks; without a first clear code, or with a table that stays full."""
    clear, codes, table = 1 << bits, [], {}

    def reset():
        table.clear()
        table.update({(i,): i for i in range(clear)})
        return clear + 2, bits + 1

    following, size = reset()
    if starts_clear:
        codes.append((clear, size))
    current = ()
    for index in indices:
        longer = current + (index,)
        if longer in table:
            current = longer
            continue
        codes.append((table[current], size))
        if following < 4096:
            table[longer] = following
            size += following == 1 << size and size < 12
            following += 1
        elif clears:
            codes.append((clear, size))
            following, size = reset()
        current = (index,)
    codes.append((table[current], size))
    size += following == 1 << size and size < 12
    codes.append((clear + 1, size))
    value = at = 0
    for code, length in codes:
        value |= code << at
        at += length
    data = value.to_bytes((at + 7) // 8, "little")
    return b"".join(bytes([len(data[i:i + 255])]) + data[i:i + 255] for i in range(0, len(data), 255)) + b"\0"


def gif(codes, frame, screen, place=(0, 0), bits=3, transparent=None, interlaced=False, palette=True):
    colors = bytes((40 * i + 70 * c + 20) % 256 for i in range(1 << bits) for c in range(3))
    data = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80 | (bits - 1) if palette else 0, 5, 0)
    data += colors if palette else b""
    if transparent is not None:
        data += b"!\xf9\4\1\0\0" + bytes([transparent]) + b"\0"
    return data + b"," + struct.pack("<HHHHB", *place, *frame, 0x40 * interlaced) + bytes([bits]) + codes + b";"


def make_gif():
    width, height = frame = (12, 9)
    rows = [[(x // 2 + y) % 8 for x in range(width)] for y in range(height)]
    indices = sum(rows, [])
    codes = gif_codes(indices, 3)
    save("no_first_clear.gif", gif(gif_codes(indices, 3, starts_clear=False), frame, frame))
    save("beyond_screen.gif", gif(codes, frame, (8, 8), (5, 2)))
    save("smaller_than_screen.gif", gif(codes, frame, (20, 12), (3, 1)))
    save("smaller_transparent.gif", gif(codes, frame, (20, 12), (3, 1), transparent=4))
    save("no_palette.gif", gif(codes, frame, frame, palette=False))
    order = [*range(0, height, 8), *range(4, height, 8), *range(2, height, 4), *range(1, height, 2)]
    save("interlaced.gif", gif(gif_codes(sum((rows[y] for y in order), []), 3), frame, frame, interlaced=True))
    noise = [(i * i * 7 + i // 3) % 8 for i in range(110 * 100)]
    state = 1
    for i in range(len(noise)):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        noise[i] = state >> 16 & 7
    save("deferred_clear.gif", gif(gif_codes(noise, 3, clears=False), (110, 100), (110, 100)))


def bmp(header, bits, pixels, width, height, palette=b"", masks=(), compression=0, gap=b"", colors=0, file_header=True):
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        info = struct.pack("<IiiHHIIIIII", header, width, height, 1, bits, compression, len(pixels), 0, 0, colors, 0)
        if header > 40:
            info += struct.pack(f"<{len(masks)}I", *masks)
        info = info.ljust(header, b"\0")
        if header == 40:
            info += struct.pack(f"<{len(masks)}I", *masks)
    offset = 14 + len(info) + len(palette) + len(gap)
    start = b"BM" + struct.pack("<IHHI", offset + len(pixels), 0, 0, offset) if file_header else b""
    return start + info + palette + gap + pixels


def make_bmp():
    image = scene(10, 7)
    width, height = image.size
    bgr = np.asarray(image)[::-1, :, ::-1]
    rows24 = b"".join(row.tobytes() + b"\0\0" for row in bgr)
    bgrx = np.dstack([bgr, np.arange(70, dtype=np.uint8).reshape(7, 10)]).tobytes()
    rgb565 = ((bgr[..., 2].astype(np.uint16) >> 3 << 11) | (bgr[..., 1].astype(np.uint16) >> 2 << 5) | bgr[..., 0] >> 3)
    palette = bytes((37 * i + 90 * c + 11) % 256 if c < 3 else 0 for i in range(16) for c in range(4))
    masks = (0xFF0000, 0xFF00, 0xFF)
    save("palette_24_bits.bmp", bmp(40, 24, rows24, width, height, palette, colors=16))
    save("gap.bmp", bmp(40, 24, rows24, width, height, gap=b"\xee" * 10))
    save("v2_fields.bmp", bmp(52, 32, bgrx, width, height, masks=masks, compression=3))
    save("v3_fields.bmp", bmp(56, 32, bgrx, width, height, masks=(*masks, 0xFF000000), compression=3))
    save("rgba_fields.bmp", bmp(124, 32, bgrx, width, height, masks=(0xFF, 0xFF00, 0xFF0000, 0xFF000000), compression=3))
    save("fields_565.bmp", bmp(40, 16, rgb565.astype("<u2").tobytes(), width, height, masks=(0xF800, 0x7E0, 0x1F),
                               compression=3))
    save("bits_16.bmp", bmp(40, 16, (rgb565 >> 1).astype("<u2").tobytes(), width, height))
    save("top_first.bmp", bmp(40, 24, rows24, width, -height))
    indices = [[(x + 2 * y) // 3 % 16 for x in range(width)] for y in range(height)]
    rows8 = b"".join(bytes(row) + b"\0\0" for row in indices)
    three = bytes(palette[4 * i + c] for i in range(16) for c in range(3)).ljust(768, b"\0")
    save("os2.bmp", bmp(12, 8, rows8, width, height, three))
    save("os2_v2.bmp", bmp(64, 8, rows8, width, height, palette, colors=16))
    save("headless.dib", bmp(40, 8, rows8, width, height, palette, colors=16, file_header=False),
         Image.open(io.BytesIO(bmp(40, 8, rows8, width, height, palette, colors=16))).convert("RGB"))
    rle8 = b"".join(bytes([0, 3, *row[:3], 0, 3, row[3], 4, row[4], *[c for i in row[7:] for c in (1, i)], 0, 0])
                    for row in indices[:-1])
    rle8 += b"\0\2\4\0" + bytes([6, 9]) + b"\0\1"
    save("rle8.bmp", bmp(40, 8, rle8, width, height, palette, compression=1, colors=16))
    rle4 = b"".join(bytes([5, 0x10 * row[0] + row[1], 0, 5, 0x12, 0x34, 0x50, 0, 0, 0]) for row in indices) + b"\0\1"
    save("rle4.bmp", bmp(40, 4, rle4, width, height, palette, compression=2, colors=16))


def make_pnm():
    image = scene(9, 4)
    rgb = np.asarray(image).astype(np.uint32)
    gray = rgb[..., 1]
    text = " ".join(str(v * 100 // 255) for v in gray.ravel())
    save("p1.pbm", b"P1\n# bits\n9 4\n" + "".join(str(v % 2) for v in gray.ravel()).encode() + b"\n")
    save("p2_100.pgm", f"P2 9 4 100\n# levels\n{text}\n".encode())
    save("p3_1000.ppm", ("P3\n9 4\n1000\n" + "\n".join(str(v * 1000 // 255) for v in rgb.ravel())).encode())
    save("p4.pbm", b"P4\n9 4\n" + np.packbits((gray % 2).astype(np.uint8), axis=1).tobytes())
    save("p5_100.pgm", b"P5\n9 4\n100\n" + (gray * 100 // 255).astype(np.uint8).tobytes())
    save("p5_16_bits.pgm", b"P5\n9 4\n65535\n" + (gray * 2).astype(">u2").tobytes())
    save("p6_16_bits.ppm", b"P6\n9 4\n65535\n" + (rgb * 257 - 100).astype(">u2").tobytes())
    save("p6_15.ppm", b"P6\n9 4\n15\n" + (rgb // 16).astype(np.uint8).tobytes())
    header = "P7\nWIDTH 9\nHEIGHT 4\nDEPTH %d\nMAXVAL 255\nTUPLTYPE %s\nENDHDR\n"
    alpha = np.dstack([rgb, gray]).astype(np.uint8).tobytes()
    save("p7_alpha.pam", (header % (4, "RGB_ALPHA")).encode() + alpha, image)  # Pillow does not read PAM


def make_tga():
    width, height = 9, 4
    rgb = np.asarray(scene(width, height)).astype(np.uint32)
    five = (rgb[..., 0] >> 3 << 10 | rgb[..., 1] >> 3 << 5 | rgb[..., 2] >> 3).astype("<u2")
    pair = np.dstack([rgb[..., 0], rgb[..., 1]]).astype(np.uint8)

    def tga(kind, bits, samples, descriptor=0x20, palette=b"", palette_bits=0, entries=0):
        return struct.pack("<BBBHHBHHHHBB", 3, 1 if entries else 0, kind, 0, entries, palette_bits, 0, 0, width, height,
                           bits, descriptor) + b"id " + palette + samples

    footer = struct.pack("<II", 0, 0) + b"TRUEVISION-XFILE.\0"
    save("bits_16.tga", tga(2, 16, five.tobytes()) + footer)
    save("gray_alpha.tga", tga(3, 16, pair.tobytes()))
    save("from_right.tga", tga(2, 24, rgb[..., ::-1].astype(np.uint8).tobytes(), 0x30))
    save("from_right_below.tga", tga(3, 8, rgb[..., 0].astype(np.uint8).tobytes(), 0x10))
    indices = np.arange(width * height, dtype=np.uint8) // 5
    palette = np.arange(8, dtype="<u2") * 4111
    save("palette_16.tga", tga(1, 8, indices.tobytes(), palette=palette.astype("<u2").tobytes(), palette_bits=16, entries=8))
    runs = b"".join(b"\x83" + row[0].tobytes() + b"\x04" + row[4:].tobytes() for row in five)
    save("runs_16.tga", tga(10, 16, runs) + footer)


if __name__ == "__main__":
    make_jpeg()
    make_png()
    make_webp()
    make_gif()
    make_bmp()
    make_pnm()
    make_tga()
