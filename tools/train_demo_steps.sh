# The steps that train_demo.sh and ablation_demo.sh share. Sourced, with $work and $seed set; leaves the shell in $work
# and the command in $sharpeye.

tools/install_dependencies.sh
if [[ -z ${SHARPEYE:-} ]]; then  # a command that is there may be named instead of building one
  cmake --preset release >/dev/null
  cmake --build --preset release --target sharpeye_command -j "$(tools/jobs.sh)"
fi
sharpeye=$(realpath "${SHARPEYE:-build/release/sharpeye}")
tools=$PWD/tools
cd "$work"

# once RESULT COMMAND...: unless RESULT is there. Each step leaves it under its final name only when it is complete.
once() {
  local result=$1
  shift
  [[ -e $result ]] && return
  rm -rf "$result.part"
  "$@" -o "$result.part"
  mv "$result.part" "$result"
}

# train STAGE DATA FROM TO STEPS OPTIONS...
train() {
  local stage=$1 data=$2 from=$3 to=$4 steps=$(($5 * ${STEPS:-100} / 100))
  shift 5
  "$sharpeye" train "$stage" --data "$data" --model "$from" -o "$to" --cache cache --batch-size 64 --seed "$seed" \
    --save-every 250 --steps "$((steps > 0 ? steps : 1))" --threads "${THREADS:-$(nproc)}" "$@"
}

# captions_at FILE PLACE...: FILE has these of the lone things' coarse captions
captions_at() {
  local file=$1
  shift
  [[ -e $file ]] && return
  python3 "$tools/only_captions.py" "$@" <lone/coarse.json >"$file.part"
  mv "$file.part" "$file"
}

# One thing in each picture for the tower's first lesson, two or three for all else: 64,000 scenes to train on, which
# are seen two or three times (with 16,000, seen eight times, the tower learnt them by heart), and 16,000 for the
# tokenizer and the probe.
prepare_world() {
  once lone "$sharpeye" scenes --count 64000 --seed 7 --lone
  once train "$sharpeye" scenes --count 16000 --seed 1
  once many "$sharpeye" scenes --count 64000 --seed 7
  once val "$sharpeye" scenes --count 1000 --seed 1 --split val
  once test "$sharpeye" scenes --count 2000 --seed 1 --split test
  once tokenizer "$sharpeye" train-tokenizer --data train/captions.json train/detailed.json train/coarse.json \
    --vocab-size 640
  once initial "$sharpeye" init --preset demo --tokenizer tokenizer --seed "$seed"
  captions_at lone/colours_and_shapes.json 1
}

# Stage 0 teaches the connector alone to speak to a language model. Here that model is as new as the connector: both have
# learnt beside the tower, and stage 1 teaches them to read it as it is now, frozen.
# train_first_glance FROM TO [CAPTIONS]
train_first_glance() {
  train caption "many/${3:-captions}.json" "$1" "$2" 1500 --learning-rate 7e-4 --weight-decay 0.01
}

# second_glance_of FROM TO [VARIANT]: a first glance with a second one that begins as it
second_glance_of() {
  once "$2" "$sharpeye" init --preset demo --tokenizer tokenizer --seed "$seed" --variant "${3:-two-glances}" \
    --weights "$1" --second-as-first
}

# How the second glance of the model that ships learns: from the first one's own captions, which come in one by one, with
# any true caption as the aim; by Muon.
second_recipe=(--drafts own --draft-warmup 0.67 --muon)

# train_second_glance FROM TO OPTIONS...
train_second_glance() {
  local from=$1 to=$2
  shift 2
  train refine "many/${captions:-captions}.json" "$from" "$to" "${REFINE_STEPS:-4000}" --learning-rate 8e-4 \
    --weight-decay 0.01 --initial-share 0.25 "$@"
}

# score MODEL CAPTIONS GLANCE OPTIONS...: the test set's scores, kept in MODEL/scores.CAPTIONS.GLANCE.json. A small model
# is faster with a thread for each half of the images than with both threads on one image.
score() {
  local model=$1 captions=$2 glance=$3 half
  shift 3
  if [[ ! -s $model/test.jsonl ]]; then
    for half in 000 001; do
      "$sharpeye" caption --model "$model" --json --threads 1 "$@" "test/images/$half*.png" >"$model/test.$half.part" &
    done
    wait
    cat "$model"/test.{000,001}.part >"$model/test.jsonl.part"
    rm "$model"/test.{000,001}.part
    mv "$model/test.jsonl.part" "$model/test.jsonl"
  fi
  "$sharpeye" eval --references "test/$captions.json" --predictions "$model/test.jsonl" --field "$glance" \
    --json "$model/scores.$captions.$glance.json"
}
