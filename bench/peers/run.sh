#!/usr/bin/env bash
# The peers beside sharpeye, interleaved in one run: PyTorch, ONNX Runtime, OpenVINO and CTranslate2 on ViT-L/14-336 and
# OPT-125M with random weights of the same shapes. Prints a table of medians and ratios, and JSON.
# Usage: bench/peers/run.sh [REPEATS]   Needs tools/bench.sh's models (made here when absent) and about 8 GB of memory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
venv=${PEERS_VENV:-build/peers-venv}
model=build/bench-model

tools/install_dependencies.sh
if [[ -z ${SHARPEYE:-} ]]; then
  cmake --preset release >/dev/null
  cmake --build --preset release --target sharpeye_command -j "$(tools/jobs.sh)"
fi
sharpeye=${SHARPEYE:-build/release/sharpeye}
[[ -f $model/config.json ]] || "$sharpeye" init --preset mm-ser-125m --dtype f16 --seed 1 -o $model
[[ -f $model-f32/config.json ]] || "$sharpeye" init --preset mm-ser-125m --dtype f32 --seed 1 -o $model-f32
[[ -f $model-int8/config.json ]] || "$sharpeye" quantize --model $model --dtype int8 -o $model-int8
if [[ ! -x $venv/bin/python ]]; then
  tests/reference/make_venv.sh "$venv"
  "$venv/bin/pip" install --quiet --requirement bench/peers/requirements.txt
fi
"$venv/bin/python" bench/peers/peers.py --sharpeye "$sharpeye" --model $model --work build/peers --repeats "${1:-5}"
