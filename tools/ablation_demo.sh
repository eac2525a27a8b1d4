#!/usr/bin/env bash
# The paper's ablations (Tables 2, 3, 7 and 13) with the demo model: trains every row from one vision tower, scores it on
# the test scenes and prints mean and spread over the training seeds. Goes on where it was after an interruption.
# Usage: tools/ablation_demo.sh [DIR] [ROW...]   DIR: of tools/train_demo.sh, which made scenes and tower there
# Rows: single-pass caption-only features-only confidence at-once dropout confusion uniform own far detailed (all by default); baseline,
# both (the recipe of the model that ships) and more rounds always. Second glances differ from "both" in what the row
# says and in nothing else. The drafts of "detailed" are edits alone: writing 64,000 long captions takes too long.
# Environment: SEEDS ("1 2 3"), of the stages after the tower; REFINE_STEPS (4000; with 1500 the language model has not
# recovered what stage 2 first costs it); THREADS (all; with 1 several seeds or rows can run side by
# side); STEPS (100, percent of the usual steps).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(realpath "${1:-build/demo}")
shift || true
rows=${*:-single-pass caption-only features-only confidence at-once dropout confusion uniform own far detailed}
source tools/train_demo_steps.sh
[[ -e vision/config.json ]] || { echo "$work/vision: expected the tower that tools/train_demo.sh trains" >&2; exit 1; }

has_row() { [[ " $rows " == *" $1 "* ]]; }
# row TO FROM OPTIONS...: one more second glance from the same first one, whose own captions need not be made again
row() {
  local to=$1 from=$2
  shift 2
  mkdir -p "$run/$to"
  [[ -e $run/$to/own_captions.json ]] || cp "$run/both/own_captions.json" "$run/$to/"
  train_second_glance "$from" "$run/$to" "$@"
  score "$run/$to" captions refined
  "$sharpeye" rates --model "$run/$to" --data test --count 1000 --json >"$run/$to/rates.json"
}

for seed in ${SEEDS:-1 2 3}; do
  run=seed$seed
  mkdir -p "$run"
  train_first_glance vision "$run/first"
  score "$run/first" captions initial --glances 1
  second_glance_of "$run/first" "$run/start"
  train_second_glance "$run/start" "$run/both" --drafts mixed --draft-warmup 0.67
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
    once "$run/single-start" "$sharpeye" init --preset demo --tokenizer tokenizer --seed "$seed" \
      --variant single-pass --weights vision
    train_first_glance "$run/single-start" "$run/single-pass"
    score "$run/single-pass" captions initial
  fi
  for name in caption-only features-only confidence; do
    has_row "$name" || continue
    second_glance_of "$run/first" "$run/$name-start" "$name"
    row "$name" "$run/$name-start" --drafts mixed --draft-warmup 0.67
  done
  if has_row at-once; then row at-once "$run/start" --drafts mixed; fi
  if has_row dropout; then row dropout "$run/start" --drafts mixed --draft-warmup 0.67 --draft-dropout 0.5; fi
  for name in confusion uniform own far; do
    has_row "$name" || continue
    row "$name" "$run/start" --drafts "$name" --draft-warmup 0.67
  done
  if has_row detailed; then
    train_first_glance vision "$run/detailed-first" detailed
    score "$run/detailed-first" detailed initial --glances 1
    second_glance_of "$run/detailed-first" "$run/detailed-start"
    captions=detailed train_second_glance "$run/detailed-start" "$run/detailed-both" --drafts confusion \
      --draft-warmup 0.67
    score "$run/detailed-both" detailed refined
    score "$run/detailed-both" detailed initial
  fi
done
python3 "$tools/ablation_table.py" ${SEEDS:-1 2 3} | tee ablation.md
