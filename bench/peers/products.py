#!/usr/bin/env python3
"""A table of the medians that bench_simd has left as JSON: each library's share of the f32 peak, by shape and threads."""
import json
import sys

rows, columns = {}, []
for run in json.load(open(sys.argv[1]))["benchmarks"]:
    if run.get("aggregate_name") != "median" or "of_peak" not in run:
        continue
    library, where, shape, threads = run["run_name"].split("/")[:4]
    column = (threads.replace("threads:", ""), f"{where} {shape}")
    rows.setdefault(library.replace("_", " ").replace(" i8", " int8").replace(" i4", " int4"), {})[column] = run["of_peak"]
    if column not in columns:
        columns.append(column)
columns.sort()
print("Matrix products, share of the f32 peak (medians):\n")
print("| | " + " | ".join(f"{shape}, {threads} thread{'s' * (threads != '1')}" for threads, shape in columns) + " |")
print("|---" * (len(columns) + 1) + "|")
for library, shares in sorted(rows.items()):
    print(f"| {library} | " + " | ".join(f"{shares[column]:.2f}" if column in shares else "-" for column in columns) + " |")
