"""Streams of the installed package, without numpy: captions as single calls give them, live mode, callbacks, bad input."""

import gc
import itertools
import os
import pathlib
import signal
import tempfile
import threading
import time
import unittest
import weakref

import sharpeye

SOURCE = pathlib.Path(os.environ["SHARPEYE_SOURCE"])
TINY = SOURCE / "tests/fixtures/models/mmser_self_attention_tiny"
WIDTH, HEIGHT = 24, 18


def frame(seed):
    pixels = bytearray()
    for _ in range(3 * WIDTH * HEIGHT):
        seed = (seed * 1664525 + 1013904223) % 2**32
        pixels.append(seed >> 24)
    return memoryview(bytes(pixels)).cast("B", (HEIGHT, WIDTH, 3))


def file_of(pixels):
    return b"P6\n%d %d\n255\n" % (WIDTH, HEIGHT) + pixels.tobytes()


class Streams(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.captioner = sharpeye.Captioner(TINY, threads=1)

    def expected(self, seeds, step=1.0):
        captions = [self.captioner(frame(seed)) for seed in seeds]
        return [(i, i * step, is_refined, is_refined, caption.refined if is_refined else caption.initial)
                for i, caption in enumerate(captions) for is_refined in (False, True)]

    @staticmethod
    def said(heard):
        return [(one.frame, one.seconds, one.is_refined, one.is_last, one.text) for one in heard]

    def test_the_captions_are_those_of_single_calls(self):
        heard = []
        with tempfile.TemporaryDirectory() as folder, sharpeye.Stream(self.captioner, heard.append) as stream:
            path = pathlib.Path(folder, "frame.ppm")
            path.write_bytes(file_of(frame(2)))
            for number, image in enumerate((frame(1), path, file_of(frame(3)))):
                stream.push(image, float(number))
                self.assertEqual(len(heard), 2 * number + 2)
            stream.finish()
            self.assertEqual(stream.counts, (3, 0, 0, 3, 3, 0))
        self.assertEqual(self.said(heard), self.expected((1, 2, 3)))
        self.assertEqual(str(heard[1]), heard[1].text)
        self.assertEqual((heard[0].caption.glances, heard[1].caption.glances), (1, 2))

    def test_frames_as_an_iterator(self):
        seeds = (1, 2, 3, 4, 5)
        said = self.captioner.stream(map(frame, seeds), fps=4)
        self.assertEqual(self.said(said), self.expected(seeds, 0.25))
        pairs = ((frame(seed), 10.0 * seed) for seed in seeds)
        chosen = list(self.captioner.stream(pairs, period=15, glances=1, max_new_tokens=2))
        self.assertEqual([(one.frame, one.seconds, one.is_refined) for one in chosen if one.is_last],
                         [(0, 10.0, False), (1, 20.0, False), (2, 30.0, False), (4, 50.0, False)])
        changed = self.captioner.stream(map(frame, (7, 7, 8, 8, 7)), change_threshold=0.06, glances=1)
        self.assertEqual([one.frame for one in changed if one.is_last], [0, 2, 4])

    def test_an_iterator_that_is_left_ends(self):
        taken = []

        def frames():
            for seed in itertools.count():
                taken.append(seed)
                yield frame(seed)

        for live in (False, True):
            for one in self.captioner.stream(frames(), live=live):
                if one.frame >= 2:
                    break
            del one
            count = len(taken)
            time.sleep(0.05)
            self.assertEqual(len(taken), count)
        self.assertFalse([thread for thread in threading.enumerate() if thread.name == "sharpeye-stream"])

        def broken():
            yield frame(1)
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            list(self.captioner.stream(broken()))
        with self.assertRaisesRegex(sharpeye.Error, "image: "):
            list(self.captioner.stream([frame(1), b"hello"]))

    def test_a_callback_that_knows_its_stream_is_collected(self):
        class Viewer:
            def __init__(self, captioner, live):
                self.stream = sharpeye.Stream(captioner, lambda said: self.show(said), live=live)

            def show(self, said):
                pass

        for live in (False, True):
            viewer = Viewer(self.captioner, live)
            viewer.stream.push(frame(1), 0.0)
            viewer.stream.finish()
            gone = weakref.ref(viewer)
            del viewer
            gc.collect()
            self.assertIsNone(gone())

    def test_live_drops_frames_and_captions_the_last(self):
        heard, threads = [], set()

        def on_caption(one):
            heard.append(one)
            threads.add(threading.get_ident())
            self.assertGreater(stream.counts.frames, one.frame)
            time.sleep(0.01)

        with sharpeye.Stream(self.captioner, on_caption, live=True) as stream:
            for seed in range(50):
                stream.push(frame(seed), float(seed))
            self.assertFalse(stream.wait(0))
            stream.finish()
            counts = stream.counts
        self.assertEqual((counts.frames, counts.captioned + counts.dropped), (50, 50))
        self.assertGreater(counts.dropped, 30)
        self.assertEqual(len(threads), 1)
        self.assertNotIn(threading.get_ident(), threads)
        self.assertEqual((heard[-1].frame, heard[-1].is_refined), (49, True))
        self.assertEqual(heard[-1].text, self.captioner(frame(49)).refined)

    def test_other_threads_run_meanwhile(self):
        counted, ends = 0, threading.Event()

        def count():
            nonlocal counted
            while not ends.is_set():
                counted += 1
                time.sleep(0.001)

        thread = threading.Thread(target=count)
        thread.start()
        with sharpeye.Stream(self.captioner, lambda one: None, glances=100) as stream:
            stream.push(frame(1), 0)
        ends.set()
        thread.join()
        self.assertGreater(counted, 5)

    def test_false_or_an_exception_ends_the_stream(self):
        for live in (False, True):
            with self.subTest(live=live), sharpeye.Stream(self.captioner, lambda one: False, live=live) as stream:
                with self.assertRaises(sharpeye.CancelledError):
                    stream.push(frame(1), 0)
                    stream.finish()
                with self.assertRaises(sharpeye.CancelledError):
                    stream.push(frame(1), 1)
            with self.subTest(live=live), sharpeye.Stream(self.captioner, lambda one: 1 / 0, live=live) as stream:
                with self.assertRaises(ZeroDivisionError):
                    stream.push(frame(1), 0)
                    stream.finish()
                with self.assertRaises(sharpeye.CancelledError):
                    stream.push(frame(1), 1)

    def test_what_goes_wrong_with_a_frame(self):
        prompt = "<image>" + 4000 * "x"
        errors = []
        with sharpeye.Stream(self.captioner, print, prompt=prompt,
                             on_error=lambda number, error: errors.append((number, str(error)))) as stream:
            stream.push(frame(1), 0)
            self.assertEqual(errors[0][0], 0)
            self.assertIn("max_position_embeddings", errors[0][1])
            for image, error, text in ((b"hello", sharpeye.Error, "hello"), ("no/such.png", FileNotFoundError, "such"),
                                       (1, TypeError, "actual int")):
                with self.subTest(image=image), self.assertRaisesRegex(error, text):
                    stream.push(image, 1)
            with self.assertRaisesRegex(ValueError, "seconds"):
                stream.push(frame(1), float("nan"))
            self.assertEqual((stream.counts.frames, stream.counts.failed), (1, 1))
        with sharpeye.Stream(self.captioner, print, prompt=prompt) as stream:
            with self.assertRaisesRegex(sharpeye.Error, "max_position_embeddings"):
                stream.push(frame(1), 0)
        with self.assertRaisesRegex(ValueError, "closed"):
            stream.push(frame(1), 1)
        for options, error, text in (({"period": -1}, ValueError, "period"), ({"beams": 0}, ValueError, "beams"),
                                     ({"change_threshold": 2}, ValueError, "threshold"),
                                     ({"threads": 1}, TypeError, "threads"), ({"deadline": 0}, ValueError, "deadline")):
            with self.subTest(options=options), self.assertRaisesRegex(error, text):
                sharpeye.Stream(self.captioner, print, **options)
        with self.assertRaisesRegex(ValueError, "fps"):
            self.captioner.stream([], fps=0)

    def test_a_stream_is_not_closed_by_its_own_callback(self):
        refused = []

        def on_caption(one):
            for call in (stream.close, stream.finish):
                try:
                    call()
                except ValueError as error:
                    refused.append(str(error))

        for live in (False, True):
            with sharpeye.Stream(self.captioner, on_caption, live=live, glances=1) as stream:
                stream.push(frame(1), 0)
                stream.finish()
        self.assertEqual(len(refused), 8)
        self.assertIn("from its own callback", refused[0])

    def test_a_signal_ends_a_long_push_and_a_long_wait(self):
        def interrupt(number, at):
            raise KeyboardInterrupt

        previous = signal.signal(signal.SIGALRM, interrupt)
        self.addCleanup(signal.signal, signal.SIGALRM, previous)
        for live in (False, True):
            begin = time.monotonic()
            with sharpeye.Stream(self.captioner, lambda one: None, live=live, glances=100_000) as stream:
                signal.setitimer(signal.ITIMER_REAL, 0.2)
                with self.subTest(live=live), self.assertRaises(KeyboardInterrupt):
                    stream.push(frame(1), 0)
                    stream.finish()
            self.assertLess(time.monotonic() - begin, 20)


if __name__ == "__main__":
    unittest.main()
