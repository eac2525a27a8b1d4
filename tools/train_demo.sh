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
# The tower's lessons: it captions, together with connector and language model. First single things of all sizes, of
# which colour and shape are told and nothing else; then whole scenes. Muon learns shapes in a few hundred steps that
# AdamW does not learn in thousands. Then the tower is frozen.
tower=(--learning-rate 1.5e-3 --muon --weight-decay 0.05 --warmup-ratio 0.04
  --train vision_tower multi_modal_projector language_model)
train caption lone/colours_and_shapes.json initial vision_things 1500 "${tower[@]}"
train caption many/captions.json vision_things vision 3000 "${tower[@]}"
"$sharpeye" probe --model vision --data train --test val | tee probe.txt
train_first_glance vision first_glance
second_glance_of first_glance start
train_second_glance start two_glances "${second_recipe[@]}" --rates-data val

# What ships: the tensors that captioning reads, in F16. All scores are of this model.
once demo "$sharpeye" init --preset demo --tokenizer tokenizer --weights two_glances --dtype f16
for glance in initial refined; do
  echo "test, $glance:"
  score demo captions "$glance"
done
echo "test, rates:"
"$sharpeye" rates --model demo --data test --count 1000 | tee rates.txt
python3 "$tools/demo_sheet.py" test demo/test.jsonl >sheet.svg
