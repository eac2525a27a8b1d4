#!/usr/bin/env python3
"""Rate and latency of `sharpeye stream` on frames of 640 x 480, beside the model's own: calls of libsharpeye on the same
frames in memory, in turns.

Usage: stream_rate.py COMMAND LIBSHARPEYE [--model DIR] [--frames 300] [--turns 3] [--threads N] [--beams N]
       [--formats rgb24,nv12,y4m,jpeg] (jpeg needs Pillow) [--parallel]

The goal: 95 % of the rate, and the first caption of a frame within 110 % of a call's time to it. --parallel also prints
the rate of `caption --parallel 2` with one thread each, which overlaps one frame's tower with another one's decoding."""

import argparse
import ctypes
import io
import json
import os
import pathlib
import random
import statistics
import subprocess
import tempfile
import time

from serve_support import DEMO

WIDTH, HEIGHT = 640, 480


def paint(seed):
    """RGB bytes: a background and some rectangles, a little different from row to row."""
    draw = random.Random(seed)
    rows = [bytearray(bytes(draw.randrange(256) for _ in range(3)) * WIDTH) for _ in range(HEIGHT)]
    for _ in range(3):
        width, height = draw.randrange(60, 300), draw.randrange(60, 300)
        left, top = draw.randrange(WIDTH - width), draw.randrange(HEIGHT - height)
        colour = bytes(draw.randrange(256) for _ in range(3))
        for row in rows[top:top + height]:
            row[3 * left:3 * (left + width)] = colour * width
    background = rows[0][:3]
    for row in rows[1:]:  # the first row's colour everywhere
        for x in (0, WIDTH - 1):
            row[3 * x:3 * x + 3] = background
    return b"".join(rows)


def planes(rgb):
    """Luma and quarter-size differences, roughly: the colours do not matter here."""
    red, green, blue = rgb[::3], rgb[1::3], rgb[2::3]
    quarter = [b"".join(plane[y * WIDTH:(y + 1) * WIDTH:2] for y in range(0, HEIGHT, 2)) for plane in (blue, red)]
    return green, *quarter


def jpeg(rgb):
    from PIL import Image

    file = io.BytesIO()
    Image.frombytes("RGB", (WIDTH, HEIGHT), rgb).save(file, "JPEG", quality=90)
    return file.getvalue()


def encode(kind, frames):
    """The stream's bytes before the frames, those of each frame, and the options to read them."""
    size = ["--raw", kind, "--size", f"{WIDTH}x{HEIGHT}"]
    if kind == "rgb24":
        return b"", frames, size
    if kind == "jpeg":
        return b"", [jpeg(frame) for frame in frames], []
    yuv = [planes(frame) for frame in frames]
    if kind == "nv12":
        return b"", [luma + bytes(x for pair in zip(blue, red) for x in pair) for luma, blue, red in yuv], size
    return b"YUV4MPEG2 W640 H480 F30:1 C420\n", [b"FRAME\n" + b"".join(one) for one in yuv], []


class Calls:
    """libsharpeye, with as much of c_api.h as is used here."""

    ON_INITIAL = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)

    class CaptionerOptions(ctypes.Structure):
        _fields_ = [("struct_size", ctypes.c_size_t), ("threads", ctypes.c_int32), ("aspect", ctypes.c_int32),
                    ("turn", ctypes.c_int32), ("max_pixels", ctypes.c_uint64)]

    class Image(ctypes.Structure):
        _fields_ = [("struct_size", ctypes.c_size_t), ("data", ctypes.c_char_p), ("size", ctypes.c_size_t),
                    ("width", ctypes.c_int64), ("height", ctypes.c_int64), ("stride", ctypes.c_int64),
                    ("format", ctypes.c_int32), ("orientation", ctypes.c_int32)]

    def __init__(self, library, model, threads, beams):
        class Options(ctypes.Structure):
            _fields_ = [("struct_size", ctypes.c_size_t), ("glances", ctypes.c_int32), ("beams", ctypes.c_int32),
                        ("max_new_tokens", ctypes.c_int32), ("deadline_ms", ctypes.c_int32),
                        ("prompt", ctypes.c_void_p), ("initial", ctypes.c_void_p), ("on_initial", self.ON_INITIAL),
                        ("on_token", ctypes.c_void_p), ("on_poll", ctypes.c_void_p), ("user", ctypes.c_void_p)]

        self.library = ctypes.CDLL(library)
        loaded, self.captioner = ctypes.c_void_p(), ctypes.c_void_p()
        self.check(self.library.sharpeye_model_load(os.fsencode(model), None, ctypes.byref(loaded), None))
        setting = self.CaptionerOptions(ctypes.sizeof(self.CaptionerOptions), threads)
        self.check(self.library.sharpeye_captioner_new(loaded, ctypes.byref(setting), ctypes.byref(self.captioner), None))
        self.initial = []
        self.callback = self.ON_INITIAL(self.on_initial)
        self.options = Options(ctypes.sizeof(Options), 0, beams, on_initial=self.callback)
        self.library.sharpeye_caption_refined.restype = ctypes.c_char_p

    @staticmethod
    def check(status):
        if status != 0:
            raise SystemExit(f"stream_rate: libsharpeye's status {status}")

    def on_initial(self, user, text, size):
        self.initial.append(time.perf_counter() - self.begin)
        return 0

    def caption(self, frame):
        image = self.Image(ctypes.sizeof(self.Image), frame, len(frame), WIDTH, HEIGHT)
        caption = ctypes.c_void_p()
        self.begin = time.perf_counter()
        self.check(self.library.sharpeye_caption_pixels(self.captioner, ctypes.byref(image), ctypes.byref(self.options),
                                                        ctypes.byref(caption), None))
        text = self.library.sharpeye_caption_refined(caption, None).decode()
        self.library.sharpeye_caption_free(caption)
        return text

    def measure(self, frames):
        """Frames a second, the median time to a first caption, the captions."""
        self.caption(frames[0])
        self.initial.clear()
        begin = time.perf_counter()
        texts = [self.caption(frame) for frame in frames]
        return len(frames) / (time.perf_counter() - begin), statistics.median(self.initial), texts


