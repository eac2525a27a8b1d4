#!/usr/bin/env python3
"""Checks the house rules that a compiler does not: which header may include which, and what stays out of headers.

Floors and rules are those of CONTRIBUTING.md. Prints each breach as `path:line: rule`; exits with 1 if there is one.
Usage: check_layers.py [folder that holds include/, tests/, tools/, bench/]
"""

import pathlib
import re
import sys

FLOORS = {"core": 0, "simd": 1, "io": 1, "vision": 1, "metrics": 1, "text": 2, "formats": 2, "ops": 3, "nn": 4,
          "models": 5, "generation": 6, "pipeline": 7, "training": 8}
UMBRELLA = "sharpeye.hpp"  # may include floors 0 to 7, and no stb
VERSION = "version.hpp"  # below every floor
MAX_LINES, MANY_LINES = 1000, 450
# Third-party or system include -> the only headers that may have it.
DOORS = {"nlohmann/": ["io/json.hpp"], "stb/": ["io/stb_image_decoder.inl", "io/stb_png_writer.inl"]}
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


def include_breaches(name, kind, target):
    """What is wrong when header `name` (relative to include/sharpeye) includes `target`."""
    folder = name.split("/")[0] if "/" in name else None
    for start, doors in DOORS.items():
        if target.startswith(start) and name not in doors:
            yield f"only {' and '.join(doors)} may include <{target}>"
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
    if other == VERSION:
        return
    if other == UMBRELLA:
        yield "no header includes the umbrella"
        return
    other_folder = other.split("/")[0]
    if other_folder not in FLOORS:
        yield f'"{target}": unknown folder {other_folder}'
    elif name == UMBRELLA:
        if FLOORS[other_folder] > FLOORS["pipeline"]:
            yield f"the umbrella ends at floor {FLOORS['pipeline']}: {other_folder}/ is above"
    elif folder is None or (other_folder != folder and FLOORS[other_folder] >= FLOORS[folder]):
        yield (f"{folder or name} (floor {FLOORS.get(folder, 'none')}) may not include {other_folder} "
               f"(floor {FLOORS[other_folder]})")


def reaches_stb(root):
    """Chains from the umbrella to a header of stb, as lists of names."""
    seen, waiting = set(), [[UMBRELLA]]
    while waiting:
        chain = waiting.pop()
        path = root / chain[-1]
        if chain[-1] in seen or not path.is_file():
            continue
        seen.add(chain[-1])
        for _, code, _ in code_lines(path):
            match = INCLUDE.match(code)
            if match and match[2].startswith("stb/"):
                yield chain
            elif match and match[2].startswith("sharpeye/"):
                waiting.append(chain + [match[2][len("sharpeye/"):]])


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
    for chain in reaches_stb(root):
        breaches.append(f"{root / UMBRELLA}:1: reaches stb through {' -> '.join(chain)}")

    sources = [p for folder in ("tests", "tools", "bench") for p in (project / folder).rglob("*")
               if p.suffix in (".hpp", ".cpp", ".py", ".sh")]
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
