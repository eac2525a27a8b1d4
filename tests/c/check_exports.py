#!/usr/bin/env python3
"""libsharpeye shows exactly the functions that c_api.h declares, under one symbol version.
Usage: check_exports.py NM LIBRARY HEADER"""

import re
import subprocess
import sys


def main():
    nm, library, header = sys.argv[1:]
    with open(header, encoding="utf-8") as file:
        text = file.read()
    declared = set(re.findall(r"^SHARPEYE_API [^;]*?\b(sharpeye_\w+)\(", text, re.MULTILINE))
    abi = re.search(r"define SHARPEYE_C_ABI (\d+)", text)[1]
    listing = subprocess.run([nm, "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    names = [line.split()[-1] for line in listing.splitlines()]
    exported = {name.split("@")[0] for name in names} - {f"SHARPEYE_{abi}"}
    faults = [f"{name}: declared, and not exported" for name in sorted(declared - exported)]
    faults += [f"{name}: exported, and not declared" for name in sorted(exported - declared)]
    faults += [f"{name}: expected the version SHARPEYE_{abi}" for name in names if not name.endswith(f"SHARPEYE_{abi}")]
    if len(declared) < 15:
        faults.append(f"{header}: expected at least 15 functions, found {len(declared)}")
    print("\n".join(faults) or f"{len(declared)} functions")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
