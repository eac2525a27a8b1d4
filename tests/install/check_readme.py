#!/usr/bin/env python3
"""Each block of C++, C or Python of a page is, letter for letter, a file of tools/examples, and a page shows each of
those or has a link to it. None is longer than a screen. The other tests build and run them. Links between files of the
repository must lead somewhere.
Usage: check_readme.py [folder of the project]"""

import pathlib
import re
import sys

PAGES = ["README.md", "CONTRIBUTING.md", "include/sharpeye/README.md", "tools/README.md", "weights/README.md",
         "weights/demo/README.md", "bench/README.md", "tests/README.md", "tests/reference/README.md"]
README_LINES, EXAMPLE_LINES = 130, 60
EXAMPLES = [".cpp", ".c", ".py"]


def anchors(text):
    """The fragments of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def check(root):
    faults = []
    examples = {path.name: path.read_text(encoding="utf-8") for path in sorted((root / "tools/examples").glob("*"))
                if path.suffix in EXAMPLES}
    shown = set()
    for page in PAGES:
        if not (root / page).is_file():
            faults.append(f"{page}: missing")
            continue
        text = (root / page).read_text(encoding="utf-8")
        for block in re.findall(r"```(?:cpp|c\+\+|cc|cxx|c|python|py)\n(.*?)```", text, re.DOTALL):
            names = [name for name, example in examples.items() if example == block]
            shown.update(names)
            if not names:
                faults.append(f"{page}: a block is no file of tools/examples:\n{block}")
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path, _, fragment = target.partition("#")
            if ":" in path:
                continue
            file = (root / page).parent / path if path else root / page
            if file.parent.name == "examples":
                shown.add(file.name)
            if not file.exists():
                faults.append(f"{page}: a link leads nowhere: {target}")
            elif fragment and fragment not in anchors(file.read_text(encoding="utf-8")):
                faults.append(f"{page}: no such heading: {target}")
    faults += [f"no page shows tools/examples/{name} as it is, or links to it" for name in examples if name not in shown]
    faults += [f"tools/examples/{name}: expected less than {EXAMPLE_LINES} lines, actual {len(text.splitlines())}"
               for name, text in examples.items() if len(text.splitlines()) >= EXAMPLE_LINES]
    if not examples:
        faults.append("tools/examples: no programs")
    readme = root / "README.md"
    lines = len(readme.read_text(encoding="utf-8").splitlines()) if readme.is_file() else 0
    if lines > README_LINES:
        faults.append(f"README.md: expected at most {README_LINES} lines, actual {lines}")
    return faults


if __name__ == "__main__":
    found = check(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    print("\n".join(found))
    sys.exit(1 if found else 0)
