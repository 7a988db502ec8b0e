# SPDX-License-Identifier: GPL-3.0-or-later
"""Build hook of neuralboard: the C++ extension; everything else is in pyproject.toml.

Where no compiler works, the build goes on without the extension and says so in one line: the NumPy
twin of every kernel then does the work, slowly. ``NEURALBOARD_REQUIRE_EXTENSION=1`` makes that an
error.
"""

from __future__ import annotations

import os
import sys
from glob import glob

from pybind11.setup_helpers import ParallelCompile, Pybind11Extension, build_ext
from setuptools import setup

REQUIRED = os.environ.get("NEURALBOARD_REQUIRE_EXTENSION") == "1"


class OptionalBuild(build_ext):
    """build_ext whose failure is a warning unless the extension is required."""

    def build_extension(self, ext: Pybind11Extension) -> None:
        """Build one extension, or say why it is left out."""
        try:
            super().build_extension(ext)
        except Exception as problem:
            if REQUIRED:
                raise
            first_line = str(problem).partition("\n")[0]
            print(
                f"warning: neuralboard is built without its C++ extension ({first_line}): the"
                " NumPy twin will be used, which is many times slower",
                file=sys.stderr,
            )

    def copy_extensions_to_source(self) -> None:
        """Copy what was built beside the sources (editable install), and only that."""
        self.extensions = [
            ext for ext in self.extensions if os.path.exists(self.get_ext_fullpath_built(ext))
        ]
        super().copy_extensions_to_source()

    def get_ext_fullpath_built(self, ext: Pybind11Extension) -> str:
        """Where the build puts the extension."""
        filename = self.get_ext_filename(self.get_ext_fullname(ext.name))
        return os.path.join(self.build_lib, filename)


# Contraction to fused multiply-add would make results depend on how the compiler unrolls a loop:
# off, so that the bits are the same on every processor and for every number of channels.
FLAGS = ["/O2"] if sys.platform == "win32" else ["-O3", "-ffp-contract=off", "-fno-math-errno"]

ParallelCompile("NEURALBOARD_BUILD_JOBS", default=0).install()

setup(
    ext_modules=[
        Pybind11Extension(
            "neuralboard.cpp_ext._ext",
            sources=sorted(glob("cpp_ext/src/*.cpp")),
            depends=sorted(glob("cpp_ext/src/*.h")),
            cxx_std=17,
            extra_compile_args=FLAGS,
        )
    ],
    cmdclass={"build_ext": OptionalBuild},
)
