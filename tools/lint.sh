#!/usr/bin/env bash
# Checks the floors, the words, the format (clang-format 14) and, unless --quick, clang-tidy over every header.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python3 -B tests/headers/check_layers.py
python3 -B tests/headers/check_words.py

formatter=$(command -v clang-format-14 || command -v clang-format || true)
if [[ -n $formatter && $("$formatter" --version) == *" version 14."* ]]; then
    git ls-files -z '*.hpp' '*.inl' '*.cpp' '*.c' '*.h' | xargs -0 "$formatter" --dry-run -Werror
    echo "format: clean"
else
    echo "format: not checked, there is no clang-format 14 here"
fi

if [[ ${1:-} != --quick ]]; then
    cmake --preset release >/dev/null
    clang-tidy --quiet --extra-arg=-std=c++17 --warnings-as-errors='*' -p build/release build/release/tests/headers/every_header.cpp
    echo "clang-tidy: clean"
fi
