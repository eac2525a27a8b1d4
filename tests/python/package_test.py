"""The installed package, without numpy: captions as the command gives them, callbacks, batches, scores, bad input."""

import importlib.metadata
import importlib.util
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import sharpeye
from sharpeye import metrics

SOURCE = pathlib.Path(os.environ["SHARPEYE_SOURCE"])
DEMO = SOURCE / "weights/demo"
TINY = SOURCE / "tests/fixtures/models/mmser_self_attention_tiny"
IMAGE = TINY / "image.png"
FIXTURES = SOURCE / "tests/fixtures"


def ppm(width, height, seed):
    pixels = bytes((seed * 7 + i * i % 251 + i) % 256 for i in range(3 * width * height))
    return b"P6\n%d %d\n255\n" % (width, height) + pixels


class Captions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.captioner = sharpeye.Captioner(TINY, threads=2)

    def test_they_are_those_of_the_command(self):
        with tempfile.TemporaryDirectory() as folder:
            made = pathlib.Path(folder, "made.ppm")
            made.write_bytes(ppm(50, 40, 3))
            images = [str(SOURCE / "tools/sample.png"), str(IMAGE), str(FIXTURES / "image/444_24x16.jpg"), str(made)]
            for model in (DEMO, TINY):
                for options, flags in (({}, []), ({"beams": 1, "glances": 1, "max_new_tokens": 6},
                                                  ["--beams", "1", "--glances", "1", "--max-new-tokens", "6"])):
                    captioner = sharpeye.Captioner(model, threads=2, **options)
                    output = subprocess.run([os.environ["SHARPEYE_COMMAND"], "caption", "--model", model, "--json",
                                             *flags, *images], check=True, capture_output=True, text=True).stdout
                    for image, line in zip(images, output.splitlines(), strict=True):
                        caption, expected = captioner(image), json.loads(line)
                        self.assertEqual(caption.initial, expected["initial"])
                        self.assertEqual(caption.refined, expected["refined"])
                        self.assertEqual(caption.glances, expected["rounds"] + 1)
                        self.assertEqual(list(caption.initial_ids), expected["tokens"]["initial"])
                        self.assertEqual(list(caption.refined_ids), expected["tokens"]["refined"])
                        for name in ("initial", "refined"):
                            sure = getattr(caption, f"{name}_confidence")
                            self.assertAlmostEqual(sure.value, expected["confidence"][name], delta=1e-6)
                            self.assertEqual([w for w, _ in sure.words], [w["word"] for w in expected["words"][name]])
                            self.assertEqual(len(sure.log_probabilities), len(expected["tokens"][name]))

    def test_a_caption(self):
        caption = self.captioner(IMAGE)
        self.assertEqual((caption.text, str(caption), caption.glances), (caption.refined, caption.refined, 2))
        self.assertFalse(caption.deadline_passed)
        self.assertGreater(caption.timings.vision, 0)
        self.assertGreaterEqual(caption.timings.total, caption.timings.vision)
        with self.assertRaises(AttributeError):
            caption.initial = ""

    def test_attention(self):
        plain, caption = self.captioner(IMAGE), self.captioner(IMAGE, attention=True)
        self.assertEqual(plain.attention, ())
        self.assertEqual(caption[:6], plain[:6])
        self.assertEqual([one.glance for one in caption.attention], [1, 2])
        for one, ids in zip(caption.attention, (caption.initial_ids, caption.refined_ids)):
            layers, heads, tokens, keys = one.values.shape
            self.assertEqual((one.values.format, tokens), ("f", len(ids)))
            for row in ((layer, head, token) for layer in range(layers) for head in range(heads) for token in range(tokens)):
                self.assertAlmostEqual(sum(one.values[(*row, key)] for key in range(keys)), 1, delta=1e-4)
            self.assertEqual(len(one.visual_keys), len(one.boxes))
            self.assertTrue(all(0 <= key < keys for key in one.visual_keys))
        (mapped,) = self.captioner.map([IMAGE], attention=True)
        self.assertEqual(mapped.attention[1].values, caption.attention[1].values)

    def test_every_kind_of_image(self):
        data = IMAGE.read_bytes()
        expected = self.captioner(IMAGE).refined
        for image in (str(IMAGE), data, bytearray(data), memoryview(data)):
            self.assertEqual(self.captioner(image).refined, expected)
        file = ppm(24, 18, 1)
        pixels = memoryview(file[-3 * 24 * 18:])
        self.assertEqual(self.captioner(pixels.cast("B", (18, 24, 3))).refined, self.captioner(file).refined)

    def test_a_name_that_is_no_utf8(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.fsdecode(os.path.join(os.fsencode(folder), b"\xff.png"))
            pathlib.Path(path).write_bytes(IMAGE.read_bytes())
            self.assertEqual(self.captioner(path).refined, self.captioner(IMAGE).refined)

    def test_options_of_the_captioner_and_of_a_call(self):
        once = sharpeye.Captioner(self.captioner.model, threads=1, glances=1, beams=2, max_new_tokens=4)
        caption = once(IMAGE)
        self.assertEqual((caption.glances, len(caption.initial_ids)), (1, 4))
        self.assertEqual(once(IMAGE, glances=2, max_new_tokens=3).glances, 2)
        given = self.captioner(IMAGE, initial=" a red cube ")
        self.assertEqual((given.initial, given.initial_confidence), ("a red cube", (None, (), ())))
        self.assertTrue(self.captioner(IMAGE, glances=100, deadline=0.001).deadline_passed)
        cropped = sharpeye.Captioner(TINY, aspect="crop", exif=False, map=True)
        self.assertIsInstance(cropped(ppm(60, 20, 5)).text, str)

    def test_bad_images_are_named(self):
        for image, error, text in (("no/such.png", FileNotFoundError, "no/such.png"), (b"", sharpeye.Error, "empty"),
                                   (b"hello", sharpeye.Error, 'text that begins with "hello"'),
                                   (IMAGE.read_bytes()[:99], sharpeye.Error, "image: "),
                                   (TINY, sharpeye.Error, "folder"), ("a\0b", ValueError, "zero character"),
                                   (1, TypeError, "actual int"), (None, TypeError, "actual NoneType"),
                                   ([[1]], TypeError, "actual list")):
            with self.subTest(image=image), self.assertRaisesRegex(error, text):
                self.captioner(image)
        self.assertEqual(self.captioner(IMAGE).glances, 2)

    def test_bad_options_are_named(self):
        for options, error, text in (({"glances": 0}, ValueError, "glances"), ({"beams": -1}, ValueError, "beams"),
                                     ({"beams": 1 << 40}, ValueError, "beams"), ({"beams": 65}, sharpeye.Error, "beams"),
                                     ({"order": "GBR"}, ValueError, "order"), ({"deadline": 0}, ValueError, "deadline"),
                                     ({"prompt": "a\0b"}, ValueError, "zero"), ({"glances": "2"}, TypeError, "")):
            with self.subTest(options=options), self.assertRaisesRegex(error, text):
                self.captioner(IMAGE, **options)
        for options, error, text in (({"threads": 0}, ValueError, "threads"), ({"threads": 257}, ValueError, "256"),
                                     ({"aspect": "stretch"}, ValueError, "aspect")):
            with self.subTest(options=options), self.assertRaisesRegex(error, text):
                sharpeye.Captioner(self.captioner.model, **options)
        with self.assertRaisesRegex(sharpeye.MissingFileError, "no/such"):
            sharpeye.Model("no/such")
        with self.assertRaisesRegex(sharpeye.Error, "10") as caught:
            sharpeye.Captioner(TINY, max_pixels=10)(IMAGE)
        self.assertEqual(caught.exception.kind, "limit")


class Callbacks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.captioner = sharpeye.Captioner(TINY, threads=1)

    def test_the_initial_caption_comes_before_the_second_glance(self):
        heard = []
        caption = self.captioner(IMAGE, on_initial=lambda text: heard.append(("initial", text)),
                                 on_token=lambda glance, text: heard.append((glance, text)))
        place = heard.index(("initial", caption.initial))
        self.assertEqual({glance for glance, _ in heard[:place]}, {1})
        self.assertEqual({glance for glance, _ in heard[place + 1:]}, {2})

    def test_false_or_an_exception_ends_the_call(self):
        with self.assertRaises(sharpeye.CancelledError):
            self.captioner(IMAGE, on_initial=lambda text: False)
        with self.assertRaises(sharpeye.CancelledError):
            self.captioner(IMAGE, on_token=lambda glance, text: glance < 2)
        with self.assertRaises(ZeroDivisionError):
            self.captioner(IMAGE, on_initial=lambda text: 1 / 0)
        with self.assertRaisesRegex(sharpeye.InvalidArgumentError, "one call at a time"):
            self.captioner(IMAGE, on_initial=lambda text: self.captioner(IMAGE))
        self.assertEqual(self.captioner(IMAGE).glances, 2)

    def test_a_signal_ends_a_long_call(self):
        def interrupt(number, frame):
            raise KeyboardInterrupt

        previous = signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        begin = time.monotonic()
        try:
            with self.assertRaises(KeyboardInterrupt):
                self.captioner(IMAGE, glances=100_000)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
        self.assertLess(time.monotonic() - begin, 20)

    def test_other_threads_run_meanwhile(self):
        counted, ends = 0, threading.Event()

        def count():
            nonlocal counted
            while not ends.is_set():
                counted += 1
                time.sleep(0.001)

        thread = threading.Thread(target=count)
        thread.start()
        self.captioner(IMAGE, glances=100)
        ends.set()
        thread.join()
        self.assertGreater(counted, 5)

    def test_calls_from_several_threads(self):
        expected, texts = self.captioner(IMAGE).refined, []
        threads = [threading.Thread(target=lambda: texts.append(self.captioner(IMAGE).refined)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(texts, [expected] * 6)


class Batches(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.captioner = sharpeye.Captioner(TINY, threads=3)
        cls.images = [ppm(20 + i, 30, i) for i in range(12)]

    def test_they_are_the_captions_one_by_one(self):
        expected = [self.captioner(image).refined for image in self.images]
        self.assertGreater(len(set(expected)), 1)
        for parallel in (None, 1, 2, 5):
            captions = self.captioner.map(self.images, parallel=parallel)
            self.assertEqual([caption.refined for caption in captions], expected)
        self.assertEqual([c.glances for c in self.captioner.map(self.images[:2], glances=1)], [1, 1])
        self.assertEqual(list(self.captioner.map([])), [])

    def test_a_bad_image(self):
        images = [self.images[0], b"bad", self.images[1]]
        with self.assertRaisesRegex(sharpeye.Error, "bad"):
            list(self.captioner.map(images))
        first, error, last = self.captioner.map(images, errors="return")
        self.assertIsInstance(first, sharpeye.Caption)
        self.assertIsInstance(error, sharpeye.Error)
        self.assertIsInstance(last, sharpeye.Caption)

    def test_images_are_taken_as_they_are_needed(self):
        taken = 0

        def endless():
            nonlocal taken
            while True:
                taken += 1
                yield self.images[taken % len(self.images)]

        captions = self.captioner.map(endless(), parallel=2)
        for _ in range(5):
            next(captions)
        captions.close()
        self.assertLess(taken, 15)

    def test_bad_options(self):
        for options in ({"parallel": 0}, {"errors": "ignore"}, {"glances": 0}):
            with self.subTest(options=options), self.assertRaises(ValueError):
                self.captioner.map(self.images, **options)
        with self.assertRaises(TypeError):
            self.captioner.map(self.images, glance=1)


class Scores(unittest.TestCase):
    def test_synthetic_images(self):
        spec = importlib.util.spec_from_file_location("goldens", SOURCE / "tests/reference/make_metric_goldens.py")
        goldens = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(goldens)
        expected = json.loads((FIXTURES / "metrics/scores.json").read_text())["corpus"]
        for size in (1, 2, 3, 50):
            images = [goldens.synthetic_image(i) for i in range(size)]
            gts = {i: [" ".join(words) for words in references] for i, (references, _) in enumerate(images)}
            res = {i: [" ".join(candidate)] for i, (_, candidate) in enumerate(images)}
            bleu, bleus = metrics.Bleu(4).compute_score(gts, res, verbose=0)
            scores = {f"Bleu_{n + 1}": (bleu[n], bleus[n]) for n in range(4)}
            scores["ROUGE_L"] = metrics.Rouge().compute_score(gts, res)
            scores["CIDEr-D"] = metrics.Cider().compute_score(gts, res)
            of_each = goldens.evaluate(images)
            for name, (corpus, every) in scores.items():
                self.assertAlmostEqual(corpus, expected[str(size)][name], delta=1e-9)
                for score, golden in zip(every, of_each[name][1], strict=True):
                    self.assertAlmostEqual(score, golden, delta=1e-9)

    def test_words(self):
        captions = (FIXTURES / "metrics/captions.txt").read_text(encoding="utf-8").splitlines()
        words = (FIXTURES / "metrics/captions.tokens.txt").read_text(encoding="utf-8").splitlines()
        tokenized = metrics.PTBTokenizer().tokenize({i: [{"caption": text}] for i, text in enumerate(captions)})
        self.assertEqual([tokenized[i][0] for i in range(len(captions))], words)

    def test_plain_captions_are_tokenized(self):
        gts = {"a": ["A man riding a wave.", "A surfer rides!"], 7: [{"caption": "Two dogs play in the grass."}]}
        res = {7: "two dogs playing", "a": [{"caption": "A man rides a wave"}]}
        scores = metrics.evaluate(gts, res)
        tokenizer = metrics.PTBTokenizer()
        words = tokenizer.tokenize(gts), tokenizer.tokenize(res)
        self.assertEqual(scores.corpus["CIDEr"], metrics.Cider().compute_score(*words)[0])
        self.assertEqual([scores.images[i]["Bleu_2"] for i in ("a", 7)], metrics.Bleu(2).compute_score(*words)[1][1])
        self.assertEqual(tuple(scores.corpus), metrics.NAMES)

        class Annotations:
            def __init__(self, captions):
                self.imgToAnns = {i: [{"caption": text} for text in metrics._texts(c)] for i, c in captions.items()}

            def getImgIds(self):
                return list(self.imgToAnns)

        evaluation = metrics.COCOEvalCap(Annotations(gts), Annotations(res))
        evaluation.evaluate()
        self.assertEqual(evaluation.eval["CIDEr"], scores.corpus["CIDEr"])
        self.assertEqual(evaluation.imgToEval[7]["ROUGE_L"], scores.images[7]["ROUGE_L"])

    def test_bad_input_is_named(self):
        for gts, res, text in (({1: ["a"]}, {2: ["a"]}, "image"), ({1: []}, {1: ["a"]}, "image 1: .*reference"),
                               ({1: ["a"]}, {1: ["a", "b"]}, "image 1: .*one candidate"), ({}, {}, "image"),
                               ({1: ["a\0"]}, {1: ["a"]}, "zero character")):
            with self.subTest(gts=gts), self.assertRaisesRegex(ValueError, text):
                metrics.evaluate(gts, res)


class Package(unittest.TestCase):
    def test_the_example(self):
        example = SOURCE / "tools/examples/caption_image.py"
        output = subprocess.run([sys.executable, example, TINY, IMAGE, IMAGE], check=True, capture_output=True,
                                text=True).stdout.splitlines()
        caption = sharpeye.Captioner(TINY)(IMAGE)
        self.assertEqual(output, [f"initial: {caption.initial}", f"refined: {caption.refined}", "BLEU-2: 0.866"])

    def test_it_stands_alone(self):
        self.assertIsNone(importlib.util.find_spec("numpy"))
        self.assertIn(sys.prefix, sharpeye.__file__)
        folder = pathlib.Path(sharpeye.__file__).parent
        self.assertEqual(len(list(folder.glob("libsharpeye.so*"))), 1)
        self.assertTrue((folder / "py.typed").exists())

    def test_the_version_is_that_of_the_library(self):
        header = (SOURCE / "include/sharpeye/version.hpp").read_text()
        self.assertIn(f'VERSION_STRING "{sharpeye.__version__}"', header)
        self.assertEqual(importlib.metadata.version("sharpeye"), sharpeye.__version__)


if __name__ == "__main__":
    unittest.main()
