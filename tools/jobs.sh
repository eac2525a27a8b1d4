#!/usr/bin/env bash
# Prints how many compilers to run at once: one per processor, and at most two per 4 GB of memory.
set -euo pipefail
processors=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
if command -v nproc >/dev/null; then processors=$(nproc); fi
kilobytes=$(awk '/^MemTotal:/ {print $2}' /proc/meminfo 2>/dev/null || true)
limit=$(cat /sys/fs/cgroup/memory.max 2>/dev/null || true) # a container's own limit
if [[ $limit =~ ^[0-9]+$ ]] && ((limit / 1024 < ${kilobytes:-0})); then kilobytes=$((limit / 1024)); fi
jobs=$(((${kilobytes:-4000000} + 1000000) / 2000000))
if ((jobs > processors)); then jobs=$processors; fi
echo $((jobs > 1 ? jobs : 1))
