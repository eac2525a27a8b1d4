#!/bin/bash
# Kills `sharpeye caption --out` at random moments and goes on, until the file is complete; again and again.
# Whatever moment it was: the file is the beginning of that of an undisturbed run, and in the end equal to it; a sidecar
# is there whole or not at all. Usage: kill_resume.sh COMMAND MODEL [KILLS] [SEED]
set -eu
sharpeye=$(realpath "$1") model=$(realpath "$2") kills=${3:-200}
RANDOM=${4:-1}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
"$sharpeye" scenes --count 40 --seed 3 -o scenes
mkdir images
cp scenes/images/*.png images/
cp images/000003.png $'images/caf\xe9\n\xff.png' # no UTF-8, and a line end
echo broken >images/000007.png
fail() { echo "kill_resume: $*" >&2 && exit 1; }
caption() { "$sharpeye" caption --model "$model" --beams 1 --threads 1 --parallel $((RANDOM % 2 + 1)) images "$@" 2>err; }
# Runs and kills it after up to 0.3 s. Sets `ended` where it was through before.
killed_caption() {
  ended=
  "$sharpeye" caption --model "$model" --beams 1 --threads 1 --parallel $((RANDOM % 2 + 1)) images "$@" 2>err &
  local pid=$!
  sleep "0.$(printf %03d $((RANDOM % 300)))"
  kill -9 $pid 2>/dev/null || ended=yes
  local code=0
  wait $pid 2>/dev/null || code=$?
  [ $code = 137 ] || ended=yes
  [ $code = 137 ] || [ $code -le 1 ] || fail "exit code $code: $(cat err)"
}
caption --out whole.jsonl && fail "expected exit code 1 for a broken image" || [ $? = 1 ]
[ "$(wc -l <whole.jsonl)" = 41 ] || fail "expected 41 lines"
done=0 runs=0
while [ $done -lt "$kills" ]; do
  killed_caption --out part.jsonl
  if [ -z "$ended" ]; then
    done=$((done + 1))
    [ -f part.jsonl ] || continue
    cmp -s -n "$(stat -c %s part.jsonl)" part.jsonl whole.jsonl || fail "after kill $done: not the beginning of the file"
    # A line that a kill has torn in the middle of its write, which happens too rarely to wait for.
    cut=$((RANDOM % 200)) size=$(stat -c %s part.jsonl)
    [ $((RANDOM % 3)) -gt 0 ] || [ $cut -gt "$size" ] || truncate -s -$cut part.jsonl
  else
    cmp part.jsonl whole.jsonl || fail "the resumed file differs"
    rm part.jsonl
    runs=$((runs + 1))
  fi
done
caption --out part.jsonl || [ $? = 1 ]
cmp part.jsonl whole.jsonl || fail "the resumed file differs"
# Sidecars.
caption --format sidecar || [ $? = 1 ]
mkdir expected && mv images/*.txt expected/
[ "$(find expected -type f -printf x)" = "$(printf 'x%.0s' $(seq 40))" ] || fail "expected 40 sidecars"
for i in $(seq $((kills / 4 + 1))); do
  killed_caption --format sidecar
  for text in images/*.txt; do
    [ ! -e "$text" ] || cmp -s "$text" "expected/$(basename "$text")" || fail "a sidecar is not whole: $text"
  done
  [ -z "$ended" ] || rm -f images/*.txt
done
caption --format sidecar || [ $? = 1 ]
for text in expected/*; do
  cmp "images/$(basename "$text")" "$text" || fail "a sidecar is missing"
done
echo "kill_resume: $done kills of --out, $runs whole runs in between, $((kills / 4 + 1)) of sidecars: the same bytes"
