#!/usr/bin/env python3
"""Prints what tools/ablation_demo.sh measured as a Markdown table: mean and standard deviation over the training seeds.
Usage, in the folder of the runs: ablation_table.py SEED..."""
import json
import statistics
import sys
from pathlib import Path

ROWS = [
    ("baseline: one glance", "first", "captions", "initial"),
    ("+ single pass with multi-layer features", "single-pass", "captions", "initial"),
    ("+ second glance, caption only", "caption-only", "captions", "refined"),
    ("+ second glance, features only", "features-only", "captions", "refined"),
    ("**+ second glance, both (MM-SeR)**", "both", "captions", "refined"),
    ("first glance of the same model", "both", "captions", "initial"),
    ("both, told how sure the first glance is of each token", "confidence", "captions", "refined"),
    ("two rounds", "rounds2", "captions", "refined"),
    ("three rounds", "rounds3", "captions", "refined"),
    ("drafts from the first step on, not introduced one by one", "at-once", "captions", "refined"),
    ("drafts: mixed, half of them left out", "dropout", "captions", "refined"),
    ("drafts: small edits along its own confusions", "confusion", "captions", "refined"),
    ("drafts: small edits drawn uniformly (the paper)", "uniform", "captions", "refined"),
    ("drafts: the model's own captions", "own", "captions", "refined"),
    ("drafts: captions of other images", "far", "captions", "refined"),
    ("detailed captions, baseline", "detailed-first", "detailed", "initial"),
    ("detailed captions, MM-SeR", "detailed-both", "detailed", "refined"),
    ("first glance of the same model", "detailed-both", "detailed", "initial"),
]
METRICS = {"CIDEr-D": "cider_d", "BLEU-4": "bleu_4", "ROUGE-L": "rouge_l"}


def scores(seed, folder, captions, glance):
    """The metrics of one model in percent, or None where this row was not run."""
    path = Path(f"seed{seed}/{folder}/scores.{captions}.{glance}.json")
    if not path.exists():
        return None
    overall = json.loads(path.read_text())["scores"]
    return {metric: 100 * overall[key] for metric, key in METRICS.items()}


def cell(values):
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1f}{spread}"


seeds = sys.argv[1:]
print("| | " + " | ".join(METRICS) + " | seeds |")
print("|---|" + "---|" * (len(METRICS) + 1))
for name, *place in ROWS:
    found = [s for s in (scores(seed, *place) for seed in seeds) if s is not None]
    if found:
        print(f"| {name} | " + " | ".join(cell([s[m] for s in found]) for m in METRICS) + f" | {len(found)} |")
