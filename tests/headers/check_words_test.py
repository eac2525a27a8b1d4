#!/usr/bin/env python3
"""Gives check_words.py a word of each kind, in a small tree of its own, and expects it to be named; and what it must let
pass."""

import pathlib
import tempfile
import unittest

import check_words

BAD = [("include/sharpeye/a.hpp", "int x;  ///< the second look", "second look"),
       ("include/sharpeye/a.hpp", "/// The model looks at it twice? It looks twice.", "looks twice"),
       ("include/sharpeye/a.inl", "  // kept for the way back", "way back"),
       ("include/sharpeye/a.hpp", "/// See paper.md.", "paper.md"),
       ("tools/a.cpp", "// n_embd floats", "n_embd"),
       ("tools/a.sh", "x=1 # the color", "color"),
       ("bench/a.cpp", "// panels asked for ahead", "asked for ahead"),
       ("README.md", "The first caption is initial.", "first caption"),
       ("README.md", "It writes a first\ncaption.", "first caption"),
       ("include/sharpeye/a.hpp", "/// Looks at it. It looks\n/// twice.", "looks twice"),
       ("weights/demo/README.md", "An Optimizer.", "Optimizer"),
       ("tests/README.md", "it takes some 15 seconds", "some 15 seconds")]

GOOD = [("include/sharpeye/a.hpp", "int color = gray(n_embd);  // the colour; see `color`"),
        ("include/sharpeye/a.hpp", "#include \"sharpeye/training/optimization.hpp\"\nauto optimizer = 1;"),
        ("tools/a.py", "color = 'look twice'"),
        ("README.md", "```\nint color;\n```\nThe first glance's caption, quantized by `optimizer`."),
        ("tests/a/first.cpp", "// color")]


class CheckWords(unittest.TestCase):
    def breaches(self, name, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")
            pathlib.Path(folder, "CHANGELOG.md").write_text("", encoding="utf-8")
            return check_words.check(pathlib.Path(folder))[1]

    def test_each_word_bites(self):
        for name, text, word in BAD:
            with self.subTest(name=name, text=text):
                found = self.breaches(name, text)
                self.assertEqual(len(found), 1, found)
                self.assertIn(f"{name}:1: {word}: use", found[0])

    def test_code_and_quotes_pass(self):
        for name, text in GOOD:
            with self.subTest(name=name, text=text):
                self.assertEqual(self.breaches(name, text), [])

    def test_an_empty_project_is_a_breach(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertTrue(check_words.check(pathlib.Path(folder))[1])


if __name__ == "__main__":
    unittest.main()
