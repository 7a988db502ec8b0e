# SPDX-License-Identifier: GPL-3.0-or-later
"""What `Stft` and its twin share: conventions, checks, the envelope at a signal's ends."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard.cpp_ext import checks
from neuralboard.cpp_ext.windows import (
    Window,
    check_framing,
    envelope,
    unit_synthesis,
    window_values,
)

EdgeGains = NDArray[np.float32]
Gains = NDArray[np.float32] | NDArray[np.complex64]

PAD_MODES = ("reflect", "constant")
MAX_THREADS = 256

# The least envelope, relative to the greatest, that is divided by at the ends of a signal. Below
# it no frame covers the sample to speak of, and it comes out as 0.
_LEAST_EDGE = 1e-16


class StftPlan:
    """Base of both `Stft` classes; see `reference_stft.Stft` for the parameters."""

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
        self.threads = checks.count("threads", threads, 1, MAX_THREADS)
        self.n_fft, self.hop_length = check_framing(n_fft, hop_length)
        self.bins = self.n_fft // 2 + 1
        if pad_mode not in PAD_MODES:
            raise ValueError(f"pad_mode {pad_mode!r} is unknown; use {' or '.join(PAD_MODES)}")
        self.center, self.pad_mode = bool(center), pad_mode
        self.pad = self.n_fft // 2 if center else 0
        self.window = window_values(window, self.n_fft)
        self._synthesis = (
            self.window if synthesis_window is None else window_values(synthesis_window, self.n_fft)
        )
        self._not_invertible: ValueError | None = None
        self.unit_synthesis = np.zeros(0, np.float32)
        try:
            self.unit_synthesis = unit_synthesis(self.window, self._synthesis, self.hop_length)
        except ValueError as problem:
            if synthesis_window is not None:
                raise
            self._not_invertible = problem  # analysis alone is possible
        self._edges: tuple[EdgeGains, EdgeGains] | None = None

    def num_frames(self, length: int) -> int:
        """Return how many frames a signal of `length` samples gives.

        Raises
        ------
        ValueError
            The signal is too short to be reflected, or (not centred) for one frame.
        """
        length = checks.count("length", length, 0)
        if self.center and self.pad_mode == "reflect" and length <= self.pad:
            raise ValueError(
                f"a signal of {length} samples is too short to be reflected by n_fft/2 ="
                f" {self.pad}; use pad_mode='constant' or at least {self.pad + 1} samples"
            )
        if not self.center and length < self.n_fft:
            raise ValueError(
                f"a signal of {length} samples holds no frame of n_fft {self.n_fft}; use"
                " center=True or a longer signal"
            )
        return 1 + (length + 2 * self.pad - self.n_fft) // self.hop_length

    def _signal(self, audio: Any) -> NDArray[np.float32]:
        """Return audio as [channels, n], or raise."""
        shape = [None] if getattr(audio, "ndim", 2) == 1 else [None, None]
        problem = checks.array_problem("audio", audio, np.float32, shape)
        if problem is not None:
            raise problem
        return audio[None] if audio.ndim == 1 else audio

    def _spectrum(self, spectrum: Any) -> NDArray[np.complex64]:
        """Return a spectrum as [channels, frames, bins], or raise."""
        flat = getattr(spectrum, "ndim", 3) == 2
        shape = [None, self.bins] if flat else [None, None, self.bins]
        problem = checks.array_problem("spectrum", spectrum, np.complex64, shape)
        if problem is not None:
            raise problem
        if spectrum.shape[-2] == 0:
            raise ValueError("spectrum holds no frame; even a signal of 0 samples has one")
        return spectrum[None] if flat else spectrum

    def _mask(self, mask: Any, audio: NDArray[np.float32]) -> Gains:
        """Return a mask as [channels, frames, bins], or raise."""
        frames = self.num_frames(audio.shape[-1])
        problem = checks.mask_problem(mask, [[*audio.shape[:-1], frames, self.bins]])
        if problem is not None:
            raise problem
        return mask[None] if audio.ndim == 1 else mask

    def _out(
        self, out: Any, dtype: type, shape: list[int], flat: bool, source: NDArray[Any]
    ) -> Any:
        """Return `out` with an axis of channels, or None, or raise; shape has that axis."""
        problem = checks.out_problem(out, dtype, shape[1:] if flat else shape, source)
        if problem is not None:
            raise problem
        return out[None] if flat and out is not None else out

    def edge_gains(self, frames: int) -> tuple[EdgeGains, EdgeGains]:
        """Return the factors for the first and the last overlap-added samples.

        `unit_synthesis` divides by the envelope of endlessly many frames. Near the ends some of
        them are missing, and the factor is that envelope over the true one. With so few frames that
        no sample has them all, the first array is as long as the signal and the second is empty.

        Raises
        ------
        ValueError
            The windows can't be inverted at this hop.
        """
        if self._not_invertible is not None:
            raise ValueError(str(self._not_invertible))
        if frames <= (self.n_fft - 1) // self.hop_length:
            return self._short_gains(frames), np.zeros(0, np.float32)
        return self.full_gains()

    def full_gains(self) -> tuple[EdgeGains, EdgeGains]:
        """Return `edge_gains` of a signal that has all frames over some sample."""
        if self._edges is None:
            product = self.window.astype(np.float64) * self._synthesis
            rows = -(-self.n_fft // self.hop_length)
            padded = np.zeros(rows * self.hop_length)
            padded[: self.n_fft] = product
            table = padded.reshape(rows, self.hop_length)
            edge = self.n_fft - self.hop_length
            head = np.cumsum(table, axis=0).ravel()[:edge]
            tail = np.cumsum(table[::-1], axis=0)[::-1].ravel()[self.hop_length : self.n_fft]
            self._edges = self._ratio(head, 0), self._ratio(tail, self.hop_length)
        return self._edges

    def _short_gains(self, frames: int) -> EdgeGains:
        product = self.window.astype(np.float64) * self._synthesis
        true = np.zeros((frames - 1) * self.hop_length + self.n_fft)
        for f in range(frames):
            true[f * self.hop_length : f * self.hop_length + self.n_fft] += product
        return self._ratio(true, 0)

    def _ratio(self, true: NDArray[np.float64], begin: int) -> EdgeGains:
        """Return full envelope / true one, for samples from `begin` (mod hop) on."""
        period = envelope(self.window, self._synthesis, self.hop_length)
        full = period[(begin + np.arange(true.size)) % self.hop_length]
        covered = np.abs(true) > _LEAST_EDGE * np.abs(period).max()
        ratio = np.divide(full, true, out=np.zeros_like(full), where=covered)
        return ratio.astype(np.float32)
