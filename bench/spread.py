#!/usr/bin/env python3
"""How much a matrix product's speed differs from one start of a process to the next: where its operands lie in memory, and
so in the caches, is drawn anew each time.

    bench/spread.py                                     # 30 starts with AVX2 and with AVX-512, about four minutes
    bench/spread.py --isa avx2 --starts 10 --keep FILE  # adds to what FILE holds of former runs, and prints all of it

One thread; each start measures the f32 peak beside each product. Run it on a machine that does nothing else: what another
program takes away looks the same."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

FILTER = r"sharpeye_(f32|f16|i8)/vit\.(qkvo|fc1|fc2)/577.*threads:1/"


def start(bench, isa):
    """The products' shares of the f32 peak in one process."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        subprocess.run([bench, f"--benchmark_filter={FILTER}", "--benchmark_min_time=0.05", f"--benchmark_out={out.name}",
                        "--benchmark_out_format=json"], check=True, capture_output=True, env={**os.environ, "SHARPEYE_ISA": isa})
        runs = json.load(open(out.name))["benchmarks"]
    return {"/".join(run["name"].replace("sharpeye_", "").split("/")[:3:2]): run["of_peak"] for run in runs}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bench", default="build/release/bench/bench_simd")
    parser.add_argument("--isa", action="append", help="default: avx2 and avx512")
    parser.add_argument("--starts", type=int, default=30)
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    isas = arguments.isa or ["avx2", "avx512"]
    kept = json.loads(arguments.keep.read_text()) if arguments.keep and arguments.keep.exists() else {}
    for number in range(arguments.starts):
        for isa in isas:  # in turns, so that a slow minute hits both
            print(f"start {number + 1} of {arguments.starts}, {isa}", file=sys.stderr, flush=True)
            for product, share in start(arguments.bench, isa).items():
                kept.setdefault(isa, {}).setdefault(product, []).append(share)
            if arguments.keep:
                arguments.keep.write_text(json.dumps(kept))
    print("| | product | starts | slowest | median | fastest | fastest / slowest |\n|---|---|---|---|---|---|---|")
    for isa, products in kept.items():
        for product, shares in sorted(products.items()):
            low, high = min(shares), max(shares)
            print(f"| {isa} | {product} | {len(shares)} | {low:.2f} | {statistics.median(shares):.2f} | {high:.2f} | "
                  f"{high / low:.2f} |")


if __name__ == "__main__":
    main()