class Stream:
    def __init__(self, arguments, options, source):
        command = [arguments.command, "stream", "--model", arguments.model, "--threads", str(arguments.threads)]
        command += ["--beams", str(arguments.beams)] if arguments.beams else []
        self.process = subprocess.Popen([*command, *options, "-"], stdin=source, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)

    def line(self):
        return json.loads(self.process.stdout.readline())

    def end(self):
        _, err = self.process.communicate()
        if self.process.returncode != 0:
            raise SystemExit(err.decode())


def rate_of_stream(arguments, options, path):
    """From the first frame's last line to the last one's: loading does not count. And the captions."""
    with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as cat:
        stream = Stream(arguments, options, cat.stdout)
        times, texts = [], []
        while text := stream.process.stdout.readline():
            line = json.loads(text)
            if line["glance"] == 2:
                times.append(time.perf_counter())
                texts.append(line["caption"])
        stream.end()
    return (len(times) - 1) / (times[-1] - times[0]), texts


def latency_of_stream(arguments, options, head, frames):
    """The median time from the end of a frame's bytes to its first caption. Each frame comes when the stream waits."""
    stream = Stream(arguments, options, subprocess.PIPE)
    stream.process.stdin.write(head)
    times = []
    for frame in frames:
        stream.process.stdin.write(frame)
        stream.process.stdin.flush()
        begin = time.perf_counter()
        first = stream.process.stdout.readline()
        times.append(time.perf_counter() - begin)
        assert json.loads(first)["glance"] == 1
        assert stream.line()["glance"] == 2
    stream.process.stdin.close()
    stream.process.stdin = None
    stream.end()
    return statistics.median(times[1:])


def rate_of_parallel(arguments, frames, folder, parallel, threads):
    names = []
    for number, frame in enumerate(frames):
        names.append(folder / f"{number:05}.ppm")
        names[-1].write_bytes(b"P6\n640 480\n255\n" + frame)
    command = [arguments.command, "caption", "--model", arguments.model, "--json", "--parallel", str(parallel),
               "--threads", str(threads), *(["--beams", str(arguments.beams)] if arguments.beams else [])]
    times = []
    with subprocess.Popen([*command, *names], stdout=subprocess.PIPE) as process:
        while process.stdout.readline():
            times.append(time.perf_counter())
    return (len(times) - 1 - 2 * parallel) / (times[-1] - times[2 * parallel])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("library")
    parser.add_argument("--model", default=str(DEMO))
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--beams", type=int, default=0)
    parser.add_argument("--formats", default="rgb24,nv12,y4m")
    parser.add_argument("--parallel", action="store_true")
    arguments = parser.parse_args()
    different = [paint(seed) for seed in range(12)]
    frames = [different[i % len(different)] for i in range(arguments.frames)]
    calls = Calls(arguments.library, arguments.model, arguments.threads, arguments.beams)
    memory = "/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as name:
        streams = {}
        for kind in arguments.formats.split(","):
            head, encoded, options = encode(kind, different)
            path = pathlib.Path(name, kind)
            with open(path, "wb") as file:
                file.write(head)
                for i in range(len(frames)):
                    file.write(encoded[i % len(encoded)])
            streams[kind] = head, [encoded[i % len(encoded)] for i in range(60)], options, path
        for _ in range(arguments.turns):
            for kind, (head, encoded, options, path) in streams.items():
                own, first, texts = calls.measure(frames)
                rate, said = rate_of_stream(arguments, options, path)
                if len(said) != len(frames) or (kind == "rgb24" and said != texts):
                    raise SystemExit(f"stream_rate: {kind}: other captions than those of calls")
                latency = latency_of_stream(arguments, options, head, encoded)
                print(f"{kind}: stream {rate:.1f} frames/s, calls {own:.1f}: {100 * rate / own:.1f} %; first caption after "
                      f"{1000 * latency:.2f} ms, of calls {1000 * first:.2f}: {100 * latency / first:.1f} %", flush=True)
            if arguments.parallel:
                folder = pathlib.Path(name, "files")
                folder.mkdir(exist_ok=True)
                some = frames[:100]
                one = rate_of_parallel(arguments, some, folder, 1, arguments.threads)
                two = rate_of_parallel(arguments, some, folder, 2, 2)
                print(f"caption of 100 files: {one:.1f}/s with {arguments.threads} threads, {two:.1f}/s with two workers "
                      f"of one thread each: {100 * two / one:.1f} %", flush=True)


if __name__ == "__main__":
    main()
