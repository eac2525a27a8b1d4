#!/usr/bin/env bash
# The peers beside sharpeye, in turns in one run: ONNX Runtime and OpenVINO on ViT-L/14-336 and OPT-125M with random
# weights of the same shapes, and OpenBLAS, BLIS and oneDNN on the matrix products. Installs what it needs (pip in a
# virtual environment of its own, apt where there is one), says what it is doing, and takes some minutes. Prints tables of
# medians and ratios, and leaves JSON in build/bench.
# Usage: bench/peers/run.sh [--torch] [REPEATS]   --torch: Debian's PyTorch and CTranslate2 too, which is a large
# download and twice the time. Needs about 6 GB of memory.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
with_torch=
if [[ ${1:-} == --torch ]]; then
  with_torch=1
  shift
fi
repeats=${1:-3}
venv=${PEERS_VENV:-build/peers-venv}
model=build/bench-model
say() { echo "[$(printf %4d $SECONDS) s] $*" >&2; }

if [[ -z ${SHARPEYE:-} ]]; then
  say "building sharpeye and bench_simd"
  tools/install_dependencies.sh
  cmake --preset release >/dev/null
  cmake --build --preset release --target sharpeye_command bench_simd -j "$(tools/jobs.sh)" >&2
fi
sharpeye=${SHARPEYE:-build/release/sharpeye}
bench_simd=${BENCH_SIMD:-build/release/bench/bench_simd}
say "models with random weights, where they are not there yet"
[[ -f $model/config.json ]] || "$sharpeye" init --preset mm-ser-125m --dtype f16 --seed 1 -o $model >&2
[[ -f $model-f32/config.json ]] || "$sharpeye" init --preset mm-ser-125m --dtype f32 --seed 1 -o $model-f32 >&2
[[ -f $model-int8/config.json ]] || "$sharpeye" quantize --model $model --dtype int8 -o $model-int8 >&2
requirements=bench/peers/requirements.txt
if [[ -n $with_torch ]]; then
  venv=$venv-torch
  requirements=bench/peers/requirements-torch.txt
fi
if [[ ! -x $venv/bin/python ]]; then
  say "a virtual environment in $venv"
  if [[ -n $with_torch ]]; then tests/reference/make_venv.sh "$venv" >&2; else python3 -m venv "$venv"; fi
fi
if ! cmp -s $requirements "$venv/installed.txt"; then
  say "pip install --requirement $requirements"
  "$venv/bin/pip" install --quiet --requirement $requirements
  cp $requirements "$venv/installed.txt"
fi
if command -v apt-get >/dev/null; then
  for package in libopenblas0-pthread libblis4-pthread libdnnl2; do
    [[ $(dpkg-query -W -f='${Status}' $package 2>/dev/null) == "install ok installed" ]] && continue
    say "apt-get install $package"
    sudo=
    ((EUID == 0)) || sudo=sudo
    $sudo apt-get install -y -qq --no-install-recommends $package </dev/null >&2 || say "$package: left out"
  done
fi
say "stages, $repeats rounds"
"$venv/bin/python" bench/peers/peers.py --sharpeye "$sharpeye" --model $model --work build/peers --repeats "$repeats"
say "matrix products, $repeats rounds"
mkdir -p build/bench
"$bench_simd" --benchmark_filter='_(f32|f16|i8|i4)/(vit.qkvo|vit.fc1|vit.fc2|opt.fc1|opt.fc2)/(577|600)x' \
  --benchmark_min_time=0.05 --benchmark_repetitions="$repeats" --benchmark_enable_random_interleaving=true \
  --benchmark_report_aggregates_only=true --benchmark_out=build/bench/products.json --benchmark_out_format=json >/dev/null
echo
"$venv/bin/python" bench/peers/products.py build/bench/products.json
say "done"
