# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernels alone, without Python: every size and level against sums in double, and for NEON."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
CROSS = ("aarch64-linux-gnu-g++", "qemu-aarch64")


@pytest.mark.parametrize("own", [[], ["-DNEURALBOARD_PLAIN"]], ids=["base", "any processor"])
@pytest.mark.skipif(sys.platform == "win32", reason="needs a compiler with g++'s options")
def test_the_base_level_is_accurate(tmp_path: Path, own: list[str]) -> None:
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if compiler is None:
        pytest.skip("no C++ compiler found (CXX or c++)")
    sources = PROJECT / "cpp_ext" / "src"
    program = tmp_path / "check_kernels"
    command = [compiler, "-std=c++17", "-O1", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"]
    command += [*own, "-DNEURALBOARD_BASE_LEVEL_ONLY", f"-I{sources}", "-o", str(program)]
    command += [str(PROJECT / "tests" / "cpp_ext" / "check_kernels.cpp")]
    command += [str(sources / "kernels_base.cpp")]
    subprocess.run(command, check=True)
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "all good" in done.stdout


@pytest.mark.skipif(
    platform.machine() != "aarch64" and not all(shutil.which(tool) for tool in CROSS),
    reason="needs g++-aarch64-linux-gnu and qemu-user (make neon)",
)
def test_neon_is_accurate() -> None:
    here = {"CXX": "c++", "RUN": ""} if platform.machine() == "aarch64" else {}
    done = subprocess.run(
        [PROJECT / "scripts" / "check_neon.sh"],
        env=os.environ | here,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("neon: ")
    assert "all good" in done.stdout
