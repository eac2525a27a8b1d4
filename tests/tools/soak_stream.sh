#!/bin/bash
# 10,000 frames through `sharpeye stream`, plain and live: resident memory and open files must stay where they are once
# it runs. With `day`: 24 hours instead, live, of a frame a second by its time stamps, sent 400 a second.
# Usage: soak_stream.sh COMMAND MODEL [FRAMES|day]
set -eu
sharpeye=$1 model=$2 frames=${3:-10000}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
size=$((64 * 48 * 3))
# Raw frames of 64 x 48, each other than the one before it. `$1` a second, 0: as fast as they are taken.
make_frames() {
  head -c $((size * 8)) /dev/urandom >"$folder/eight"
  for ((i = 0; i < frames; i += 8)); do
    cat "$folder/eight"
    [ "$1" = 0 ] || sleep "$1"
  done
}
soak() { # pause options...
  local pause=$1
  shift
  make_frames "$pause" >"$folder/frames.fifo" &
  local writer=$!
  "$sharpeye" stream --model "$model" --raw rgb24 --size 64x48 --beams 1 --threads 1 "$@" "$folder/frames.fifo" \
    >"$folder/out" 2>"$folder/err" &
  local pid=$! first=0 last=0 files=0 seen=0
  while kill -0 $pid 2>/dev/null; do
    sleep 0.25
    local now
    now=$(awk '/VmRSS/ {print $2}' /proc/$pid/status 2>/dev/null || true)
    [ -n "$now" ] || continue
    seen=$((seen + 1))
    local open
    open=$(ls /proc/$pid/fd 2>/dev/null | wc -l)
    if [ $seen = 4 ]; then first=$now files=$open; fi
    [ $seen -lt 4 ] || { last=$now; [ "$open" -le "$files" ] || { [ "$open" = 0 ] || echo "open files: $files, then $open"; }; }
  done
  wait $pid || { cat "$folder/err"; exit 1; }
  kill $writer 2>/dev/null || true
  tail -n 1 "$folder/err"
  echo "resident: $first KB, at the end $last KB, seen $seen times"
  [ "$last" -le $((first + 1024)) ] || { echo "soak_stream: memory grew"; exit 1; }
}
mkfifo "$folder/frames.fifo"
if [ "$frames" = day ]; then
  frames=86400
  soak 0.02 --live --fps 1 --format srt
  grep -o -- '--> .*' "$folder/out" | tail -n 1
  exit
fi
soak 0
soak 0 --live
soak 0 --every change --format srt
