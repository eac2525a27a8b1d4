#!/bin/sh
# A folder's captions by GNU parallel, on the cores of one machine or on several machines that see the same files.
# The same command again goes on where it ended.
# Usage: gnu_parallel.sh MODEL PHOTOS OUT.jsonl [SHARDS [parallel's options, such as -j 4 or -S host1,host2]]
set -eu
model=$1 photos=$2 out=$3 shards=${4:-8}
shift "$(($# > 4 ? 4 : $#))"
# An image that fails is a line, and its shard ends with 1: merge sees whether all lines are there.
seq "$shards" | parallel -q "$@" sharpeye caption --model "$model" --recursive --threads 1 \
  --out "$out.{}" --shard "{}/$shards" "$photos" || true
sharpeye merge "$out".[0-9]* --images "$photos" --recursive -o "$out"
