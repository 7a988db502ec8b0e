# SPDX-License-Identifier: GPL-3.0-or-later
"""Build hook of neuralboard: the C++ extension; everything else is in pyproject.toml.

Where no compiler works the extension is left out with a warning, and the NumPy twin of every kernel
does the work, slowly. ``NEURALBOARD_REQUIRE_EXTENSION=1`` makes a failed compile an error.
"""

from __future__ import annotations

import os
import sys
from glob import glob

from pybind11.setup_helpers import ParallelCompile, Pybind11Extension, build_ext
from setuptools import setup

# Contraction to fused multiply-add would make results depend on how the compiler unrolls a loop.
# Off, the bits are the same for every number of channels and on every processor.
FLAGS = ["/O2"] if sys.platform == "win32" else ["-O3", "-ffp-contract=off", "-fno-math-errno"]

ParallelCompile().install()

setup(
    ext_modules=[
        Pybind11Extension(
            "neuralboard.cpp_ext._ext",
            sources=sorted(glob("cpp_ext/src/*.cpp")),
            depends=sorted(glob("cpp_ext/src/*.h")),  # rebuilds, and the sdist's headers
            cxx_std=17,
            extra_compile_args=FLAGS,
            optional=os.environ.get("NEURALBOARD_REQUIRE_EXTENSION") != "1",
        )
    ],
    cmdclass={"build_ext": build_ext},
)
