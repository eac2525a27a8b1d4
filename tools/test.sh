#!/usr/bin/env bash
# Installs what is missing, builds everything and runs all tests. The last lines and the exit code are ctest's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools/install_dependencies.sh
jobs=$(tools/jobs.sh)
cmake --preset release
cmake --build --preset release -j "$jobs"
exec ctest --preset release -j "$jobs"
