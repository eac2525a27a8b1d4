#!/bin/sh
# Makes the Python environment of the reference. Usage: make_venv.sh [folder]   (default: ./.venv beside this script)
# Debian 12: apt-get install python3-venv python3-torch python3-numpy python3-pil python3-requests python3-yaml
#            (torch 1.13, numpy 1.24, Pillow 9.4: the versions the golden files were made with)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${1:-$here/.venv}
/usr/bin/python3 -m venv --system-site-packages "$venv"
"$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
"$venv/bin/python" -c 'import torch, transformers; print("torch", torch.__version__, "transformers", transformers.__version__)'
