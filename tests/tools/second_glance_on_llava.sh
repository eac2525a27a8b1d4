#!/usr/bin/env bash
# A second glance on a model of llava-interleave's form (SigLIP, Qwen2), from nothing: trains a first glance on painted
# scenes, adds an untrained SeR-Connector (`init --on`), trains it, killing it twice on the way, and scores both captions.
#     tests/tools/second_glance_on_llava.sh WORK-FOLDER      # STEPS=100 per cent; some 10 minutes on two cores
set -euo pipefail
work=${1:?usage: second_glance_on_llava.sh WORK-FOLDER}
sharpeye=$(realpath "${SHARPEYE:-build/release/sharpeye}")
mkdir -p "$work"
cd "$work"
percent=${STEPS:-100}
[[ -d train ]] || "$sharpeye" scenes --count 8000 --seed 11 -o train
[[ -d val ]] || "$sharpeye" scenes --count 400 --seed 11 --split val -o val
[[ -d tokenizer ]] || "$sharpeye" train-tokenizer --data train/captions.json --vocab-size 400 -o tokenizer
[[ -d untrained ]] || "$sharpeye" init --preset tiny-llava --tokenizer tokenizer --seed 1 -o untrained
"$sharpeye" train caption --data train/captions.json --model untrained -o one --steps $((20 * percent)) --batch-size 32 \
  --learning-rate 2e-3 --weight-decay 0.01 --seed 1 --save-every 500 \
  --train vision_tower multi_modal_projector language_model
[[ -d two ]] || "$sharpeye" init --on one --seed 1 -o two
refine=("$sharpeye" train refine --data train/captions.json --model two -o refined --cache cache --steps $((12 * percent))
  --batch-size 32 --learning-rate 1e-3 --weight-decay 0.01 --seed 1 --save-every 100 --drafts nearest --draft-warmup 0.67
  --initial-share 0.25)
for _ in 1 2; do  # killed, and begun again where it stood
  "${refine[@]}" &
  sleep "${KILL_AFTER:-40}"
  kill -9 $! 2>/dev/null || true
  wait || true
done
"${refine[@]}"
"$sharpeye" caption --model refined --json val/images >captions.jsonl
for glance in initial refined; do
  "$sharpeye" eval --references val/captions.json --predictions captions.jsonl --field $glance --json $glance.json >/dev/null
  python3 -c "import json; print('$glance', 'CIDEr-D', round(100 * json.load(open('$glance.json'))['scores']['cider_d'], 1))"
done
