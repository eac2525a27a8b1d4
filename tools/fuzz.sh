#!/usr/bin/env bash
# Builds the libFuzzer programs of tests/fuzz with clang and runs each for a while: tools/fuzz.sh [SECONDS, default 60].
# Inputs of interest stay in build/fuzz/corpus; a crash leaves its input in build/fuzz and ends the script with an error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-60}
command -v clang++ >/dev/null || { echo "fuzzing needs clang++ with its compiler-rt" >&2; exit 1; }
cmake --preset fuzz
cmake --build --preset fuzz -j "$(tools/jobs.sh)"
tests/fuzz/seeds.sh build/fuzz/seeds
for source in tests/fuzz/fuzz_*.cpp; do
    name=$(basename "$source" .cpp)
    area=${name#fuzz_}
    mkdir -p "build/fuzz/corpus/$area"
    echo "== $name, $seconds s"
    "build/fuzz/tests/fuzz/$name" -max_total_time="$seconds" -print_final_stats=1 -rss_limit_mb=2048 -timeout=10 \
        -max_len=65536 -artifact_prefix="build/fuzz/$name-" "build/fuzz/corpus/$area" "build/fuzz/seeds/$area"
done
