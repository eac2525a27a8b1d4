#!/usr/bin/env bash
# Builds the libFuzzer programs of tests/fuzz with clang and runs each for a while: tools/fuzz.sh [SECONDS, default 60].
# Inputs of interest stay in build/fuzz/corpus; a crash leaves its input in build/fuzz and ends the script with an error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-60}
command -v clang++ >/dev/null || { echo "fuzzing needs clang++ with its compiler-rt" >&2; exit 1; }
cmake --preset fuzz
cmake --build --preset fuzz -j "$(tools/jobs.sh)"

# The first byte of an image's input is a switch of the fuzzer, the rest is the file.
corpus=build/fuzz/corpus
mkdir -p "$corpus"/image
for file in tests/fixtures/image/*.*; do
    switch='\1'
    case $file in *.expected.ppm | *.txt) continue ;; *.dib) switch='\3' ;; esac
    { printf "$switch" && cat "$file"; } >"$corpus/image/$(basename "$file")"
done

# A tokenizer.json has a switch in front and a text behind it.
mkdir -p "$corpus"/tokenizer_json
for file in tests/fixtures/text/tokenizer_json/*/tokenizer.json; do
    { printf '!' && cat "$file" && printf '\0A small <image> bus'; } \
        >"$corpus/tokenizer_json/$(basename "$(dirname "$file")")"
done

# A config.json has a preprocessor_config.json behind it.
mkdir -p "$corpus"/config
for folder in tests/fixtures/models/*/; do
    [[ -f $folder/config.json ]] || continue
    { cat "$folder/config.json" && printf '\0' && cat "$folder/preprocessor_config.json" 2>/dev/null || true; } \
        >"$corpus/config/$(basename "$folder")"
done
tiling='{"image_processor_type": "Idefics3ImageProcessor", "max_image_size": {"longest_edge": 32},
         "size": {"longest_edge": 64}, "do_image_splitting": true, "resample": 1, "image_mean": [0.5, 0.5, 0.5]}'
{ cat tests/fixtures/models/idefics3_tiny/config.json && printf '\0%s' "$tiling"; } >"$corpus/config/idefics3_tiny"

# A vocab.txt has its settings and a text behind it.
mkdir -p "$corpus"/bert_vocabulary
for file in tests/fixtures/models/*/vocab.txt; do
    { cat "$file" && printf '\0{"do_lower_case":true}\0The cat [SEP] sits.'; } \
        >"$corpus/bert_vocabulary/$(basename "$(dirname "$file")")"
done

for source in tests/fuzz/fuzz_*.cpp; do
    name=$(basename "$source" .cpp)
    area=${name#fuzz_}
    mkdir -p "$corpus/$area"
    seeds=()
    if [[ $area != image && -d tests/fixtures/$area ]]; then seeds=("tests/fixtures/$area"); fi
    echo "== $name, $seconds s"
    "build/fuzz/tests/fuzz/$name" -max_total_time="$seconds" -print_final_stats=1 -rss_limit_mb=2048 -timeout=10 \
        -max_len=65536 -artifact_prefix="build/fuzz/$name-" "$corpus/$area" "${seeds[@]}"
done
