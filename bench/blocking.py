#!/usr/bin/env python3
"""How much a matrix product reads from beyond the L2 cache, by the model of bench/README.md ("The model of blocking").

    bench/blocking.py [--l2 BYTES] [--peak GFLOPS]

Prints a row for each shape: blocks of A, megabytes of W and of A that come into L2, and the GB/s that one core needs to
stay at its peak. By default for this machine's L2 cache and a peak of 270 GFLOP/s a core (f32, AVX-512)."""
import argparse
import subprocess

SHAPES = {"q, k, v, out": (577, 1024, 1024), "fc1": (577, 4096, 1024), "fc2": (577, 1024, 4096),
          "OPT's fc1": (600, 3072, 768), "LLaVA's gate": (600, 11008, 4096)}  # m, n, k
NR, MR, KC = 16, 6, 1024  # simd/types.hpp


def this_machines_l2():
    """As max_block_rows() in simd/gemm.inl asks for it; 0 where the system does not say."""
    return int(subprocess.run(["getconf", "LEVEL2_CACHE_SIZE"], capture_output=True, text=True).stdout.strip() or 0)


def ceil_div(a, b):
    return -(-a // b)


def blocks(m, n, k, l2, bytes_of_weight):
    """As simd/gemm.inl cuts a product: rows of a block of A, how often W is read, how often A is, and their megabytes."""
    most = max(108, min(240, l2 // 4096 * 45 // 100 // 12 * 12))
    rows = ceil_div(ceil_div(m, ceil_div(m, most)), 2 * MR) * 2 * MR
    row_blocks = ceil_div(m, rows)
    panels = max(8, min(16, 25_000_000 // (2 * rows * NR * k))) // 2 * 2
    # A slice of the block stays in L2 beside two micro-panels of W and the next two, if there is room: then a job reads
    # it once for all of its panels, else once for each two.
    depth = ceil_div(k, ceil_div(k, KC))
    fits = (rows + 4 * NR) * depth * 4 <= l2
    turns = ceil_div(ceil_div(n, NR), panels if fits else 2)
    return rows, row_blocks, turns, row_blocks * n * k * bytes_of_weight / 1e6, turns * m * k * 4 / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--l2", type=int, default=this_machines_l2())
    parser.add_argument("--peak", type=float, default=270)
    options = parser.parse_args()
    print(f"L2 {options.l2 // 1024} KB, {options.peak:g} GFLOP/s a core\n")
    print("| product | rows of a block | W is read | A is read | W, MB (f32, F16) | A, MB | GB/s at peak (f32, F16) |")
    print("|---|---|---|---|---|---|---|")
    for name, (m, n, k) in SHAPES.items():
        rows, of_w, of_a, w, a = blocks(m, n, k, options.l2, 4)
        seconds = 2 * m * n * k / options.peak / 1e9
        print(f"| {name} | {rows} | {of_w} times | {of_a} times | {w:.0f}, {w / 2:.0f} | {a:.0f} | "
              f"{(w + a) / 1e3 / seconds:.1f}, {(w / 2 + a) / 1e3 / seconds:.1f} |")


if __name__ == "__main__":
    main()
