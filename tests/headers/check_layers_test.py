#!/usr/bin/env python3
"""Breaks each rule of check_layers.py once, in a small tree of its own, and expects it to be named."""

import pathlib
import tempfile
import unittest

import check_layers

GOOD = {"sharpeye.hpp": '#include "sharpeye/pipeline/captioner.hpp"',
        "version.hpp": "",
        "core/types.hpp": '#include "sharpeye/version.hpp"',
        "io/json.hpp": '#include <nlohmann/json.hpp>\n#include "sharpeye/core/types.hpp"',
        "io/stb_image_decoder.inl": "#include <stb/stb_image.h>",
        "simd/kernels.hpp": "static_assert(true);  // assert(true), <cassert>\n/* assert(\n assert( */",
        "models/opt.hpp": '#include "sharpeye/io/json.hpp"',
        "pipeline/captioner.hpp": '#include "sharpeye/models/opt.hpp"'}

BAD = [("core/types.hpp", '#include "sharpeye/io/json.hpp"', "core (floor 0) may not include io (floor 1)"),
       ("simd/kernels.hpp", '#include "sharpeye/io/json.hpp"', "simd (floor 1) may not include io (floor 1)"),
       ("version.hpp", '#include "sharpeye/core/types.hpp"', "version.hpp (floor none) may not include core"),
       ("models/opt.hpp", '#include "sharpeye/sharpeye.hpp"', "no header includes the umbrella"),
       ("models/opt.hpp", '#include "json.hpp"', "expected the full path"),
       ("models/opt.hpp", '#include "sharpeye/misc/x.hpp"', "unknown folder misc"),
       ("misc/x.hpp", "", "unknown folder misc"),
       ("sharpeye.hpp", '#include "sharpeye/training/adamw.hpp"', "the umbrella ends at floor 7"),
       ("models/opt.hpp", "#include <nlohmann/json_fwd.hpp>", "only io/json.hpp"),
       ("models/opt.hpp", '#include "sharpeye/io/stb_image_decoder.inl"', "reaches stb through"),
       ("simd/kernels.hpp", "#include <Eigen/Core>", "no Eigen in simd/"),
       ("io/json.hpp", "#include <cassert>", "no assert"),
       ("io/json.hpp", "inline void f(int x) { assert (x > 0); }", "no assert"),
       ("io/json.hpp", "\n" * 1000, "lines in one file")]


class CheckLayers(unittest.TestCase):
    def breaches(self, changes, guard="#pragma once\n"):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**GOOD, **changes}.items():
                path = pathlib.Path(folder, "include", "sharpeye", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(guard + text + "\n", encoding="utf-8")
            return check_layers.check(pathlib.Path(folder))[1]

    def test_a_good_tree_passes(self):
        self.assertEqual(self.breaches({}), [])

    def test_each_rule_bites(self):
        for name, text, expected in BAD:
            with self.subTest(name=name, text=text[:60]):
                found = self.breaches({name: text})
                self.assertTrue(found and all(expected in breach for breach in found), found)

    def test_a_header_needs_pragma_once(self):
        headers = [name for name in GOOD if name.endswith(".hpp")]
        self.assertEqual(len(self.breaches({}, guard="")), len(headers))

    def test_an_empty_project_is_a_breach(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertTrue(check_layers.check(pathlib.Path(folder))[1])


if __name__ == "__main__":
    unittest.main()
