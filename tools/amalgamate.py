#!/usr/bin/env python3
"""Writes the whole inference library (floors 0 to 7, no training) as one header.

Each of our headers is expanded once, where it is first needed; #line names its file in error messages. The standard
headers are collected at the top, before every region of kernels. Eigen and nlohmann/json stay includes. The decoder of
image files (stb) is there if SHARPEYE_WITH_STB is defined before the include, and with it those of libjpeg, libpng and
libwebp if SHARPEYE_HAS_JPEG, _PNG or _WEBP are 1.
Usage: tools/amalgamate.py -o sharpeye_all.hpp
"""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1] / "include"
ROOMS = ["core", "simd", "io", "vision", "metrics", "text", "formats", "ops", "nn", "models", "generation", "pipeline"]
WITH_STB = ["sharpeye/io/stb_image_decoder.hpp", "sharpeye/io/stb_png_writer.hpp", "sharpeye/io/image_decoders.hpp"]
WITH_LIBRARY = {name.upper(): f"sharpeye/io/lib{name}_decoder.hpp" for name in ("jpeg", "png", "webp")}
INCLUDE = re.compile(r'\s*#\s*include\s*(["<])([^">]+)[">]')
GUARD = "#if !defined(SHARPEYE_COMPILED)"
HEAD = """// sharpeye %s, all of its inference in one header. Written by tools/amalgamate.py of
// the repository: change the headers there, not this file. Needs Eigen 3.4 and nlohmann/json 3.11.
//
%s
#pragma once

#if defined(SHARPEYE_COMPILED)
#error "sharpeye: this header has all bodies; SHARPEYE_COMPILED is for the repository's own headers"
#endif
"""


class Amalgamation:
    def __init__(self):
        self.standard = set()  # standard headers, for the top
        self.lines = []
        self.expanded = set()

    def add(self, name):
        """Appends the header `name`, and before it, or in it, what it includes."""
        text = (ROOT / name).read_text(encoding="utf-8")
        once = "#pragma once" in text
        if once and name in self.expanded:
            return
        self.expanded.add(name)
        self.lines.append(f'#line 1 "{name}"')
        conditions = []  # the open #if lines
        for number, line in enumerate(text.splitlines(), 1):
            stripped = line.strip()
            if stripped.startswith("#if"):
                conditions.append(stripped)
            elif stripped.startswith("#endif"):
                conditions.pop()
            match = INCLUDE.match(line)
            if match and match[1] == '"':
                self.check_condition(name, number, match[2], [c for c in conditions if c != GUARD])
                self.add(match[2])
                self.lines.append(f'#line {number + 1} "{name}"')
            elif match and not conditions and "/" not in match[2] and not name.startswith("sharpeye/io/lib"):
                self.standard.add(match[2])
                self.lines.append("")
            else:
                self.lines.append("" if stripped == "#pragma once" else line)

    def check_condition(self, name, number, target, conditions):
        """What is expanded once must not depend on a condition: others need it too."""
        once = "#pragma once" in (ROOT / target).read_text(encoding="utf-8")
        if conditions and once and target not in self.expanded:
            sys.exit(f"{name}:{number}: {target} would be left out unless {' and '.join(conditions)}")

    def text(self):
        version = re.search(r'VERSION_STRING "(.*)"', (ROOT / "sharpeye/version.hpp").read_text(encoding="utf-8"))[1]
        licence = (ROOT.parent / "LICENSE").read_text(encoding="utf-8").splitlines()
        head = HEAD % (version, "\n".join(f"// {line}".rstrip() for line in licence))
        includes = "".join(f"#include <{name}>\n" for name in sorted(self.standard))
        return head + "\n" + includes + "\n".join(self.lines) + "\n"


def amalgamate():
    result = Amalgamation()
    for room in ROOMS:
        for path in sorted((ROOT / "sharpeye" / room).glob("*.hpp")):
            name = path.relative_to(ROOT).as_posix()
            if name not in [*WITH_STB, *WITH_LIBRARY.values()] and name != "sharpeye/simd/reference.hpp":  # the tests' twins of the kernels
                result.add(name)
    result.lines.append("#if defined(SHARPEYE_WITH_STB)")
    for library, name in WITH_LIBRARY.items():
        result.lines.append(f"#if defined(SHARPEYE_HAS_{library}) && SHARPEYE_HAS_{library}")
        result.add(name)
        result.lines.append("#endif")
    for name in WITH_STB:
        result.add(name)
    result.lines.append("#endif")
    return result.text()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, help="the header to write")
    arguments = parser.parse_args()
    text = amalgamate()
    arguments.output.write_text(text, encoding="utf-8")
    print(f"{arguments.output}: {text.count(chr(10))} lines, {len(text) // 1024} KiB")


if __name__ == "__main__":
    main()
