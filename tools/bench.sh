#!/usr/bin/env bash
# Measures kernels, training steps of the demo model, and whole captions at the paper's size (random models of 0.97, 0.49
# and 0.45 GB are made below build/ first). Leaves JSON in build/bench, from which bench/report.py draws.
# Usage: tools/bench.sh [FILTER]   FILTER: a regular expression of benchmark names
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
model=build/bench-model
results=build/bench
mkdir -p $results

tools/install_dependencies.sh
cmake --preset release
cmake --build --preset release --target sharpeye_command bench_simd bench_training bench_ladder -j "$(tools/jobs.sh)"
if [[ ! -f $model/config.json ]]; then
  build/release/sharpeye init --preset mm-ser-125m --dtype f16 --seed 1 -o "$model"
fi
options=(--benchmark_filter="${1:-.}" --benchmark_repetitions=5 --benchmark_enable_random_interleaving=true
  --benchmark_report_aggregates_only=true)
build/release/bench/bench_ladder
for dtype in f16 int8 int4; do
  [[ $dtype == f16 || -f $model-$dtype/config.json ]] ||
    build/release/sharpeye quantize --model $model --dtype $dtype -o $model-$dtype
  named=$model$([[ $dtype == f16 ]] || echo "-$dtype")
  build/release/sharpeye bench --beams 1 --model "$named" --json >$results/caption-$dtype.json
  for beams in 1 3; do build/release/sharpeye bench --beams $beams --model "$named"; done
done
build/release/bench/bench_simd "${options[@]}" --benchmark_min_time=0.3 --benchmark_out=$results/kernels.json \
  --benchmark_out_format=json
bench/report.py $results -o $results
SHARPEYE_BENCH_DEMO_MODEL=weights/demo build/release/bench/bench_training "${options[@]}"
