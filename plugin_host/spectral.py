# SPDX-License-Identifier: GPL-3.0-or-later
"""SpectralEffect: the base of own boxes that work on STFT frames.

    class Gate(nb.SpectralEffect):
        \"\"\"Silences bins below a threshold.\"\"\"

        threshold_db = nb.Parameter(-40.0, -120.0, 0.0, unit="dB", doc="...")
        n_fft, hop_length, window = 1024, 256, "sqrt_hann"

        def process_frames(self, frames, state, p):
            return np.where(np.abs(frames) < limit, 0, frames)

With any block schedule the smallest constant latency of such a box is `n_fft - 1` samples: a
sample under the oldest edge of a frame waits for that frame's last sample, and a one-sample block
must be served at once. Frame f covers the input samples [(f + 1)·hop - n_fft, (f + 1)·hop).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard import cpp_ext
from neuralboard.audio import Audio
from neuralboard.effect import Core, EffectBase
from neuralboard.errors import BoxError
from neuralboard.heard import Heard

__all__ = ["Frames", "SpectralEffect"]

Frames = NDArray[np.complex64]


class SpectralEffect(EffectBase):
    """Base of boxes that work on frames `[channels, k, bins]`, k ≥ 1, bins = n_fft // 2 + 1.

    Attributes
    ----------
    n_fft, hop_length : int
        Samples. Override `framing` where they should follow the sample rate.
    window : str or ndarray
        Analysis window (periodic): "hann", "sqrt_hann", … or `n_fft` values.
    synthesis_window : str, ndarray or None
        None: the same as `window`. The overlapping product is normalised to unit gain.
    lookahead_frames : int
        Frames by which process_frames lags: what it returns for frame f is frame f - lookahead.
    stems : tuple of str
        Names of several outputs; process_frames then returns `[stems, channels, k, bins]`, and
        the box has a parameter `stem` that picks one.
    """

    n_fft: int = 2048
    hop_length: int = 512
    window: str | NDArray[np.float32] = "sqrt_hann"
    synthesis_window: str | NDArray[np.float32] | None = None
    lookahead_frames: int = 0
    stems: tuple[str, ...] = ()

    def framing(self, sample_rate: int) -> tuple[int, int]:
        """Return (n_fft, hop_length) at this rate."""
        return self.n_fft, self.hop_length

    def process_frames(self, frames: Frames, state: Any, p: Any) -> Frames:
        """Process frames `[channels, k, bins]` (yours to change) and return as many.

        `p.strength` is the value at the centre of each frame: a scalar while constant, else
        `[k]`. Elementwise NumPy is exact however frames are grouped; matrix products over k are
        not.
        """
        raise BoxError(
            f"{type(self).__name__} has no process_frames; write"
            " process_frames(self, frames, state, p) and return frames of the same shape"
        )

    def _core(self, sample_rate: int, channels: int) -> Core:
        return SpectralCore(self, sample_rate, channels)


class SpectralCore(Core):
    """STFT → process_frames → inverse STFT, cut where a ramp starts or ends."""

    def __init__(self, box: SpectralEffect, sample_rate: int, channels: int) -> None:
        self._box, self._sample_rate, self._channels = box, sample_rate, channels
        self._n_fft, self._hop = box.framing(sample_rate)
        self._heard = Heard(box, sample_rate, box._shared_names)
        synthesis = box.window if box.synthesis_window is None else box.synthesis_window
        stem = getattr(box, "stem", None)
        self.stems = box.stems if stem is None else ()
        self._pick = None if stem is None or not box.stems else box.stems.index(stem)
        rows = channels * max(len(self.stems), 1)
        self._analysis = cpp_ext.StftStream(self._n_fft, self._hop, box.window, channels)
        self._synthesis = cpp_ext.IstftStream(self._n_fft, self._hop, box.window, synthesis, rows)
        lookahead = box.lookahead_frames * self._hop
        self.latency = self._n_fft - 1 + lookahead
        self.causes = {"frame": self._n_fft - 1} | ({"look-ahead": lookahead} if lookahead else {})
        self.restart()

    def restart(self) -> None:
        self._position = 0
        self._frame = 0
        self._analysis.reset()
        self._synthesis.reset()
        self._heard.restart()
        self._state = self._box.start(self._sample_rate, self._channels)

    def process(self, block: Audio, side: Audio | None) -> Audio:
        num_samples = block.shape[1]
        constant = self._heard.update(self._position)
        self._position += num_samples
        frames = self._analysis.push(block)
        count = frames.shape[1]
        if count:
            if constant:
                frames = self._run(frames, self._heard.constant)
            else:
                frames = self._run_in_pieces(frames)
            self._frame += count
        elif self.stems:
            frames = np.empty((len(self.stems), *frames.shape), np.complex64)
        if not self.stems:
            return self._synthesis.push(frames, num_samples)
        bins = frames.shape[-1]
        num_rows = len(self.stems) * self._channels
        rows = np.ascontiguousarray(frames.reshape(num_rows, count, bins))
        out = self._synthesis.push(rows, num_samples)
        return out.reshape(len(self.stems), self._channels, num_samples)

    def _centres(self, count: int) -> NDArray[np.int64]:
        """Return the sample index at the centre of each of the next `count` frames."""
        return (np.arange(self._frame, self._frame + count) + 1) * self._hop - self._n_fft // 2

    def _run_in_pieces(self, frames: Frames) -> Frames:
        centres = self._centres(frames.shape[1])
        edges = self._heard.edges(int(centres[0]), int(centres[-1]) + 1)
        cuts = sorted({int(np.searchsorted(centres, edge)) for edge in edges})
        pieces = [
            self._run(np.ascontiguousarray(frames[:, a:b]), self._heard.at(centres[a:b]))
            for a, b in pairwise(cuts)
        ]
        self._heard.forget(int(centres[-1]) + self._hop)
        return np.concatenate(pieces, axis=-2)

    def _run(self, frames: Frames, p: Any) -> Frames:
        box, shape = self._box, frames.shape
        wanted = (len(box.stems), *shape) if box.stems else shape
        out = box.process_frames(frames, self._state, p)
        if not isinstance(out, np.ndarray) or out.shape != wanted:
            got = f"shape {out.shape}" if isinstance(out, np.ndarray) else type(out).__name__
            raise BoxError(
                f"{type(box).__name__}.process_frames returned {got} for frames of shape {shape};"
                f" return frames of shape {wanted}"
            )
        if out.dtype.kind != "c":
            raise BoxError(
                f"{type(box).__name__}.process_frames returned {out.dtype} values, which have no"
                " phase; return complex frames (frames * gain)"
            )
        if self._pick is not None:
            out = out[self._pick]
        return np.ascontiguousarray(out, np.complex64)
