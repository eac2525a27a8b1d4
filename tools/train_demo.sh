#!/usr/bin/env bash
# Trains the demo model from nothing: scenes, tokenizer, vision tower, the paper's stages, evaluation. Everything
# depends on the seed only; run again after an interruption it goes on where it was, bit for bit.
# Usage: tools/train_demo.sh [DIR]   DIR: where all of it goes, build/demo by default
# Environment: SEED (1); SCENES (12000); STEPS (100, percent of the usual steps, for a quick trial).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=${1:-build/demo}
seed=${SEED:-1} scenes=${SCENES:-12000} percent=${STEPS:-100}

tools/install_dependencies.sh
cmake --preset release
cmake --build --preset release --target sharpeye_command -j "$(tools/jobs.sh)"
sharpeye=$PWD/build/release/sharpeye
mkdir -p "$work"
cd "$work"

# Each step leaves its result under its final name only when it is complete.
once() {  # once RESULT COMMAND...: unless RESULT is there
  local result=$1
  shift
  [[ -e $result ]] && return
  rm -rf "$result.part"
  "$@" -o "$result.part"
  mv "$result.part" "$result"
}
train() {  # train STAGE DATA FROM TO STEPS OPTIONS...
  local stage=$1 data=$2 from=$3 to=$4 steps=$(($5 * percent / 100))
  shift 5
  "$sharpeye" train "$stage" --data "$data" --model "$from" -o "$to" --cache cache --batch-size 64 --seed "$seed" \
    --steps "$((steps > 0 ? steps : 1))" "$@"
}

once train "$sharpeye" scenes --count "$scenes" --seed "$seed"
once val "$sharpeye" scenes --count 500 --seed "$seed" --split val
once test "$sharpeye" scenes --count 2000 --seed "$seed" --split test
once tokenizer "$sharpeye" train-tokenizer --data train/captions.json train/detailed.json train/coarse.json \
  --vocab-size 640
once initial "$sharpeye" init --preset demo --tokenizer tokenizer --seed "$seed"

# The vision tower learns from coarse captions (colour and shape), then it is frozen.
train vision train/coarse.json initial vision 1500 --learning-rate 1e-3 --warmup-ratio 0.05 --weight-decay 0.05
# Stage 0 teaches the connector alone to speak to a language model. Here that model is as new as the connector, so
# stage 1 trains both at once.
train caption train vision first_glance 3500 --learning-rate 1.5e-3 --weight-decay 0.01
train refine train first_glance two_glances 3000 --learning-rate 1e-3 --weight-decay 0.01 \
  --drafts confusion --initial-share 0.25

for data in val test; do
  "$sharpeye" caption --model two_glances --json "$data/images" > "$data.jsonl"
  for glance in initial refined; do
    echo "$data, $glance:"
    "$sharpeye" eval --references "$data/captions.json" --predictions "$data.jsonl" --field "$glance" \
      --json "$data.$glance.json"
  done
done
