# SPDX-License-Identifier: GPL-3.0-or-later
"""The C++ short-time Fourier transforms behind Python classes; see `reference_stft`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard.cpp_ext import _ext, checks
from neuralboard.cpp_ext.stft_plan import StftPlan
from neuralboard.cpp_ext.windows import Window, check_framing, window_pair, window_values

Audio = NDArray[np.float32]
Spectrum = NDArray[np.complex64]
Gains = NDArray[np.float32] | NDArray[np.complex64]


class StftStream:
    """See `reference.StftStream`."""

    def __init__(self, n_fft: int, hop_length: int, window: Window, channels: int) -> None:
        self.n_fft, self.hop_length = check_framing(n_fft, hop_length)
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        self._core = _ext.StftStream(
            self.hop_length, window_values(window, self.n_fft), self.channels
        )
        self._push = self._core.push
        self._frames_ready = self._core.frames_ready

    def push(self, block: Audio, out: Spectrum | None = None) -> Spectrum:
        """Return the frames that [channels, n] completes, [channels, frames_ready(n), bins]."""
        result = self._push(block, out)
        if result is None:
            raise checks.refusal(checks.analysis_problem(self, block, out))
        return result

    def frames_ready(self, n: int) -> int:
        """Return how many frames the next `n` samples will complete."""
        return self._frames_ready(checks.count("n", n, 0))

    def reset(self) -> None:
        """Begin a new stream."""
        checks.done(self._core.reset())


class IstftStream:
    """See `reference.IstftStream`."""

    def __init__(
        self,
        n_fft: int,
        hop_length: int,
        window: Window,
        synthesis_window: Window | None,
        channels: int,
    ) -> None:
        self.n_fft, self.hop_length = check_framing(n_fft, hop_length)
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        _, synthesis = window_pair(window, synthesis_window, self.n_fft, self.hop_length)
        self._core = _ext.IstftStream(self.hop_length, synthesis, self.channels)
        self._push = self._core.push
        self._frames_ready = self._core.frames_ready

    def push(self, frames: Spectrum, n: int, out: Audio | None = None) -> Audio:
        """Take [channels, frames_ready(n), bins], return the next [channels, n]."""
        result = self._push(frames, n, out)
        if result is None:
            n = checks.count("n", n, 0)
            raise checks.refusal(checks.synthesis_problem(self, frames, n, out))
        return result

    def frames_ready(self, n: int) -> int:
        """Return how many frames the next `n` samples need."""
        return self._frames_ready(checks.count("n", n, 0))

    def reset(self) -> None:
        """Begin a new stream."""
        checks.done(self._core.reset())


class MaskStream:
    """See `reference.MaskStream`."""

    def __init__(
        self,
        n_fft: int,
        hop_length: int,
        window: Window,
        synthesis_window: Window | None,
        channels: int,
    ) -> None:
        self.n_fft, self.hop_length = check_framing(n_fft, hop_length)
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        pair = window_pair(window, synthesis_window, self.n_fft, self.hop_length)
        self._core = _ext.MaskStream(self.hop_length, *pair, self.channels)
        self._push = self._core.push
        self._frames_ready = self._core.frames_ready

    def push(self, block: Audio, mask: Gains, out: Audio | None = None) -> Audio:
        """Return [channels, n], delayed by n_fft - 1; `out` may be `block`."""
        result = self._push(block, mask, out)
        if result is None:
            raise checks.refusal(checks.masking_problem(self, block, mask, out))
        return result

    def frames_ready(self, n: int) -> int:
        """Return how many frames the next `n` samples will complete."""
        return self._frames_ready(checks.count("n", n, 0))

    def reset(self) -> None:
        """Begin a new stream."""
        checks.done(self._core.reset())


class Stft(StftPlan):
    """See `reference_stft.Stft`."""

    def __init__(
        self,
        n_fft: int,
        hop_length: int,
        window: Window = "hann",
        synthesis_window: Window | None = None,
        *,
        center: bool = True,
        pad_mode: str = "reflect",
        threads: int = 1,
    ) -> None:
        super().__init__(
            n_fft,
            hop_length,
            window,
            synthesis_window,
            center=center,
            pad_mode=pad_mode,
            threads=threads,
        )
        edges = self.full_gains() if self.unit_synthesis.size else (self.unit_synthesis,) * 2
        self._core = _ext.Stft(
            self.hop_length,
            self.pad,
            pad_mode == "reflect",
            self.window,
            self.unit_synthesis,
            *edges,
            self.threads,
        )
        self._forward, self._inverse = self._core.forward, self._core.inverse
        self._apply_mask = self._core.apply_mask

    # Each call is first tried as it is. What the extension doesn't take is looked at here: it is a
    # mistake, or a single channel without an axis of its own, or hardly longer than a frame.

    def forward(self, audio: Audio, out: Spectrum | None = None) -> Spectrum:
        """Analyse [channels, samples] or [samples]."""
        result = self._forward(audio, out)
        if result is not None:
            return result
        signal, flat = self._signal(audio), audio.ndim == 1
        shape = [signal.shape[0], self.num_frames(signal.shape[1]), self.bins]
        target = self._out(out, np.complex64, shape, flat, audio)
        return self._given(self._forward(signal, target), out, flat)

    def inverse(self, spectrum: Spectrum, length: int, out: Audio | None = None) -> Audio:
        """Synthesise from [channels, frames, bins] or [frames, bins]."""
        result = self._inverse(spectrum, length, out)
        if result is not None:
            return result
        length = checks.count("length", length, 0)
        frames, flat = self._spectrum(spectrum), spectrum.ndim == 2
        edges = self.edge_gains(frames.shape[1])
        target = self._out(out, np.float32, [frames.shape[0], length], flat, spectrum)
        return self._given(self._inverse(frames, length, target, *edges), out, flat)

    def apply_mask(self, audio: Audio, mask: Gains, out: Audio | None = None) -> Audio:
        """Analyse, multiply by mask, synthesise, frame by frame."""
        result = self._apply_mask(audio, mask, out)
        if result is not None:
            return result
        signal, flat = self._signal(audio), audio.ndim == 1
        gains = self._mask(mask, audio)
        edges = self.edge_gains(gains.shape[1])
        target = self._out(out, np.float32, [*signal.shape], flat, audio)
        return self._given(self._apply_mask(signal, gains, target, *edges), out, flat)

    @staticmethod
    def _given(result: Any, out: Any, flat: bool) -> Any:
        """Return out itself, or the result with as many axes as the input has."""
        return out if out is not None else result[0] if flat else result
