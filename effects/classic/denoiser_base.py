# SPDX-License-Identifier: GPL-3.0-or-later
"""What the classic noise reducers share: framing, the noise print, a gain per frame."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard import cpp_ext
from neuralboard.effects.classic.noise_print import check_print, learn_print, print_at
from neuralboard.effects.classic.noise_tracking import TRACKERS
from neuralboard.parameter import Choice, Setting
from neuralboard.spectral import Frames, SpectralEffect

__all__ = ["NoiseReducer"]

Floats = NDArray[np.float32]


class NoiseReducer(SpectralEffect):
    """Base: `gain(power, noise, state, p, frame) -> [channels, bins]` is all a reducer adds."""

    noise = Setting(
        None,
        check=check_print,
        expects="the path of a recording of the noise alone, or None to track it",
        doc="noise print; None tracks the noise",
    )
    tracking = Choice(
        "presence",
        TRACKERS,
        next_stream=True,
        doc="how noise is tracked: where no speech is, or as the minimum of 1.5 s",
    )
    window = "sqrt_hann"

    def framing(self, sample_rate: int) -> tuple[int, int]:
        """32 ms frames, 8 ms hop, at any rate."""
        hop = max(16, round(0.008 * sample_rate / 4) * 4)
        return 4 * hop, hop

    def learn(self, audio: Any, sample_rate: int) -> None:
        """Take a noise print from noise alone, `[channels, samples]` or `[samples]`."""
        self.noise = learn_print(audio, sample_rate)

    def start(self, sample_rate: int, channels: int) -> Any:
        n_fft, hop = self.framing(sample_rate)
        shape = (channels, n_fft // 2 + 1)
        return SimpleNamespace(
            sample_rate=sample_rate,
            n_fft=n_fft,
            tracker=TRACKERS[self.tracking](shape, sample_rate / hop, n_fft // hop),
            print_of=None,
            print=None,
            memory=self.memory(shape),
        )

    def memory(self, shape: tuple[int, int]) -> Any:
        """Return what the gain rule remembers from frame to frame."""
        return None

    def process_frames(self, frames: Frames, state: Any, p: Any) -> Frames:
        if p.noise is not state.print_of:
            state.print_of = p.noise
            window = cpp_ext.window_values(self.window, state.n_fft)
            state.print = print_at(p.noise, state.sample_rate, state.n_fft, window)
        out = np.empty_like(frames)
        for k in range(frames.shape[1]):
            frame = frames[:, k]
            power = frame.real**2 + frame.imag**2
            tracked = state.tracker.update(power)
            noise = tracked if state.print_of is None else state.print
            out[:, k] = frame * self.gain(power, noise, state, p, k)
        return out

    def gain(self, power: Floats, noise: Floats, state: Any, p: Any, k: int) -> Floats:
        """Return the gain of each bin, 0 to 1."""
        raise TypeError(f"{type(self).__name__} has no gain method")


def at(value: Any, k: int) -> Any:
    """Return a parameter's value in frame k: a scalar, or one of a ramp."""
    return value[k] if isinstance(value, np.ndarray) else value
