#!/usr/bin/env bash
# The paper's ablations (Tables 2, 3, 7 and 13) with the demo model: trains every row from one vision tower, scores it on
# the test scenes and prints mean and spread over the training seeds. Goes on where it was after an interruption.
# Usage: tools/ablation_demo.sh [DIR] [ROW...]   DIR: of tools/train_demo.sh, which made scenes and tower there
# Rows, all by default: single-pass caption-only features-only confidence longer ships at-once dropout confusion uniform
# own far detailed. Baseline, both and more rounds always. Second glances differ from "both" (AdamW; drafts mixed, coming
# in one by one) in what the row says and in nothing else. "longer": the first glance trained on for as many steps as
# stage 2 has, and a second one over that. "ships": the recipe of the model that ships, with the same for features only and
# for mixed drafts. "detailed": the paper's five rows once more, with captions of some three sentences.
# Environment: SEEDS ("1 2 3"), of the stages after the tower; REFINE_STEPS (4000; with 1500 the language model has not
# recovered what stage 2 first costs it); THREADS (all; with 1 several seeds or rows can run side by
# side); STEPS (100, percent of the usual steps).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(realpath "${1:-build/demo}")
shift || true
rows=${*:-single-pass caption-only features-only confidence longer ships at-once dropout confusion uniform own far detailed}
source tools/train_demo_steps.sh
[[ -e vision/config.json ]] || { echo "$work/vision: expected the tower that tools/train_demo.sh trains" >&2; exit 1; }

has_row() { [[ " $rows " == *" $1 "* ]]; }
# row TO FROM OPTIONS...: one more second glance from the same first one, whose own captions need not be made again
row() {
  local to=$1 from=$2
  shift 2
  mkdir -p "$run/$to"
  [[ -e $run/$to/own_captions.json ]] || cp "$run/${prefix}both/own_captions.json" "$run/$to/"
  train_second_glance "$from" "$run/$to" "$@"
  score "$run/$to" "$captions" refined
  score "$run/$to" "$captions" initial
  "$sharpeye" rates --model "$run/$to" --data "test/$captions.json" --count 1000 --json >"$run/$to/rates.json"
}

recipe=(--drafts mixed --draft-warmup 0.67)

# The paper's five rows with $captions; the first glance and both inputs always, since the others share their parts
five_rows() {
  train_first_glance vision "$run/${prefix}first" "$captions"
  score "$run/${prefix}first" "$captions" initial --glances 1
  second_glance_of "$run/${prefix}first" "$run/${prefix}start"
  train_second_glance "$run/${prefix}start" "$run/${prefix}both" "${recipe[@]}"
  score "$run/${prefix}both" "$captions" refined
  score "$run/${prefix}both" "$captions" initial
  if has_row single-pass; then
    once "$run/single-start" "$sharpeye" init --preset demo --tokenizer tokenizer --seed "$seed" \
      --variant single-pass --weights vision
    train_first_glance "$run/single-start" "$run/${prefix}single-pass" "$captions"
    score "$run/${prefix}single-pass" "$captions" initial
  fi
  local name
  for name in caption-only features-only; do
    has_row "$name" || continue
    second_glance_of "$run/${prefix}first" "$run/$prefix$name-start" "$name"
    row "$prefix$name" "$run/$prefix$name-start" "${recipe[@]}"
  done
}

for seed in ${SEEDS:-1 2 3}; do
  run=seed$seed
  mkdir -p "$run"
  prefix="" captions=captions
  five_rows
  "$sharpeye" rates --model "$run/both" --data test --count 1000 --json >"$run/both/rates.json"
  for rounds in 2 3; do
    [[ -e $run/rounds$rounds ]] || {
      cp -rs "$PWD/$run/both" "$run/rounds$rounds"
      rm -f "$run/rounds$rounds"/{test.jsonl,scores.*}
    }
    score "$run/rounds$rounds" captions refined --rounds "$rounds"
  done

  if has_row confidence; then
    second_glance_of "$run/first" "$run/confidence-start" confidence
    row confidence "$run/confidence-start" "${recipe[@]}"
  fi
  if has_row longer; then
    train caption many/captions.json "$run/first" "$run/longer-first" "${REFINE_STEPS:-4000}" --learning-rate 7e-4 \
      --weight-decay 0.01
    score "$run/longer-first" captions initial --glances 1
    second_glance_of "$run/longer-first" "$run/longer-start"
    train_second_glance "$run/longer-start" "$run/longer-both" "${recipe[@]}"
    score "$run/longer-both" captions refined
    score "$run/longer-both" captions initial
  fi
  if has_row ships; then
    row ships "$run/start" "${second_recipe[@]}"
    row muon-both "$run/start" "${recipe[@]}" --muon
    second_glance_of "$run/first" "$run/features-only-start" features-only
    row muon-features-only "$run/features-only-start" "${recipe[@]}" --muon
  fi
  if has_row at-once; then row at-once "$run/start" --drafts mixed; fi
  if has_row dropout; then row dropout "$run/start" "${recipe[@]}" --draft-dropout 0.5; fi
  for name in confusion uniform own far; do
    has_row "$name" || continue
    row "$name" "$run/start" --drafts "$name" --draft-warmup 0.67
  done
  if has_row detailed; then
    prefix=detailed- captions=detailed
    five_rows
  fi
done
python3 "$tools/ablation_table.py" ${SEEDS:-1 2 3} | tee ablation.md
