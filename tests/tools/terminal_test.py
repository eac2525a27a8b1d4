#!/usr/bin/env python3
"""`sharpeye caption --out` on a terminal: progress there and none in a pipe; Ctrl-C finishes the current image, a second
one does not wait. Usage: terminal_test.py COMMAND"""

import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from serve_support import DEMO, ppm

COMMAND = sys.argv.pop(1)
ROUNDS = 100
PROGRESS = re.compile(rb"\rcaptions: (\d+) / (\d+), [\d.]+ a second, \d+ s left\x1b\[K")


class Terminal:
    """A command on a terminal of its own, as a shell would run it."""

    def __init__(self, arguments):
        self.process, self.master = pty.fork()
        if self.process == 0:
            os.execv(arguments[0], arguments)
        self.shown = b""

    def read(self, seconds=0.05):
        """Adds what is shown next. False: it has ended."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            part = os.read(self.master, 1 << 16)
        except OSError:  # EIO: nobody has the terminal open any more
            return False
        self.shown += part
        return bool(part)

    def read_until(self, pattern, limit=120):
        end = time.monotonic() + limit
        while not re.search(pattern, self.shown):
            if time.monotonic() > end or not self.read():
                raise AssertionError(f"{pattern!r} is not in {self.shown!r}")

    def press(self, keys):
        os.write(self.master, keys)

    def end(self):
        """Its exit code; the negative of a signal's number."""
        while self.read():
            pass
        _, status = os.waitpid(self.process, 0)
        os.close(self.master)
        return os.waitstatus_to_exitcode(status)


class Progress(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sharpeye-terminal-"))
        self.addCleanup(subprocess.run, ["rm", "-rf", str(self.folder)], check=True)
        (self.folder / "images").mkdir()
        for seed in range(8):
            (self.folder / "images" / f"{seed:02}.ppm").write_bytes(ppm(seed))

    def command(self, out, *options):
        # Many refinements take a moment for each image, on any machine; drawn ones do not end early.
        return [COMMAND, "caption", "--model", str(DEMO), "--threads", "1", "--rounds", str(ROUNDS), "--sample",
                "--seed", "1", str(self.folder / "images"), "--out", str(self.folder / out), *options]

    def lines(self, out):
        text = (self.folder / out).read_bytes()
        self.assertTrue(text == b"" or text.endswith(b"\n"))
        return text.splitlines()

    def test_on_a_terminal_and_in_a_pipe(self):
        terminal = Terminal(self.command("terminal"))
        self.assertEqual(terminal.end(), 0)
        shown = PROGRESS.findall(terminal.shown)
        self.assertGreater(len(shown), 3)
        self.assertEqual({total for _, total in shown}, {b"8"})
        counts = [int(done) for done, _ in shown]
        self.assertEqual(counts, sorted(counts))
        self.assertEqual(counts[-1], 8)
        self.assertNotIn(b"caption\"", terminal.shown)  # the lines are in the file
        piped = subprocess.run(self.command("piped"), check=True, capture_output=True)
        self.assertEqual((piped.stdout, piped.stderr), (b"", b""))
        self.assertEqual(self.lines("piped"), self.lines("terminal"))

    def test_one_ctrl_c(self):
        terminal = Terminal(self.command("stopped"))
        terminal.read_until(rb"captions: [2-7] / 8")
        time.sleep(0.05)  # into the next image
        before = len(self.lines("stopped"))
        terminal.press(b"\x03")
        self.assertEqual(terminal.end(), 130)
        done = int(re.search(rb"stopped after (\d+) of 8 images; the same command goes on", terminal.shown)[1])
        lines = self.lines("stopped")
        self.assertEqual(len(lines), done)
        self.assertIn(done - before, (1, 2))  # the one at work; one more if it ended just before the key
        self.assertLess(done, 8)
        for line in lines:
            self.assertEqual(json.loads(line)["rounds"], ROUNDS)  # whole
        again = Terminal(self.command("stopped"))
        self.assertEqual(again.end(), 0)
        self.assertIn(b"%d of 8 images are done" % done, again.shown)
        self.assertEqual([json.loads(line)["image"] for line in self.lines("stopped")],
                         [str(self.folder / "images" / f"{i:02}.ppm") for i in range(8)])

    def test_two_ctrl_c(self):
        terminal = Terminal(self.command("killed", "--temperature", "10000", "--max-new-tokens", "400"))  # seconds each
        while not (self.folder / "killed").exists():  # the model is loaded
            self.assertTrue(terminal.read())
        terminal.press(b"\x03")
        time.sleep(0.2)
        terminal.press(b"\x03")
        self.assertEqual(terminal.end(), -signal.SIGINT)
        self.assertEqual(self.lines("killed"), [])


if __name__ == "__main__":
    unittest.main()
