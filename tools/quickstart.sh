#!/usr/bin/env bash
# Captions an image in two glances: installs what is missing, builds the command, makes a model, runs it.
# Usage: tools/quickstart.sh [IMAGE]
set -euo pipefail
image=${1:-}
if [[ -n $image ]]; then image=$(realpath "$image"); fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
image=${image:-tools/sample.png} # drawn for this repository
model=build/demo-model

tools/install_dependencies.sh
cmake --preset release -DSHARPEYE_BUILD_TESTS=OFF -DSHARPEYE_BUILD_BENCH=OFF -DSHARPEYE_WERROR=OFF
cmake --build --preset release --target sharpeye_command -j "$(tools/jobs.sh)"
build/release/sharpeye init --preset demo --seed 1 -o "$model" --force

echo
echo "No trained weights ship yet: this model is random, and its words mean nothing. What you see is the pipeline at work."
echo
exec build/release/sharpeye caption --model "$model" --max-new-tokens 24 "$image"
