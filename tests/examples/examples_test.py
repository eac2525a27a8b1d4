#!/usr/bin/env python3
"""Runs the programs of tools/examples and checks what they say.
Usage: examples_test.py FOLDER SOURCE, the folder of the programs and that of the project"""

import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAMS, SOURCE = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
MODEL = SOURCE / "tests/fixtures/models/mmser_self_attention_tiny"
IMAGE = MODEL / "image.png"


def run(name, *arguments, exit_code=0):
    """What the program prints: its output, or if it is to fail its message."""
    result = subprocess.run([PROGRAMS / name, *map(str, arguments)], capture_output=True, text=True)
    if result.returncode != exit_code or (exit_code == 0 and result.stderr):
        raise AssertionError(f"{name} {arguments}: exit code {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stderr if exit_code else result.stdout


def pixels_of(width, height, seed):
    return bytes((seed * 31 + 7 * i + i * i) % 256 for i in range(3 * width * height))


class Examples(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sharpeye-examples-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def ppm(self, name, width, height, seed):
        path = self.folder / name
        path.write_bytes(b"P6\n%d %d\n255\n" % (width, height) + pixels_of(width, height, seed))
        return path

    def refined(self, image, model=MODEL):
        return re.search("^refined: (.*)$", run("caption_image", model, image), re.MULTILINE)[1]

    def test_c_says_what_cpp_says(self):
        output = run("caption_image", MODEL, IMAGE)
        self.assertRegex(output, r"^initial: .+\nrefined: .+\n$")
        self.assertEqual(run("caption_image_c", MODEL, IMAGE), output)
        self.assertIn("file not found: no/such.png", run("caption_image_c", MODEL, "no/such.png", exit_code=1))

    def test_frames(self):
        self.assertNotEqual(run("caption_frame", MODEL).strip(), "")
        initial, refined = run("ros_callback", MODEL).splitlines()
        self.assertRegex(initial, "^initial: .+")
        self.assertRegex(refined, "^refined: .+")
        self.assertIn("usage", run("ros_callback", exit_code=1))

    def test_opencv(self):
        if not (PROGRAMS / "opencv_camera").exists():
            self.skipTest("opencv_camera is not built: OpenCV is not installed")
        for number in range(3):
            shutil.copy(IMAGE, self.folder / f"frame_{number}.png")
        lines = run("opencv_camera", MODEL, self.folder / "frame_%d.png").splitlines()
        self.assertEqual(lines, [self.refined(IMAGE)] * 3)
        lines = run("opencv_camera", MODEL, self.folder / "frame_%d.png", 2).splitlines()
        self.assertEqual(len(lines), 2)

    def test_one_kernel(self):
        error = float(re.search("relative error (.*)", run("one_kernel"))[1])
        self.assertLess(error, 1e-6)

    def test_own_decoder(self):
        width, height = 33, 21
        picture = self.ppm("picture.ppm", width, height, 1)
        pixels = pixels_of(width, height, 1)
        wide = b"".join(b"".join(bytes([value, 99]) for value in pixels[i:i + 3]) + b"\xff\xff"
                        for i in range(0, len(pixels), 3))
        data = b"farbfeld" + struct.pack(">II", width, height) + wide
        own = self.folder / "picture.ff"
        own.write_bytes(data)
        self.assertEqual(run("own_decoder", MODEL, own).strip(), self.refined(picture))
        self.assertEqual(run("own_decoder", MODEL, picture).strip(), self.refined(picture))
        for bad, text in ((data[:-1], "bytes, actual"), (data[:12], "header of 16 bytes"),
                          (b"farbfeld" + b"\xff" * 8, "pixels, actual 4294967295 x 4294967295")):
            own.write_bytes(bad)
            self.assertIn(text, run("own_decoder", MODEL, own, exit_code=1))

    def test_clip_features(self):
        def cosine(left, right):
            return float(re.search("cosine (.*)", run("clip_features", MODEL, left, right))[1])

        other = self.ppm("other.ppm", 30, 40, 2)
        self.assertAlmostEqual(cosine(IMAGE, IMAGE), 1, delta=1e-6)
        self.assertLess(cosine(IMAGE, other), 0.99999)

    def test_train_connector(self):
        data, trained = self.folder / "data", self.folder / "trained"
        data.mkdir()
        lines = []
        for number, caption in enumerate(["a red cube", "two dogs", "a blue ball", "the sea"]):
            self.ppm(f"data/{number}.ppm", 28, 28, number)
            lines.append(json.dumps({"image": f"{number}.ppm", "caption": caption}))
        (data / "captions.jsonl").write_text("\n".join(lines) + "\n")
        self.assertRegex(run("train_connector", data, MODEL, trained, 20), "loss .* -> .*")
        before, after = MODEL / "model.safetensors", trained / "model.safetensors"
        self.assertNotEqual(before.read_bytes(), after.read_bytes())
        self.assertIsInstance(self.refined(IMAGE, trained), str)

    def test_scores(self):
        self.assertRegex(run("score_captions"), r"^BLEU-4 .*\nROUGE-L .*\nROUGE-L .*\n$")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
