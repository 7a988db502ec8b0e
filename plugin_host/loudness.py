# SPDX-License-Identifier: GPL-3.0-or-later
"""How loud a recording is: ITU-R BS.1770-5, EBU R 128 with Tech 3341 (meter) and 3342 (range).

Loudness is in LUFS, differences in LU, peaks in dB of full scale (true peaks: dBTP). What can't be
told (silence, less than 0.4 s, no 3 s for the range) is -inf, or nan for the range.

Contents: `Meter` (a stream of any length, in bounded memory), `measure_loudness` (an array),
`channel_weights` (which channels count how much).
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard import cpp_ext
from neuralboard.audio import Audio, check_block, check_channels, check_sample_rate, take_audio
from neuralboard.errors import ParameterError
from neuralboard.guard import BrokenSamples

__all__ = ["DUAL_MONO_LU", "Loudness", "Meter", "channel_weights", "measure_loudness"]

Doubles = NDArray[np.float64]

DUAL_MONO_LU = 10 * math.log10(2)
"""What one channel gains when it is played on two loudspeakers: 3.01 LU."""

_OFFSET = -0.691  # of the K-weighting at 997 Hz
_ABSOLUTE_GATE, _GATE_LU, _RANGE_GATE_LU = -70.0, -10.0, -20.0
_MOMENTARY, _SHORT_TERM = 4, 30  # in steps of 100 ms
_SLOTS = 10  # of 10 ms in such a step

# Positions of WAVE_FORMAT_EXTENSIBLE by bit: at the sides (azimuth 60 to 120 degrees, no height)
# a loudspeaker counts 1.5 dB more; a subwoofer does not count (BS.1770-5, tables 3 and 4).
_LFE, _BACK_LEFT, _BACK_RIGHT, _SIDE_LEFT, _SIDE_RIGHT = 3, 4, 5, 9, 10
_SURROUND = 1.41
# Without a mask: 5.0 and 5.1 (the backs are the surrounds), 7.1.
_USUAL_MASKS = {5: 0x37, 6: 0x3F, 8: 0x63F}


@dataclass(frozen=True)
class Loudness:
    """What a meter found.

    Attributes
    ----------
    integrated_lufs : float
        Gated loudness of the whole; -inf below 0.4 s or where all is below the gate of -70 LUFS.
    momentary_max_lufs, short_term_max_lufs : float
        The loudest 0.4 s and 3 s, sought in steps of 10 ms.
    range_lu : float
        Loudness range (LRA); nan where nothing of 3 s is above the gate.
    true_peak_db, sample_peak_db : float
        dBTP, dBFS: the highest of all channels.
    crest_db : float
        Sample peak above the RMS level of all channels; nan for silence.
    seconds : float
        Length.
    momentary_lufs, short_term_lufs : ndarray of float64
        The curve over time: entry k belongs to the 0.4 s (3 s) before (k + 1) / 10 s; nan before
        there is so much.
    """

    integrated_lufs: float
    momentary_max_lufs: float
    short_term_max_lufs: float
    range_lu: float
    true_peak_db: float
    sample_peak_db: float
    crest_db: float
    seconds: float
    momentary_lufs: Doubles = field(repr=False, compare=False)
    short_term_lufs: Doubles = field(repr=False, compare=False)


def channel_weights(channels: int, channel_mask: int | None = None) -> list[float]:
    """Return how much each channel counts: 1, 1.41 at the sides, 0 for a subwoofer (LFE).

    Parameters
    ----------
    channels : int
    channel_mask : int, optional
        Loudspeaker positions of a WAVE_FORMAT_EXTENSIBLE file. Without one, 5, 6 and 8 channels are
        5.0 (L R C Ls Rs), 5.1 and 7.1 (WAVE's order); in all others each channel counts 1.
    """
    mask = channel_mask or _USUAL_MASKS.get(channels, 0)
    positions = [bit for bit in range(18) if mask >> bit & 1][:channels]
    sides = {_SIDE_LEFT, _SIDE_RIGHT}
    if not sides & set(positions):  # 4.0, 5.1: what is at the back stands at 110 degrees
        sides = {_BACK_LEFT, _BACK_RIGHT}
    weights = [0.0 if p == _LFE else _SURROUND if p in sides else 1.0 for p in positions]
    return weights + [1.0] * (channels - len(weights))


class Meter:
    """Measures a stream of blocks of any size; the same bits whatever the sizes.

    Keeps 80 bytes for each second (0.3 MB an hour).

    Parameters
    ----------
    sample_rate : int
        Hz, 8,000 to 192,000.
    channels : int
        1 to 32.
    channel_mask : int, optional
        See `channel_weights`.
    dual_mono : bool
        A mono signal is to be played on two loudspeakers: it counts 3 LU more. Nothing happens to
        signals of more channels.
    oversampling : int
        4, 8 or 16: the true peak is sought among so many values per sample. At 8 a sine of any
        frequency up to 0.45 of the rate is read at most 0.15 dB too low (at 4: 0.55, at 16: 0.04).

    Examples
    --------
    >>> import numpy as np
    >>> meter = Meter(48_000, 1)
    >>> tone = np.sin(2 * np.pi * 997 / 48_000 * np.arange(48_000)).astype(np.float32)
    >>> meter.push(tone[np.newaxis])
    >>> round(meter.result().integrated_lufs, 2)
    -3.01
    """

    def __init__(
        self,
        sample_rate: int,
        channels: int,
        *,
        channel_mask: int | None = None,
        dual_mono: bool = False,
        oversampling: int = 8,
    ) -> None:
        self.sample_rate = check_sample_rate(sample_rate)
        self.channels = check_channels(channels)
        if oversampling not in (4, 8, 16):
            raise ParameterError(f"oversampling = {oversampling!r} is none of 4, 8, 16; use 8")
        weights = [2.0] if dual_mono and channels == 1 else channel_weights(channels, channel_mask)
        self._core = cpp_ext.LoudnessMeter(self.sample_rate, weights, oversampling)
        self._broken = BrokenSamples("what is measured")
        self._samples = 0
        self._steps = array("d")  # energy of each 100 ms
        # The last 3 s in slots of 10 ms; those before the beginning are nan.
        self._slots: Doubles = np.full(_SHORT_TERM * _SLOTS - 1, np.nan)
        self._count = 0  # slots so far
        self._most = {_MOMENTARY: 0.0, _SHORT_TERM: 0.0}  # highest energy of so many steps

    def push(self, block: Audio) -> None:
        """Take `[channels, samples]` float32.

        NaN, Inf and samples beyond ±1e9 count as 0, and a warning says so once.
        """
        clean = self._broken.clean(check_block(block, self.channels))
        self._samples += clean.shape[1]
        new = self._core.push(clean)
        if new.size == 0:
            return
        kept = self._slots.size
        slots = np.concatenate([self._slots, new])
        # steps[i]: the 100 ms that end with slots[i + 9]. Term by term, so that what a sum gives
        # does not depend on how many are made at once.
        steps = _sums(slots, _SLOTS, 1)
        for length, most in self._most.items():
            found = _sums(steps, length, _SLOTS)[-new.size :]
            self._most[length] = float(np.fmax.reduce(found, initial=most))
        whole = np.arange(self._count, self._count + new.size) % _SLOTS == _SLOTS - 1
        self._steps.extend(steps[-new.size :][whole])
        self._count += new.size
        self._slots = slots[-kept:]

    def result(self) -> Loudness:
        """Return what is known up to here; more may be pushed afterwards."""
        steps = np.array(self._steps)
        momentary, short = _sums(steps, _MOMENTARY, 1), _sums(steps, _SHORT_TERM, 1)
        squares, samples, true = self._core.levels()
        peak = float(samples.max())
        mean = float(squares.sum()) / max(1, self._samples * self.channels)
        return Loudness(
            self._lufs(_gated(momentary, self._energy(_ABSOLUTE_GATE, _MOMENTARY)), _MOMENTARY),
            self._lufs(self._most[_MOMENTARY], _MOMENTARY),
            self._lufs(self._most[_SHORT_TERM], _SHORT_TERM),
            _range(short, self._energy(_ABSOLUTE_GATE, _SHORT_TERM)),
            _decibels(float(true.max()), 20),
            _decibels(peak, 20),
            _decibels(peak, 20) - _decibels(mean, 10) if mean > 0 else math.nan,
            self._samples / self.sample_rate,
            self._curve(momentary, _MOMENTARY, steps.size),
            self._curve(short, _SHORT_TERM, steps.size),
        )

    def _lufs(self, energy: float, length: int) -> float:
        return _OFFSET + _decibels(energy / (length * self.sample_rate / 10), 10)

    def _energy(self, lufs: float, length: int) -> float:
        return float(10 ** ((lufs - _OFFSET) / 10)) * (length * self.sample_rate / 10)

    def _curve(self, energies: Doubles, length: int, steps: int) -> Doubles:
        mean = energies / (length * self.sample_rate / 10)
        with np.errstate(divide="ignore"):
            curve = _OFFSET + 10 * np.log10(mean)
        return np.concatenate([np.full(min(length - 1, steps), np.nan), curve])


def measure_loudness(
    audio: Any,
    sample_rate: int,
    *,
    channel_mask: int | None = None,
    dual_mono: bool = False,
    oversampling: int = 8,
) -> Loudness:
    """Measure a whole recording.

    Parameters
    ----------
    audio : ndarray, float32 or float64
        `[samples]`, `[channels, samples]`, or `[samples, channels]` where the shape leaves no
        doubt.
    sample_rate : int
        Hz.
    channel_mask, dual_mono, oversampling
        See `Meter`.

    Raises
    ------
    AudioError, ParameterError
    """
    block, _ = take_audio(audio)
    meter = Meter(
        sample_rate,
        block.shape[0],
        channel_mask=channel_mask,
        dual_mono=dual_mono,
        oversampling=oversampling,
    )
    meter.push(block)
    return meter.result()


def _sums(values: Doubles, count: int, stride: int) -> Doubles:
    """Return the sums of `count` values, `stride` apart, for each value that has so many."""
    size = max(0, values.size - (count - 1) * stride)
    total = np.zeros(size)
    for first in range(0, count * stride, stride):
        total += values[first : first + size]
    return total


def _gated(energies: Doubles, gate: float) -> float:
    """Return the mean of what is above the absolute gate and 10 LU below the mean of that."""
    loud = energies[energies >= gate]
    if loud.size == 0:
        return 0.0
    loud = loud[loud > float(loud.mean()) * 10 ** (_GATE_LU / 10)]
    return float(loud.mean())


def _range(energies: Doubles, gate: float) -> float:
    """Return LRA: between the 10th and the 95th per cent of the gated short-term loudness."""
    loud = energies[energies >= gate]
    if loud.size == 0:
        return math.nan
    loud = np.sort(loud[loud >= float(loud.mean()) * 10 ** (_RANGE_GATE_LU / 10)])
    low, high = (loud[round((loud.size - 1) * share)] for share in (0.1, 0.95))
    return _decibels(float(high / low), 10)


def _decibels(ratio: float, factor: int) -> float:
    return factor * math.log10(ratio) if ratio > 0 else -math.inf
