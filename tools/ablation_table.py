#!/usr/bin/env python3
"""Prints what tools/ablation_demo.sh measured as a Markdown table: mean and standard deviation over the training seeds.
Writes ablation.jsonl beside it: each row of each seed by itself, with losses and seconds of its training.
Usage, in the folder of the runs: ablation_table.py SEED..."""
import json
import statistics
import sys
from pathlib import Path

from demo_things import measure, read_scenes, second_glance

FIVE_ROWS = [
    ("baseline: one glance", "first", "initial"),
    ("+ single pass with multi-layer features", "single-pass", "initial"),
    ("+ second glance, caption only", "caption-only", "refined"),
    ("+ second glance, features only", "features-only", "refined"),
    ("**+ second glance, both (MM-SeR)**", "both", "refined"),
    ("first glance of the same model", "both", "initial"),
]
ROWS = [
    *((name, folder, "captions", glance) for name, folder, glance in FIVE_ROWS),
    ("both, told how sure the first glance is of each token", "confidence", "captions", "refined"),
    ("one glance, trained as long as both", "longer-first", "captions", "initial"),
    ("both, over that first glance", "longer-both", "captions", "refined"),
    ("both, by Muon", "muon-both", "captions", "refined"),
    ("features only, by Muon", "muon-features-only", "captions", "refined"),
    ("both, its own captions as drafts, by Muon (ships)", "ships", "captions", "refined"),
    ("first glance of the same model", "ships", "captions", "initial"),
    ("two rounds", "rounds2", "captions", "refined"),
    ("three rounds", "rounds3", "captions", "refined"),
    ("drafts from the first step on, not introduced one by one", "at-once", "captions", "refined"),
    ("drafts: mixed, half of them left out", "dropout", "captions", "refined"),
    ("drafts: small edits along its own confusions", "confusion", "captions", "refined"),
    ("drafts: small edits drawn uniformly (the paper)", "uniform", "captions", "refined"),
    ("drafts: the model's own captions, any true one the aim", "own", "captions", "refined"),
    ("drafts: captions of other images", "far", "captions", "refined"),
    *((f"detailed captions: {name}", f"detailed-{folder}", "detailed", glance) for name, folder, glance in FIVE_ROWS),
]
METRICS = {"CIDEr-D": "cider_d", "BLEU-4": "bleu_4", "ROUGE-L": "rouge_l"}
COLUMNS = [*METRICS, "words right", "captions all right", "of its own words put right", "spoiled"]
DIGITS = {"words right": 2, "spoiled": 2}


def measures(scenes, seed, folder, captions, glance):
    """One row of one seed in percent; empty where it was not run."""
    model = Path(f"seed{seed}/{folder}")
    scores = model / f"scores.{captions}.{glance}.json"
    if not scores.exists():
        return {}
    overall = json.loads(scores.read_text())["scores"]
    result = {metric: 100 * overall[key] for metric, key in METRICS.items()}
    right = measure(scenes, model / "test.jsonl", glance)["right"]
    result |= {"words right": 100 * right["all"], "captions all right": 100 * right["captions"]}
    if glance == "refined":
        changes = second_glance(scenes, model / "test.jsonl")
        result |= {"of its own words put right": 100 * changes["correction"], "spoiled": 100 * changes["damage"]}
    return result


def training_of(seed, folder):
    """Steps, the loss after each 500 of them (mean of 25) and seconds of a model's log."""
    log = [json.loads(line) for line in Path(f"seed{seed}/{folder}/log.jsonl").read_text().splitlines()]
    losses = {step: statistics.mean(entry["loss"] for entry in log[step - 25 : step])
              for step in range(500, len(log) + 1, 500)}
    return {"steps": len(log), "loss": {step: round(loss, 4) for step, loss in losses.items()},
            "seconds": round(sum(entry["seconds"] for entry in log))}


def cell(column, values):
    digits = DIGITS.get(column, 1)
    if not values:
        return ""
    spread = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{spread}"


def main():
    seeds = sys.argv[1:]
    scenes = read_scenes("test")
    print("| | " + " | ".join(COLUMNS) + " | seeds |")
    print("|---|" + "---|" * (len(COLUMNS) + 1))
    with open("ablation.jsonl", "w") as lines:
        for name, folder, *place in ROWS:
            found = {seed: row for seed in seeds if (row := measures(scenes, seed, folder, *place))}
            if not found:
                continue
            cells = [cell(column, [row[column] for row in found.values() if column in row]) for column in COLUMNS]
            print(f"| {name} | " + " | ".join(cells) + f" | {len(found)} |")
            for seed, row in found.items():
                lines.write(json.dumps({
                    "experiment": f"ablation: {name.strip('*+ ')}", "seed": int(seed),
                    "command": f"SEEDS={seed} tools/ablation_demo.sh DIR (seed{seed}/{folder}, {place[1]})",
                    **training_of(seed, folder), "measured": {key: round(value, 2) for key, value in row.items()},
                }) + "\n")


if __name__ == "__main__":
    main()
