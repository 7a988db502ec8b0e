# SPDX-License-Identifier: GPL-3.0-or-later
"""Small C++ loops that make training on a CPU fast, compiled when first used.

NEURALBOARD_NO_KERNELS=1 leaves them out: torch's own operators are used.
"""

from __future__ import annotations

import functools
import os
import warnings
from pathlib import Path
from typing import Any

__all__ = ["kernel"]


def kernel(name: str) -> Any:
    """Give one of the loops here, or None where it can't or shall not be compiled."""
    return None if os.environ.get("NEURALBOARD_NO_KERNELS") == "1" else _compiled(name)


@functools.cache
def _compiled(name: str) -> Any:
    """Compile (half a minute, kept by torch's cache)."""
    from torch.utils import cpp_extension

    try:
        return cpp_extension.load(
            f"neuralboard_{name}",
            [str(Path(__file__).with_name(f"{name}.cpp"))],
            extra_cflags=["-O3", "-march=native", "-ffast-math", "-fopenmp-simd"],
        )
    except (OSError, RuntimeError, ImportError) as error:
        warnings.warn(f"{name} did not compile, training is slower: {error}", stacklevel=2)
        return None
