#!/usr/bin/env python3
"""Checks the house rules that a compiler does not: which header may include which, and what stays out of headers.

Floors and rules are those of CONTRIBUTING.md. Prints each breach as `path:line: rule`; exits with 1 if there is one.
Usage: check_layers.py [folder that holds include/, tests/, tools/, bench/]
"""

import fnmatch
import pathlib
import re
import sys

FLOORS = {"core": 0, "simd": 1, "io": 1, "vision": 1, "metrics": 1, "text": 2, "formats": 2, "ops": 3, "nn": 4,
          "models": 5, "generation": 6, "pipeline": 7, "training": 8, "c": 8}
UMBRELLA = "sharpeye.hpp"  # may include floors 0 to 7, and no stb
COMPILED = "compiled.inl"  # includes all bodies of floors 0 to 7
VERSION = "version.hpp"  # below every floor
C_API = "c_api.h"  # the face of c/, in C
MAX_LINES, MANY_LINES = 1000, 450
# Third-party include -> the only files that may have it (patterns below include/sharpeye, or below the project).
DOORS = {"nlohmann/": ["io/json.inl"], "stb/": ["io/stb_*.inl"], "CLI/": ["tools/options.cpp"],
         "httplib.h": ["tools/serve_http_library.hpp"],
         "jpeglib.h": ["io/libjpeg_decoder.inl"], "png.h": ["io/libpng_decoder.inl"],
         "webp/": ["io/libwebp_decoder.inl"]}
# System headers that cost more than they give, or that speak to the user.
UNWANTED = ["sstream", "iostream", "iomanip", "regex"]
# The faces: what users include. With SHARPEYE_COMPILED they reach declarations only.
FACES = ["sharpeye.hpp", "core/error.hpp", "core/file.hpp", "core/image.hpp", "core/thread_pool.hpp", "formats/*.hpp",
         "generation/*.hpp", "io/*.hpp", "metrics/*.hpp", "models/*config.hpp", "pipeline/*.hpp", "simd/*.hpp",
         "text/*.hpp", "training/*stage.hpp", "training/dataset.hpp", "training/drafts.hpp", "training/rates.hpp",
         "training/scenes/*.hpp", "training/trainer.hpp", "vision/image_processor.hpp", "vision/image_tiles.hpp",
         "vision/resize.hpp"]
HEAVY = ["Eigen/*", "unsupported/*", "nlohmann/*", "stb/*", "jpeglib.h", "png.h", "webp/*", "filesystem", "fstream",
         "thread", "immintrin.h", "arm_neon.h", *UNWANTED]
HEAVY_DOORS = ["simd/region.hpp"]  # of the kernels' bodies, no face
GUARD = "#if !defined(SHARPEYE_COMPILED)"
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def code_lines(path):
    """(number, code, line) of each line; code is empty inside comments and has no trailing comment."""
    inside = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        code = line
        if inside:
            end = code.find("*/")
            inside, code = end < 0, "" if end < 0 else code[end + 2:]
        code = re.sub(r"/\*.*?\*/", "", code)
        if "/*" in code and "//" not in code.split("/*")[0]:
            inside, code = True, code[:code.index("/*")]
        yield number, re.sub(r"//.*", "", code), line


def matches(name, patterns):
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def door_breaches(name, target):
    """What is wrong when the file `name` includes the third-party header `target`."""
    for start, doors in DOORS.items():
        if target.startswith(start) and not matches(name, doors):
            yield f"only {' and '.join(doors)} may include <{target}>"


def include_breaches(name, kind, target):
    """What is wrong when header `name` (relative to include/sharpeye) includes `target`."""
    folder = name.split("/")[0] if "/" in name else None
    yield from door_breaches(name, target)
    if kind == "<" and target in UNWANTED:
        yield f"no <{target}> in the library: concat(), or a parser of its own"
    if folder == "simd" and target.startswith(("Eigen/", "unsupported/Eigen")):
        yield "no Eigen in simd/: it picks its instruction set when it is included"
    if target in ("cassert", "assert.h"):
        yield "no assert in the headers: fail() or require()"
    if kind == "<":
        return
    if not target.startswith("sharpeye/"):
        yield f'"{target}": expected the full path from include/, as "sharpeye/..."'
        return
    other = target[len("sharpeye/"):]
    if other == VERSION or (other == C_API and folder == "c"):
        return
    if other == UMBRELLA:
        yield "no header includes the umbrella"
        return
    other_folder = other.split("/")[0]
    if other_folder not in FLOORS:
        yield f'"{target}": unknown folder {other_folder}'
    elif name in (UMBRELLA, COMPILED):
        if FLOORS[other_folder] > FLOORS["pipeline"]:
            yield f"{name} ends at floor {FLOORS['pipeline']}: {other_folder}/ is above"
    elif folder is None or (other_folder != folder and FLOORS[other_folder] >= FLOORS[folder]):
        yield (f"{folder or name} (floor {FLOORS.get(folder, 'none')}) may not include {other_folder} "
               f"(floor {FLOORS[other_folder]})")


