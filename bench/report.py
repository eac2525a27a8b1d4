#!/usr/bin/env python3
"""Draws the charts of the README from the JSON that one run of tools/bench.sh has left (and bench/peers/run.sh, if it ran).

    bench/report.py build/bench -o bench/charts

Reads kernels.json (bench_simd), caption-f16.json, caption-int8.json, caption-int4.json (sharpeye bench) and peers.json;
writes roofline.svg, gemm.svg, caption.svg and peers.svg for those that are there."""
import argparse
import json
import math
import re
import statistics
from pathlib import Path

COLORS = {"sharpeye": "#1b6ca8", "eigen": "#c9a227", "openblas": "#8c5aa8", "blis": "#5a9e6f", "onednn": "#b5533c"}
KINDS = {"sharpeye_f32": "#1b6ca8", "sharpeye_f16": "#4aa3df", "sharpeye_i8": "#d1495b", "sharpeye_i4": "#edae49"}
STAGES = {"vision": "#1b6ca8", "connector": "#7fb7dd", "pass1_prefill": "#3a7d44", "pass1_decode": "#9bc995",
          "ser_connector": "#8c5aa8", "pass2_prefill": "#c1666b", "pass2_decode": "#e4b7b9"}
WEIGHT_BYTES = {"f32": 4, "f16": 2, "i8": 1, "i4": 0.5625}


class Svg:
    def __init__(self, width, height, title):
        self.width, self.height = width, height
        self.parts = []
        self.text(12, 20, title, size=14, weight="bold")

    def text(self, x, y, text, size=11, anchor="start", weight="normal", color="#222", rotate=0):
        turn = f' transform="rotate({rotate} {x:.1f} {y:.1f})"' if rotate else ""
        text = text.replace("&", "&amp;").replace("<", "&lt;")
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" '
                          f'fill="{color}"{turn}>{text}</text>')

    def rect(self, x, y, width, height, color):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{color}"/>')

    def line(self, x1, y1, x2, y2, color="#bbb", width=1.0, dash=""):
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" '
                          f'stroke-width="{width}"{dashes}/>')

    def circle(self, x, y, color, title):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{color}" fill-opacity="0.8"><title>{title}</title>'
                          "</circle>")

    def legend(self, x, y, colors, step=92):
        for i, (name, color) in enumerate(colors.items()):
            self.rect(x + i * step, y - 9, 10, 10, color)
            self.text(x + i * step + 14, y, name)

    def save(self, path):
        path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
                        f'font-family="sans-serif"><rect width="100%" height="100%" fill="white"/>\n'
                        + "\n".join(self.parts) + "\n</svg>\n")
        print(path)


def read_kernels(path):
    """Of each benchmark with two threads: (name, where, m, n, k, GFLOP/s, share of peak), medians."""
    kernels = []
    text = path.read_text() if path.exists() else ""
    for run in json.loads(text)["benchmarks"] if text.strip() else []:
        if run.get("aggregate_name", "median") != "median":
            continue
        match = re.match(r"(\w+?)/([\w.]+)/(\d+)x(\d+)x(\d+)/threads:2", run["name"])
        if match and "of_peak" in run:
            name, where, m, n, k = match.groups()
            kernels.append((name, where, int(m), int(n), int(k), run["GFLOP/s"], run["of_peak"]))
    return kernels


def draw_gemm(kernels, path):
    large = [each for each in kernels if each[2] >= 64 and each[0].endswith("_f32")]
    shapes = list(dict.fromkeys(each[1:5] for each in large))
    names = [name for name in COLORS if any(each[0] == name + "_f32" for each in large)]
    bar, gap, left, top, height = 9, 30, 46, 50, 220
    group = bar * len(names) + gap
    svg = Svg(left + group * len(shapes) + 20, top + height + 62, "f32 matrix products, share of the FMA peak (2 threads)")
    svg.legend(left, 38, {name: COLORS[name] for name in names})
    for percent in range(0, 101, 20):
        y = top + height * (1 - percent / 100)
        svg.line(left, y, svg.width - 10, y)
        svg.text(left - 6, y + 4, f"{percent} %", anchor="end")
    for i, shape in enumerate(shapes):
        x = left + gap / 2 + i * group
        for j, name in enumerate(names):
            share = [each[6] for each in large if each[0] == name + "_f32" and each[1:5] == shape]
            if share:
                svg.rect(x + j * bar, top + height * (1 - share[0]), bar - 1, height * share[0], COLORS[name])
        where, m, n, k = shape
        svg.text(x + group / 2 - gap / 2, top + height + 15, where, size=10, anchor="middle")
        svg.text(x + group / 2 - gap / 2, top + height + 29, f"{m}x{n}x{k}", size=8, anchor="middle", color="#666")
    svg.save(path)


