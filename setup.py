# SPDX-License-Identifier: GPL-3.0-or-later
"""Build hook of neuralboard: the C++ extension; everything else is in pyproject.toml.

Where no compiler works the extension is left out with a warning, and the NumPy twin of every kernel
does the work, slowly. ``NEURALBOARD_REQUIRE_EXTENSION=1`` makes a failed compile an error.
"""

from __future__ import annotations

import os
import platform
import sys
from glob import glob
from typing import Any

from pybind11.setup_helpers import ParallelCompile, Pybind11Extension
from pybind11.setup_helpers import build_ext as pybind11_build_ext
from setuptools import setup

# Contraction to fused multiply-add would make results depend on how the compiler unrolls a loop.
# Off, the bits are the same for every number of channels and on every processor of a level.
# Nobody here traps on a float; told so, GCC turns a bound into a vector's minimum, not a branch.
FLAGS = ["-O3", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math"]
if sys.platform == "win32":
    FLAGS = ["/O2"]

# For tests under the sanitizers (make sanitize).
if os.environ.get("NEURALBOARD_SANITIZE") == "1":
    # A null pointer and an object's end are the address sanitizer's to find.
    SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
    SANITIZERS += ["-fno-sanitize=null,object-size"]
    FLAGS = ["-O1", "-g1", "-fno-omit-frame-pointer", "-ffp-contract=off", *SANITIZERS]
else:
    SANITIZERS = []

# The extension runs on every processor of its kind. These files hold what newer ones can do besides
# and are entered only if they can (cpp_ext/src/level.h). MSVC needs no flags for intrinsics.
# GCC 12 takes its own header's way to say "any value" for a mistake (its bug 105593).
AVX2 = ["-mavx2", "-mfma"]
FILE_FLAGS = {
    "kernels_avx2.cpp": AVX2,
    "kernels_avx512.cpp": [*AVX2, "-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw"]
    + ["-Wno-maybe-uninitialized", "-Wno-uninitialized"],
}
X86 = platform.machine().lower() in {"x86_64", "amd64"}


class build_ext(pybind11_build_ext):  # noqa: N801 (setuptools' name)
    """Compiles each file with its own flags."""

    def build_extensions(self) -> None:
        compile_one = getattr(self.compiler, "_compile", None)  # MSVC's class has none
        if X86 and self.compiler.compiler_type == "unix" and compile_one is not None:

            def compile_with_flags(
                obj: str, src: str, ext: str, cc_args: Any, extra: list[str], pp_opts: Any
            ) -> None:
                own = FILE_FLAGS.get(os.path.basename(src), [])
                compile_one(obj, src, ext, cc_args, [*extra, *own], pp_opts)

            self.compiler._compile = compile_with_flags
        super().build_extensions()


ParallelCompile().install()

setup(
    ext_modules=[
        Pybind11Extension(
            "neuralboard.cpp_ext._ext",
            sources=sorted(glob("cpp_ext/src/*.cpp")),
            depends=sorted(glob("cpp_ext/src/*.h")),  # rebuilds, and the sdist's headers
            cxx_std=17,
            extra_compile_args=FLAGS,
            extra_link_args=SANITIZERS,
            optional=os.environ.get("NEURALBOARD_REQUIRE_EXTENSION") != "1",
        )
    ],
    cmdclass={"build_ext": build_ext},
)
