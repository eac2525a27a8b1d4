#!/usr/bin/env python3
"""Gives check_readme.py a small project with one fault after another, and expects each to be named."""

import pathlib
import tempfile
import unittest

import check_readme

GOOD = {"tools/examples/a.cpp": "int main() {}\n", **{page: "# A Page: its Heading\n" for page in check_readme.PAGES},
        "README.md": "```cpp\nint main() {}\n```\n[tools](tools/README.md#a-page-its-heading) [web](https://a.org/b)\n"}

BAD = [("bench/README.md", "```cpp\nint main() { return 1; }\n```\n", "is no file of tools/examples"),
       ("bench/README.md", "```c\nint main(void) { return 1; }\n```\n", "is no file of tools/examples"),
       ("bench/README.md", "```python\npass\n```\n", "is no file of tools/examples"),
       ("tools/examples/b.cpp", "int b;\n", "no page shows tools/examples/b.cpp"),
       ("tools/examples/b.py", "pass\n", "no page shows tools/examples/b.py"),
       ("tools/README.md", "[a](missing.md)\n# A Page: its Heading\n", "leads nowhere: missing.md"),
       ("bench/README.md", "[a](../tools/README.md#another)\n", "no such heading"),
       ("README.md", GOOD["README.md"] + "\n" * 130, "at most 130 lines")]


class CheckReadme(unittest.TestCase):
    def faults(self, changes, without=""):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**GOOD, **changes}.items():
                path = pathlib.Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                if name != without:
                    path.write_text(text, encoding="utf-8")
            return check_readme.check(pathlib.Path(folder))

    def test_a_good_project_passes(self):
        self.assertEqual(self.faults({}), [])

    def test_an_example_may_be_linked(self):
        self.assertEqual(self.faults({"tools/examples/b.cpp": "int b;\n", "tools/README.md": GOOD["tools/README.md"] +
                                      "[b](examples/b.cpp)\n"}), [])

    def test_a_long_example(self):
        found = self.faults({"tools/examples/b.cpp": "\n" * 60, "tools/README.md": GOOD["tools/README.md"] +
                             "[b](examples/b.cpp)\n"})
        self.assertEqual(found, ["tools/examples/b.cpp: expected less than 60 lines, actual 60"])

    def test_each_fault_is_named(self):
        for name, text, expected in BAD:
            with self.subTest(name=name, expected=expected):
                found = self.faults({name: text})
                self.assertEqual(len(found), 1, found)
                self.assertIn(expected, found[0])

    def test_a_page_must_be_there(self):
        self.assertIn("tests/README.md: missing", self.faults({}, without="tests/README.md"))


if __name__ == "__main__":
    unittest.main()
