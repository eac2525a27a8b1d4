#!/usr/bin/env bash
# Trains the demo model from nothing: scenes, tokenizer, vision tower, the paper's stages, evaluation. Everything
# depends on the seed only; run again after an interruption it goes on where it was, bit for bit.
# Usage: tools/train_demo.sh [DIR]   DIR: where all of it goes, build/demo by default
# Environment: SEED (1); STEPS (100, percent of the usual steps, for a quick trial).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=${1:-build/demo}
seed=${SEED:-1}
mkdir -p "$work"
work=$(realpath "$work")
source tools/train_demo_steps.sh

prepare_world
# The tower's lessons: shapes of single things, then textures too, so that its middle layers learn to see them; then
# only colours and shapes of whole scenes, the coarse captions that are all it is judged by. Then it is frozen.
tower=(--learning-rate 5e-4 --weight-decay 0.05 --warmup-ratio 0.04)
train vision lone/shapes.json initial vision_shapes 1500 "${tower[@]}"
train vision lone/textures.json vision_shapes vision_textures 1000 "${tower[@]}"
train vision train/coarse.json vision_textures vision 3000 "${tower[@]}"
"$sharpeye" probe --model vision --data train --test val | tee probe.txt
train_first_glance vision first_glance
train_second_glance first_glance two_glances --drafts confusion --rates-data val

# What ships: the tensors that captioning reads, in F16. All scores are of this model.
once demo "$sharpeye" init --preset demo --tokenizer tokenizer --weights two_glances --dtype f16
for glance in initial refined; do
  echo "test, $glance:"
  score demo captions "$glance"
done
echo "test, rates:"
"$sharpeye" rates --model demo --data test --count 1000 | tee rates.txt
python3 "$tools/demo_sheet.py" test demo/test.jsonl >sheet.svg
