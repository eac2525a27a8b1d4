#!/usr/bin/env bash
# Runs serve_clients.py with the official clients of OpenAI and Ollama, installed in a virtual environment.
# Usage: tests/tools/serve_clients.sh [COMMAND] [FOLDER of the environment]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
command=$(realpath "${1:-build/release/sharpeye}")
environment=${2:-build/clients}
if [[ ! -x $environment/bin/python ]]; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet openai ollama
fi
exec "$environment/bin/python" -B tests/tools/serve_clients.py "$command"
