# SPDX-License-Identifier: GPL-3.0-or-later
"""The number crunching of neuralboard: C++ kernels, each with a NumPy twin.

Conventions: audio is float32 ``[channels, samples]``, spectra are complex64
``[channels, frames, bins]``, both C-contiguous; nothing is converted silently. Hot calls take
``out=``. A stream object belongs to one thread at a time. Every stream gives the same samples bit
for bit however its input is cut into blocks.

`HAVE_EXTENSION` says which of the two serves. ``NEURALBOARD_REQUIRE_EXTENSION=1`` turns a missing
extension into an ImportError, ``NEURALBOARD_NO_EXTENSION=1`` forces the twin; without either, a
missing extension is one warning. `simd_level` says which vector instructions the transforms use;
``NEURALBOARD_SIMD`` forces a lower level.
"""

from __future__ import annotations

if __name__ != "neuralboard.cpp_ext":
    raise ImportError(f"import this folder as 'neuralboard.cpp_ext', not as {__name__!r}")

import os as _os
import warnings as _warnings
from importlib import import_module as _import_module
from typing import TYPE_CHECKING

from neuralboard.cpp_ext.level import choose_level as _choose_level
from neuralboard.cpp_ext.level import simd_level
from neuralboard.cpp_ext.windows import window_values

_REQUIRED = _os.environ.get("NEURALBOARD_REQUIRE_EXTENSION") == "1"
_FORBIDDEN = _os.environ.get("NEURALBOARD_NO_EXTENSION") == "1"

if _REQUIRED and _FORBIDDEN:
    raise ImportError(
        "NEURALBOARD_REQUIRE_EXTENSION=1 and NEURALBOARD_NO_EXTENSION=1 contradict each other;"
        " unset one"
    )


def _load_extension() -> bool:
    """Import the extension; say whether it is there."""
    if _FORBIDDEN:
        return False
    try:
        extension = _import_module("neuralboard.cpp_ext._ext")
    except ImportError as problem:
        if _REQUIRED:
            raise ImportError(
                f"neuralboard's C++ extension can't be loaded ({problem}) and"
                " NEURALBOARD_REQUIRE_EXTENSION=1 forbids the NumPy twin; reinstall with a C++17"
                " compiler at hand"
            ) from problem
        _warnings.warn(
            f"neuralboard's C++ extension can't be loaded ({problem}); the NumPy twin serves, many"
            " times slower: reinstall with a C++17 compiler at hand",
            RuntimeWarning,
            stacklevel=3,
        )
        return False
    _choose_level(extension)
    return True


HAVE_EXTENSION = _load_extension()

if TYPE_CHECKING or HAVE_EXTENSION:
    from neuralboard.cpp_ext.native import (
        Biquad,
        Convolver,
        DelayLine,
        DynamicShelf,
        Fifo,
        GainReduction,
        IstftStream,
        LoudnessMeter,
        MaskStream,
        RatePair,
        Stft,
        StftStream,
        SvfCascade,
        apply_gain_db,
        denormals_off,
        denormals_restore,
        find_broken,
        replace_broken,
    )
else:
    from neuralboard.cpp_ext.reference import (
        Biquad,
        Convolver,
        DelayLine,
        DynamicShelf,
        Fifo,
        GainReduction,
        IstftStream,
        LoudnessMeter,
        MaskStream,
        RatePair,
        Stft,
        StftStream,
        SvfCascade,
        apply_gain_db,
        denormals_off,
        denormals_restore,
        find_broken,
        replace_broken,
    )

__all__ = [
    "HAVE_EXTENSION",
    "Biquad",
    "Convolver",
    "DelayLine",
    "DynamicShelf",
    "Fifo",
    "GainReduction",
    "IstftStream",
    "LoudnessMeter",
    "MaskStream",
    "RatePair",
    "Stft",
    "StftStream",
    "SvfCascade",
    "apply_gain_db",
    "denormals_off",
    "denormals_restore",
    "find_broken",
    "replace_broken",
    "simd_level",
    "window_values",
]
