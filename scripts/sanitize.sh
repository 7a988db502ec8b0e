#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the C++ extension with AddressSanitizer and UndefinedBehaviorSanitizer into build/sanitized
# and runs the kernels' tests on it; the installed extension stays as it is. (gcc or clang, Linux.)
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1
shift

target=build/sanitized
rm -rf "$target"
NEURALBOARD_SANITIZE=1 NEURALBOARD_REQUIRE_EXTENSION=1 "$python" setup.py -q build \
  --build-temp build/sanitized-objects --build-lib "$target" >/dev/null

# Python itself has no sanitizer in it: the library must be there first. Its own leaks don't count.
preload=$(gcc -print-file-name=libasan.so):$(gcc -print-file-name=libstdc++.so)
LD_PRELOAD=$preload ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
  NEURALBOARD_REQUIRE_EXTENSION=1 PYTHONPATH=$target "$python" -m pytest tests/cpp_ext -q \
  -p no:cacheprovider --deselect tests/cpp_ext/test_allocation.py "$@"
