#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Build the source distribution, the wheel from it, and use the wheel as a stranger would: in a
# fresh environment with the run-time dependencies alone, from a folder outside the project.
# usage: scripts/check_wheel.sh PYTHON   (one that has setuptools and pybind11)
set -euo pipefail
cd "$(dirname "$0")/.."

python=$1
dist=$PWD/build/dist
rm -rf "$dist" build/stranger
mkdir -p "$dist"
export PIP_DISABLE_PIP_VERSION_CHECK=1

"$python" setup.py --quiet sdist --dist-dir "$dist"
"$python" -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir "$dist" "$dist"/*.tar.gz
"$python" -m venv build/stranger
stranger=$PWD/build/stranger/bin
"$stranger/python" -m pip install --quiet -c constraints.txt "$dist"/*.whl

cd "$dist"
"$stranger/python" -W error - <<'PYTHON'
import importlib.metadata
import importlib.resources
import sys

import neuralboard
import neuralboard.cpp_ext

assert neuralboard.cpp_ext.HAVE_EXTENSION, "the wheel holds no extension"
assert neuralboard.__version__ == importlib.metadata.version("neuralboard")
assets = importlib.resources.files("neuralboard") / "assets"
assert (assets / "demo_noisy.flac").is_file(), "the wheel holds no demo clip"
assert "torch" not in sys.modules
print("wheel: extension, demo clip and version are there; torch is not")
PYTHON
"$stranger/neuralboard" --help >/dev/null
ls -l "$dist"/*.whl | awk '{print "wheel:", $5, "bytes"}'
