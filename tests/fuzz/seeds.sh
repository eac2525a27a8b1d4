#!/usr/bin/env bash
# Makes the inputs that fuzzing begins with, of the tests' fixtures: tests/fuzz/seeds.sh FOLDER. Each target has a folder
# of its own in it, as it is called without "fuzz_".
set -euo pipefail
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../fixtures"
mkdir -p "$out"/{image,safetensors,tokenizer,tokenizer_json,config,bert_vocabulary}

# The first byte of an image's input is a switch of the fuzzer, the rest is the file.
for file in image/*.*; do
    switch='\1'
    case $file in *.expected.ppm | *.txt) continue ;; *.dib) switch='\3' ;; esac
    { printf "$switch" && cat "$file"; } >"$out/image/$(basename "$file")"
done

cp safetensors/*.safetensors "$out/safetensors"

# A vocabulary, its merges and a text; good ones stand for those that are empty.
printf '{"<s>":0,"<pad>":1,"</s>":2,"<unk>":3,"a":4,"b":5,"ab":6}\0a b\n\0ab' >"$out/tokenizer/vocab"
printf '\0a b\nab c\n\0abc </s> {initial} <image>' >"$out/tokenizer/merges"
printf '\0\0A photo of the caf\303\251 \360\237\215\210 {initial}<image> abc aaaa  ab' >"$out/tokenizer/text"

# A tokenizer.json has a switch in front and a text behind it.
for file in text/tokenizer_json/*/tokenizer.json; do
    { printf '!' && cat "$file" && printf '\0A small <image> bus'; } \
        >"$out/tokenizer_json/$(basename "$(dirname "$file")")"
done

# A config.json has a preprocessor_config.json behind it.
for folder in models/*/; do
    [[ -f $folder/config.json ]] || continue
    { cat "$folder/config.json" && printf '\0' && cat "$folder/preprocessor_config.json" 2>/dev/null || true; } \
        >"$out/config/$(basename "$folder")"
done
tiling='{"image_processor_type": "Idefics3ImageProcessor", "max_image_size": {"longest_edge": 32},
         "size": {"longest_edge": 64}, "do_image_splitting": true, "resample": 1, "image_mean": [0.5, 0.5, 0.5]}'
{ cat models/idefics3_tiny/config.json && printf '\0%s' "$tiling"; } >"$out/config/idefics3_tiny"

# A vocab.txt has its settings and a text behind it.
for file in models/*/vocab.txt; do
    { cat "$file" && printf '\0{"do_lower_case":true}\0The cat [SEP] sits.'; } \
        >"$out/bert_vocabulary/$(basename "$(dirname "$file")")"
done
