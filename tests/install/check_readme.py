#!/usr/bin/env python3
"""Each C++ block of README.md is, letter for letter, a file of tools/examples, which the other tests build and run."""

import pathlib
import re
import sys

root = pathlib.Path(__file__).parents[2]
blocks = re.findall(r"```cpp\n(.*?)```", (root / "README.md").read_text(encoding="utf-8"), re.DOTALL)
examples = {path.name: path.read_text(encoding="utf-8") for path in (root / "tools" / "examples").glob("*.cpp")}
missing = [name for name, text in examples.items() if text not in blocks]
unknown = [block.split("int main")[0] for block in blocks if block not in examples.values()]
for name in missing:
    print(f"README.md does not show tools/examples/{name} as it is")
for block in unknown:
    print(f"README.md has a C++ block that is no file of tools/examples:\n{block}")
sys.exit(1 if missing or unknown or not examples else 0)
