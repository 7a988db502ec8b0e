# SPDX-License-Identifier: GPL-3.0-or-later
"""No kernel of a stream allocates after its construction (counted, in a program of its own)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
HEADERS = HERE.parent.parent / "cpp_ext" / "src"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a compiler with g++'s options")
def test_streams_don_t_allocate(tmp_path: Path) -> None:
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if compiler is None:
        pytest.skip("no C++ compiler found (CXX or c++)")
    program = tmp_path / "count_allocations"
    source = HERE / "count_allocations.cpp"
    # The transforms' kernels of the level that needs no flags; the others are made of the same.
    command = [compiler, "-std=c++17", "-O0", "-Wall", "-Wextra", "-Werror"]
    command += ["-DNEURALBOARD_BASE_LEVEL_ONLY", f"-I{HEADERS}", str(source)]
    command += [str(HEADERS / "kernels_base.cpp"), "-o", str(program)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    lines = subprocess.run([program], capture_output=True, text=True, check=True).stdout.split("\n")
    counts = [(name, int(count)) for name, count in (line.split() for line in lines if line)]
    control = counts.pop()
    assert control[0] == "control"
    assert control[1] > 0  # the counter counts
    assert len(counts) == 26
    assert [entry for entry in counts if entry[1] != 0] == []