class Tree:
    """The includes of every file of the library, and what follows from them."""

    def __init__(self, root, paths):
        self.root = root
        self.includes = {}  # name -> [(number, target, whether SHARPEYE_COMPILED leaves it out)]
        self.declared = {}  # name -> the line after which all that the file declares is known
        for path in paths:
            name, left_out, found = path.relative_to(root).as_posix(), False, []
            for number, code, _ in code_lines(path):
                stripped = code.strip()
                left_out = stripped == GUARD or (left_out and stripped != "#endif")
                if stripped == "SHARPEYE_NAMESPACE_END":
                    self.declared[name] = number
                match = INCLUDE.match(code)
                if match:
                    found.append((number, match[2].replace("sharpeye/", "", 1), left_out))
            self.includes[name] = found

    def body_breaches(self, name):
        """x.hpp with x.inl beside it ends by including it; x.inl begins by including x.hpp."""
        body = name[:-len(".hpp")] + ".inl"
        if not name.endswith(".hpp") or body not in self.includes:
            return
        lines = [line.strip() for line in (self.root / name).read_text(encoding="utf-8").splitlines() if line.strip()]
        guard = len(lines) - 1 - lines[::-1].index(GUARD) if GUARD in lines else len(lines)
        tail = lines[guard + 1:]
        if (not tail or tail[-1] != "#endif" or f'#include "sharpeye/{body}"' not in tail
                or not all(INCLUDE.match(line) for line in tail[:-1])):
            yield f"{self.root / name}:{len(lines)}: expected {GUARD}, {body} and #endif as the last lines"
        first = self.includes[body][:1]
        if not first or first[0][1] != name:
            yield f"{self.root / body}:1: a body includes its own header first"

    def chains(self, face, heavy, compiled):
        """Chains from a face to a heavy header, as lists of names; with SHARPEYE_COMPILED or header-only."""
        seen, waiting = set(), [[face]]
        while waiting:
            chain = waiting.pop()
            if chain[-1] in seen:
                continue
            seen.add(chain[-1])
            for _, target, left_out in self.includes.get(chain[-1], ()):
                if left_out and compiled:
                    continue
                if matches(target, heavy):
                    yield chain + [target]
                else:
                    waiting.append(chain + [target])

    def circles(self, start):
        """Header-only, from `start`: (name, line, header) where a file includes a header that is still being read, so
        that its declarations are missing there."""
        seen, declaring = set(), []

        def read(name):
            seen.add(name)
            declaring.append(name)
            for number, target, _ in self.includes[name]:
                if number > self.declared.get(name, number) and name in declaring:
                    declaring.remove(name)
                if target in declaring:
                    yield name, number, target
                elif target in self.includes and target not in seen:
                    yield from read(target)
            if name in declaring:
                declaring.remove(name)

        yield from read(start)


def check(project):
    breaches, warnings = [], []
    root = project / "include" / "sharpeye"
    headers = sorted(p for p in root.rglob("*") if p.suffix in (".hpp", ".inl"))
    if not headers:
        breaches.append(f"{root}: no headers")
    for path in headers:
        name = path.relative_to(root).as_posix()
        if "/" in name and name.split("/")[0] not in FLOORS:
            breaches.append(f"{path}:1: unknown folder {name.split('/')[0]}")
            continue
        guarded = path.suffix == ".inl"
        for number, code, _ in code_lines(path):
            guarded = guarded or code.strip() == "#pragma once"
            match = INCLUDE.match(code)
            for breach in include_breaches(name, match[1], match[2]) if match else ():
                breaches.append(f"{path}:{number}: {breach}")
            if re.search(r"(?<![A-Za-z0-9_])assert\s*\(", code):
                breaches.append(f"{path}:{number}: no assert in the headers: fail() or require()")
        if not guarded:
            breaches.append(f"{path}:1: no #pragma once")
    tree = Tree(root, headers)
    circles = set()
    for name in tree.includes:
        breaches += tree.body_breaches(name)
        if name.endswith(".hpp"):
            circles.update(tree.circles(name))
        found = []
        if name == UMBRELLA:  # header-only too: a program may have its own pixels and no stb
            found += tree.chains(name, ["stb/*"], compiled=False)
        if matches(name, FACES) and name not in HEAVY_DOORS:
            found += tree.chains(name, HEAVY, compiled=True)
        breaches += [f"{root / name}:1: reaches <{chain[-1]}> through {' -> '.join(chain[:-1])}" for chain in found]
    bodies = {name for name in tree.includes if name.endswith(".inl") and name != COMPILED
              and not name.startswith("simd/kernels/") and FLOORS[name.split("/")[0]] <= FLOORS["pipeline"]}
    for name in sorted(bodies - {target for _, target, _ in tree.includes.get(COMPILED, ())}):
        breaches.append(f"{root / COMPILED}:1: lacks {name}")
    breaches += [f"{root / name}:{number}: includes {target}, which is still being read when it came here"
                 for name, number, target in sorted(circles)]

    sources = [p for folder in ("tests", "tools", "bench") for p in (project / folder).rglob("*")
               if p.suffix in (".hpp", ".cpp", ".py", ".sh")]
    for path in sorted(sources):
        if path.suffix in (".hpp", ".cpp"):
            for number, code, _ in code_lines(path):
                match = INCLUDE.match(code)
                breaches += [f"{path}:{number}: {breach}" for breach in door_breaches(
                    path.relative_to(project).as_posix(), match[2])] if match else []
    for path in headers + sorted(sources):
        if path.name.endswith("_tables.hpp"):
            continue  # generated
        count = len(path.read_text(encoding="utf-8").splitlines())
        if count > MANY_LINES:
            (breaches if count > MAX_LINES else warnings).append(f"{path}:{count}: {count} lines in one file")
    return len(headers), breaches, warnings


def main():
    project = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    count, breaches, warnings = check(project)
    for warning in warnings:
        print("warning:", warning)
    for breach in breaches:
        print(breach)
    print(f"{count} headers, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
