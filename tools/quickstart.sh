#!/usr/bin/env bash
# Captions an image in two glances: installs what is missing, builds `sharpeye caption`, runs the demo model.
# Usage: tools/quickstart.sh [IMAGE]
set -euo pipefail
image=${1:-}
if [[ -n $image ]]; then image=$(realpath "$image"); fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools/install_dependencies.sh
cmake --preset quickstart
cmake --build --preset quickstart --target sharpeye_command -j "$(tools/jobs.sh)"

echo
echo "The model that ships, weights/demo, has seen nothing but painted scenes like tools/sample.png: of photographs it can"
echo "only speak in their words."
echo
exec build/quickstart/sharpeye caption --model weights/demo "${image:-tools/sample.png}"
