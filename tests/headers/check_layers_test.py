#!/usr/bin/env python3
"""Breaks each rule of check_layers.py once, in a small tree of its own, and expects it to be named."""

import pathlib
import tempfile
import unittest

import check_layers

BODY = 'SHARPEYE_NAMESPACE_END\n#if !defined(SHARPEYE_COMPILED)\n#include "sharpeye/%s"\n#endif'
GOOD = {"sharpeye.hpp": '#include "sharpeye/pipeline/captioner.hpp"',
        "compiled.inl": "".join(f'#include "sharpeye/{body}.inl"\n' for body in
                                ("io/json", "io/stb_image_decoder", "pipeline/captioner")),
        "version.hpp": "",
        "core/types.hpp": '#include "sharpeye/version.hpp"',
        "io/json.hpp": '#include "sharpeye/core/types.hpp"\n\n' + BODY % "io/json.inl",
        "io/json.inl": '#include "sharpeye/io/json.hpp"\n\n#include <nlohmann/json.hpp>',
        "io/stb_image_decoder.hpp": BODY % "io/stb_image_decoder.inl",
        "io/stb_image_decoder.inl": '#include "sharpeye/io/stb_image_decoder.hpp"\n#include <stb/stb_image.h>',
        "formats/codecs.hpp": '#include "sharpeye/io/json.hpp"',
        "simd/kernels.hpp": "static_assert(true);  // assert(true), <cassert>\n/* assert(\n assert( */",
        "models/opt.hpp": '#include <Eigen/Core>\n#include "sharpeye/formats/codecs.hpp"',
        "pipeline/captioner.hpp": BODY % "pipeline/captioner.inl",
        "pipeline/captioner.inl": '#include "sharpeye/pipeline/captioner.hpp"\n#include "sharpeye/models/opt.hpp"',
        "../../tools/options.cpp": "#include <CLI/CLI.hpp>"}

BAD = [("core/types.hpp", '#include "sharpeye/io/json.hpp"', "core (floor 0) may not include io (floor 1)"),
       ("simd/kernels.hpp", '#include "sharpeye/io/json.hpp"', "simd (floor 1) may not include io (floor 1)"),
       ("version.hpp", '#include "sharpeye/core/types.hpp"', "version.hpp (floor none) may not include core"),
       ("models/opt.hpp", '#include "sharpeye/sharpeye.hpp"', "no header includes the umbrella"),
       ("models/opt.hpp", '#include "json.hpp"', "expected the full path"),
       ("models/opt.hpp", '#include "sharpeye/misc/x.hpp"', "unknown folder misc"),
       ("misc/x.hpp", "", "unknown folder misc"),
       ("sharpeye.hpp", '#include "sharpeye/training/adamw.hpp"', "sharpeye.hpp ends at floor 7"),
       ("compiled.inl", '#include "sharpeye/io/json.inl"', "lacks pipeline/captioner.inl"),
       ("models/opt.hpp", "#include <nlohmann/json_fwd.hpp>", "only io/json.inl"),
       ("../../tests/io/json_test.cpp", "#include <nlohmann/json.hpp>", "only io/json.inl"),
       ("core/image.inl", "#include <stb/stb_image.h>", "only io/stb_*.inl"),
       ("../../tools/caption.cpp", "#include <CLI/CLI.hpp>", "only tools/options.cpp"),
       ("core/types.hpp", "#include <sstream>", "no <sstream> in the library"),
       ("core/error.inl", "#include <iomanip>", "no <iomanip> in the library"),
       ("formats/codecs.hpp", '#include "sharpeye/simd/kernels.hpp"\n#include <thread>', "<thread> through"),
       ("models/opt.hpp", '#include "sharpeye/io/stb_image_decoder.hpp"',
        "reaches <stb/stb_image.h> through sharpeye.hpp -> pipeline/captioner.hpp -> pipeline/captioner.inl"),
       ("pipeline/captioner.hpp", '#include "sharpeye/models/opt.hpp"\n' + BODY % "pipeline/captioner.inl",
        "reaches <Eigen/Core> through"),
       ("formats/codecs.hpp", '#include "sharpeye/metrics/bleu.hpp"\n#include <Eigen/Core>', "<Eigen/Core> through"),
       ("formats/codecs.hpp", '#include "sharpeye/text/tokenizer.hpp"', "formats (floor 2) may not include text"),
       ("io/json.hpp", '#include "sharpeye/io/json.inl"', "as the last lines"),
       ("io/json.hpp", BODY % "io/json.inl" + "\nint x;", "as the last lines"),
       ("io/json.inl", '#include <map>\n#include "sharpeye/io/json.hpp"', "its own header first"),
       ("pipeline/captioner.inl",
        '#include "sharpeye/pipeline/captioner.hpp"\n#include "sharpeye/sharpeye.hpp"', "still being read"),
       ("simd/kernels.hpp", "#include <Eigen/Core>", "no Eigen in simd/"),
       ("core/types.hpp", "#include <cassert>", "no assert"),
       ("core/types.hpp", "inline void f(int x) { assert (x > 0); }", "no assert"),
       ("core/types.hpp", "\n" * 1000, "lines in one file")]


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
                self.assertTrue(any(expected in breach for breach in found), found)

    def test_a_body_that_comes_too_early_is_named(self):
        circle = {"io/reader.hpp": '#include "sharpeye/io/json.hpp"\nSHARPEYE_NAMESPACE_END',
                  "io/json.inl": '#include "sharpeye/io/json.hpp"\n#include "sharpeye/io/reader.hpp"'}
        self.assertTrue(any("still being read" in breach for breach in self.breaches(circle)))

    def test_a_header_needs_pragma_once(self):
        headers = [name for name in GOOD if name.endswith(".hpp")]
        self.assertEqual(len(self.breaches({}, guard="")), len(headers))

    def test_an_empty_project_is_a_breach(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertTrue(check_layers.check(pathlib.Path(folder))[1])


if __name__ == "__main__":
    unittest.main()
