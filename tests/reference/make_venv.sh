#!/usr/bin/env bash
# Makes the Python environment of the reference. Usage: make_venv.sh [folder]   (default: ./.venv beside this script)
# On Debian 12 it installs what is missing: torch 1.13, numpy 1.24 and Pillow 9.4 are the versions that the golden files
# were made with.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${1:-$here/.venv}

missing=()
for package in python3-venv python3-torch python3-numpy python3-pil python3-requests python3-yaml; do
    [[ $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) == "install ok installed" ]] || missing+=("$package")
done
if ((${#missing[@]} > 0)); then
    if ! command -v apt-get >/dev/null; then
        echo "make_venv.sh: expected ${missing[*]}: please install with your system's package manager" >&2
        exit 1
    fi
    echo "Installing ${missing[*]}"
    root=()
    ((EUID == 0)) || root=(sudo)
    "${root[@]}" apt-get update -qq </dev/null
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
fi

/usr/bin/python3 -m venv --system-site-packages "$venv"
"$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
"$venv/bin/python" -c 'import torch, transformers; print("torch", torch.__version__, "transformers", transformers.__version__)'
