#!/usr/bin/env bash
# Runs what the kernels carry on 64-bit ARM, under qemu's user mode: installs the cross compiler and qemu (Debian,
# Ubuntu), builds the tests of kernels, ops, models and decoding, and runs them with its matrix product, with its
# dot product, with plain NEON, and without.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools/install_dependencies.sh
if ! command -v aarch64-linux-gnu-g++ >/dev/null || ! command -v qemu-aarch64 >/dev/null; then
  ((EUID == 0)) || sudo=sudo
  ${sudo:-} apt-get install -y -qq --no-install-recommends g++-aarch64-linux-gnu qemu-user
fi
cmake --preset aarch64
cmake --build --preset aarch64 -j "$(tools/jobs.sh)" --target test_simd test_ops test_models test_generation
exec ctest --preset aarch64 -R '^(simd|ops|models|generation)(\.scalar|\.neon|\.neondot)?$'
