#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Compiles the kernels for AArch64 and compares them with sums in double under an emulator.
# Debian: apt-get install g++-aarch64-linux-gnu qemu-user. A machine that is AArch64 needs neither.
set -eu
cd "$(dirname "$0")/.."
CXX=${CXX:-aarch64-linux-gnu-g++}
RUN=${RUN-qemu-aarch64}
for tool in "$CXX" ${RUN:+"$RUN"}; do
    command -v "$tool" > /dev/null || {
        echo "$tool is missing; apt-get install g++-aarch64-linux-gnu qemu-user, or set CXX and RUN" >&2
        exit 2
    }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# setup.py's flags; static, as the emulator has no libraries of its own.
"$CXX" -std=c++17 -O3 -ffp-contract=off -fno-math-errno -Wall -Wextra -Werror -static \
    -Icpp_ext/src tests/cpp_ext/check_kernels.cpp cpp_ext/src/kernels_base.cpp -o "$folder/check"
${RUN:+"$RUN"} "$folder/check"
