# SPDX-License-Identifier: GPL-3.0-or-later
"""Which vector instructions the C++ transforms use.

The extension holds kernels for several levels and takes the best that the processor has:
``avx512``, ``avx2`` or ``sse2`` on x86-64, ``neon`` on AArch64, ``plain`` elsewhere. The
environment variable ``NEURALBOARD_SIMD``, read at import, asks for a lower one. The bits of a
result depend on the level, within float32 rounding, and on nothing else of the machine.
"""

from __future__ import annotations

import os
from typing import Any

VARIABLE = "NEURALBOARD_SIMD"


_extension: Any = None  # the extension module, once it is loaded


def choose_level(extension: Any) -> None:
    """Make the extension use the level that the environment asks for, if it does.

    Raises
    ------
    ImportError
        This processor has no such level, or there is none of that name.
    """
    global _extension
    wanted = os.environ.get(VARIABLE, "")
    if wanted and not extension.use_simd_level(wanted):
        raise ImportError(
            f"{VARIABLE}={wanted!r} is no level of this machine; unset it or use one of"
            f" {', '.join(extension.simd_levels())}"
        )
    _extension = extension


def simd_level() -> str:
    """Return the level in use, or ``numpy`` where the NumPy twin serves.

    Examples
    --------
    >>> simd_level() in {"avx512", "avx2", "sse2", "neon", "plain", "numpy"}
    True
    """
    return "numpy" if _extension is None else str(_extension.simd_level())
