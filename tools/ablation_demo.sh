#!/usr/bin/env bash
# The paper's ablations (Tables 2, 3, 7 and 13) with the demo model: trains every row from one vision tower, scores it on
# the test scenes and prints mean and spread over the training seeds. Goes on where it was after an interruption.
# Usage: tools/ablation_demo.sh [DIR] [ROW...]   DIR: of tools/train_demo.sh, which made scenes and tower there
# Rows: single-pass caption-only features-only uniform own far detailed (all by default; baseline and both always)
# Environment: SEEDS ("1 2 3"), of the stages after the tower; STEPS (100, percent of the usual steps).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(realpath "${1:-build/demo}")
shift || true
rows=${*:-single-pass caption-only features-only uniform own far detailed}
source tools/train_demo_steps.sh
[[ -e vision/config.json ]] || { echo "$work/vision: expected the tower that tools/train_demo.sh trains" >&2; exit 1; }

has_row() { [[ " $rows " == *" $1 "* ]]; }
variant_of() {  # variant_of NAME WEIGHTS TO: the model with another architecture, and the weights that fit it
  once "$3" "$sharpeye" init --preset demo --tokenizer tokenizer --seed "$seed" --variant "$1" --weights "$2"
}

for seed in ${SEEDS:-1 2 3}; do
  run=seed$seed
  mkdir -p "$run"
  train_first_glance vision "$run/first"
  score "$run/first" captions initial --glances 1
  train_second_glance "$run/first" "$run/both" --drafts confusion
  score "$run/both" captions refined
  score "$run/both" captions initial
  "$sharpeye" rates --model "$run/both" --data test --count 1000 --json >"$run/both/rates.json"
  for rounds in 2 3; do
    [[ -e $run/rounds$rounds ]] || {
      cp -rs "$PWD/$run/both" "$run/rounds$rounds"
      rm -f "$run/rounds$rounds"/{test.jsonl,scores.*}
    }
    score "$run/rounds$rounds" captions refined --rounds "$rounds"
  done

  if has_row single-pass; then
    variant_of single-pass vision "$run/single-start"
    train_first_glance "$run/single-start" "$run/single-pass"
    score "$run/single-pass" captions initial
  fi
  for row in caption-only features-only; do
    has_row "$row" || continue
    variant_of "$row" "$run/first" "$run/$row-start"
    train_second_glance "$run/$row-start" "$run/$row" --drafts confusion
    score "$run/$row" captions refined
  done
  for row in uniform own far; do
    has_row "$row" || continue
    train_second_glance "$run/first" "$run/$row" --drafts "$row"
    score "$run/$row" captions refined
  done
  if has_row detailed; then
    train_first_glance vision "$run/detailed-first" detailed
    score "$run/detailed-first" detailed initial --glances 1
    train refine train/detailed.json "$run/detailed-first" "$run/detailed-both" 1500 --learning-rate 8e-4 \
      --weight-decay 0.01 --initial-share 0.25 --drafts confusion
    score "$run/detailed-both" detailed refined
  fi
done
python3 "$tools/ablation_table.py" ${SEEDS:-1 2 3} | tee ablation.md
