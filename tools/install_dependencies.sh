#!/usr/bin/env bash
# Installs what is missing to build sharpeye: with apt on Debian and Ubuntu. Elsewhere it only checks that there are CMake,
# Ninja, a C++ compiler and Python; CMake downloads the libraries then.
set -euo pipefail

# has COMMAND...: one of them is there.
has() {
    local tool
    for tool in "$@"; do
        if command -v "$tool" >/dev/null; then return 0; fi
    done
    return 1
}

missing_tools() {
    has cmake || echo cmake
    has ninja || echo ninja-build
    has c++ g++ clang++ || echo g++
    has python3 || echo python3
}

missing_libraries() {
    local package
    for package in libeigen3-dev nlohmann-json3-dev libstb-dev libcli11-dev doctest-dev libbenchmark-dev \
        libjpeg-dev libpng-dev libwebp-dev libcpp-httplib-dev pkg-config; do
        [[ $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null) == "install ok installed" ]] || echo "$package"
    done
}

as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }

install() {
    echo "Installing $*"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null
}

if has apt-get && has dpkg-query; then
    mapfile -t tools < <(missing_tools)
    mapfile -t libraries < <(missing_libraries)
    if ((${#tools[@]} + ${#libraries[@]} > 0)); then
        as_root apt-get update -qq </dev/null || echo "apt-get update failed" >&2
        if ((${#tools[@]} > 0)); then install "${tools[@]}" || true; fi
        if ((${#libraries[@]} > 0)); then install "${libraries[@]}" || echo "CMake will download the libraries" >&2; fi
    fi
fi

mapfile -t tools < <(missing_tools)
if ((${#tools[@]} > 0)); then
    echo "sharpeye needs ${tools[*]}: please install with your system's package manager" >&2
    exit 1
fi
version=$(cmake --version | sed -n '1s/[^0-9]*\([0-9.]*\).*/\1/p')
if [[ $(printf '%s\n' 3.21 "$version" | sort -V | head -n 1) != 3.21 ]]; then
    echo "sharpeye needs CMake 3.21 or newer, this is $version" >&2
    exit 1
fi
