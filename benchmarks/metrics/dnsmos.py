# SPDX-License-Identifier: GPL-3.0-or-later
"""DNSMOS P.835: a network's guess of what listeners would say of speech, noise and the whole.

Source: C. K. A. Reddy, V. Gopal, R. Cutler, "DNSMOS P.835", 2022; the network comes with the
package `speechmos`, whose Python code (and so librosa) is not used. Two traps, both cured here:

* clips shorter than its 9.01 s are tiled, as the reference script does; zeros would cost 0.25
  (it then averages windows a second apart; one, which holds the whole clip, is scored here
  unless more are asked for, since each costs 0.4 s of CPU);
* it depends on the level: a box that only turns down "gains" 0.7 BAK. So the speech in every
  estimate is first brought to -26 dBFS active level, by the projection on the clean reference.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuralboard.benchmarks.metrics.alignment import align
from neuralboard.benchmarks.metrics.common import MissingPackageError, Mono, check_pair, to_rate
from neuralboard.benchmarks.metrics.speech_level import active_level_db, projection_gain
from neuralboard.effects.runtime import Graph, Limits, open_graph

__all__ = ["LEVEL_DB", "Dnsmos", "dnsmos", "dnsmos_of"]

LEVEL_DB = -26.0
_RATE, _SECONDS = 16_000, 9.01
_GREATEST_GAIN = 1000.0  # +60 dB: beyond that there is no speech left to bring to a level

# The polynomials that map the network's output to the scale of the listening tests.
_SIG = np.poly1d([-0.08397278, 1.22083953, 0.0052439])
_BAK = np.poly1d([-0.13166888, 1.60915514, -0.39604546])
_OVRL = np.poly1d([-0.06766283, 1.11546468, 0.04602535])


class Dnsmos(NamedTuple):
    """Mean opinion scores, 1 to 5: speech, background, overall. Clean speech gets about 3.3."""

    sig: float
    bak: float
    ovrl: float


def dnsmos(
    reference: Mono,
    estimate: Mono,
    sample_rate: int,
    most_windows: int = 1,
    *,
    aligned: Mono | None = None,
) -> Dnsmos:
    """Score `estimate` after its speech was brought to -26 dBFS with the help of the reference.

    Parameters
    ----------
    reference, estimate : ndarray [samples]
    sample_rate : int
        Hz.
    most_windows : int
        Of the windows of 9.01 s, a second apart, at most so many, evenly spread.
    aligned : ndarray [samples], optional
        The estimate after its best alignment within ±1 ms, where it is at hand already.

    Returns
    -------
    Dnsmos

    Raises
    ------
    MissingPackageError
    """
    clean, out = check_pair(reference, estimate)
    part = projection_gain(clean, align(clean, out, sample_rate) if aligned is None else aligned)
    level = active_level_db(clean, sample_rate)
    gain = 10.0 ** ((LEVEL_DB - level) / 20.0) / max(part, 1.0 / _GREATEST_GAIN)
    return dnsmos_of(out * gain, sample_rate, most_windows)


def dnsmos_of(audio: Mono, sample_rate: int, most_windows: int = 1) -> Dnsmos:
    """Score `[samples]` at the level they have: for recordings without a reference."""
    low = np.clip(to_rate(audio, sample_rate, _RATE), -1.0, 1.0).astype(np.float32)
    length = int(_SECONDS * _RATE)
    while len(low) < length:
        low = np.append(low, low)
    every = np.arange(0, len(low) - length + 1, _RATE)
    picked = np.linspace(0, len(every) - 1, min(most_windows, len(every)))
    starts = every[np.round(picked).astype(int)]
    session = _session()
    raw = np.array([_run(session, low[start : start + length]) for start in starts])
    sig, bak, ovrl = (
        float(np.mean(curve(raw[:, k]))) for k, curve in enumerate((_SIG, _BAK, _OVRL))
    )
    return Dnsmos(sig, bak, ovrl)


def _run(session: Graph, window: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(session.run({"input_1": window[None]})[0][0], np.float64)


@cache
def _session() -> Graph:
    found = importlib.util.find_spec("speechmos")
    if found is None or not found.submodule_search_locations:
        raise MissingPackageError(
            "speechmos (the DNSMOS network) is not installed; pip install 'neuralboard[bench]'"
        )
    path = Path(found.submodule_search_locations[0]) / "dnsmos_models" / "sig_bak_ovr.onnx"
    return open_graph(path.read_bytes(), Limits(oldest_opset=7))