def draw_roofline(kernels, bandwidth, path):
    mine = [each for each in kernels if each[0] in KINDS]
    peak = statistics.median(each[5] / each[6] for each in mine)
    left, top, width, height = 60, 50, 560, 300
    svg = Svg(left + width + 20, top + height + 50, "Roofline of the products of the paper's model (2 threads)")
    svg.legend(left, 38, {name: KINDS[name] for name in KINDS if any(each[0] == name for each in mine)}, step=110)
    low_x, high_x, low_y, high_y = 0.3, 1000, 5, 2000

    def at(intensity, rate):
        return (left + width * math.log(intensity / low_x) / math.log(high_x / low_x),
                top + height * (1 - math.log(max(rate, low_y) / low_y) / math.log(high_y / low_y)))

    for tick in (1, 10, 100, 1000):
        svg.line(*at(tick, low_y), *at(tick, high_y))
        svg.text(at(tick, low_y)[0], top + height + 15, str(tick), anchor="middle")
    for tick in (10, 100, 1000):
        svg.line(*at(low_x, tick), *at(high_x, tick))
        svg.text(left - 6, at(low_x, tick)[1] + 4, str(tick), anchor="end")
    svg.text(left + width / 2, top + height + 34, "multiply-adds x 2 per byte of operands", anchor="middle")
    svg.text(16, top + height / 2, "GFLOP/s", rotate=-90, anchor="middle")
    knee = peak / bandwidth
    svg.line(*at(low_x, low_x * bandwidth), *at(knee, peak), color="#222", width=1.5)
    svg.line(*at(knee, peak), *at(high_x, peak), color="#222", width=1.5)
    svg.text(at(high_x, peak)[0], at(high_x, peak)[1] - 6, f"f32 peak {peak:.0f} GFLOP/s", anchor="end")
    svg.text(at(1.2, 1.2 * bandwidth)[0] - 4, at(1.2, 1.2 * bandwidth)[1] - 8, f"read {bandwidth:.0f} GB/s", anchor="end")
    for name, where, m, n, k, rate, _ in mine:
        moved = 4 * m * k + WEIGHT_BYTES[name.split("_")[1]] * n * k + 4 * m * n
        svg.circle(*at(2 * m * n * k / moved, rate), KINDS[name], f"{name} {where} {m}x{n}x{k}: {rate:.0f} GFLOP/s")
    svg.save(path)


def draw_captions(reports, path):
    longest = max(report["stages"]["two_glances"]["ms"] for report in reports.values())
    left, top, width, row = 70, 60, 560, 44
    svg = Svg(left + width + 70, top + row * len(reports) + 24,
              f"A caption in two glances of {next(iter(reports.values()))['new_tokens']} tokens (line: this machine's limit in f32)")
    svg.legend(10, 40, STAGES, step=98)
    for i, (dtype, report) in enumerate(reports.items()):
        x, y = left, top + i * row
        svg.text(left - 8, y + 18, dtype, anchor="end", weight="bold")
        for stage, color in STAGES.items():
            length = width * report["stages"][stage]["ms"] / longest
            svg.rect(x, y, max(0.0, length - 0.5), 26, color)
            x += length
        svg.text(x + 6, y + 18, f"{report['stages']['two_glances']['ms'] / 1000:.2f} s")
        if dtype == "f16":  # the arithmetic limit is one of f32
            limit = left + width * report["stages"]["two_glances"]["limit_ms"] / longest
            svg.line(limit, y - 4, limit, y + 30, color="#222", width=2)
    svg.save(path)


def draw_peers(times, path):
    medians = {tuple(key.split(" / ")): statistics.median(values) for key, values in times.items()}
    stages = [stage for stage in ("vision", "prefill", "decode") if any(key[1] == stage for key in medians)]
    left, top, row, width = 150, 40, 18, 420
    height = sum(row * sum(key[1] == stage for key in medians) + 34 for stage in stages)
    svg = Svg(left + width + 90, top + height, "Beside other engines, milliseconds (2 threads, interleaved in one run)")
    y = top
    for stage in stages:
        svg.text(12, y + 12, {"vision": "ViT-L/14-336", "prefill": "OPT-125M, 600 tokens", "decode": "one token"}[stage],
                 weight="bold")
        y += 20
        rows = sorted((value, key[0]) for key, value in medians.items() if key[1] == stage)
        for value, name in rows:
            svg.text(left - 8, y + 12, name, anchor="end")
            length = width * value / rows[-1][0]
            svg.rect(left, y + 2, length, row - 5, "#1b6ca8" if name.startswith("sharpeye") else "#b9b9b9")
            svg.text(left + length + 5, y + 12, f"{value:.0f}" if value >= 100 else f"{value:.1f}")
            y += row
        y += 14
    svg.save(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    reports = {dtype: json.loads((arguments.results / f"caption-{dtype}.json").read_text())
               for dtype in ("f16", "int8", "int4") if (arguments.results / f"caption-{dtype}.json").exists()}
    if reports:
        draw_captions(reports, arguments.output / "caption.svg")
    kernels = read_kernels(arguments.results / "kernels.json")
    if any(each[0] in KINDS for each in kernels):
        draw_gemm(kernels, arguments.output / "gemm.svg")
        if reports:
            bandwidth = next(iter(reports.values()))["machine"]["read_gb_per_s"]
            draw_roofline(kernels, bandwidth, arguments.output / "roofline.svg")
    if (arguments.results / "peers.json").exists():
        draw_peers(json.loads((arguments.results / "peers.json").read_text()), arguments.output / "peers.svg")


if __name__ == "__main__":
    main()
