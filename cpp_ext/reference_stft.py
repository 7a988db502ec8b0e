# SPDX-License-Identifier: GPL-3.0-or-later
"""The NumPy twin of the short-time Fourier transforms: streams and whole signals.

Transforms run in double and are rounded once: this is also the reference for accuracy.

The clock of the streams: after s samples, the frames f with (f+1)*hop <= s exist, and frame f
covers the samples [(f+1)*hop - n_fft, (f+1)*hop), zeros before sample 0. Analysis and synthesis
together delay by n_fft - 1 samples, whatever the blocks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuralboard.cpp_ext import checks
from neuralboard.cpp_ext.stft_plan import StftPlan
from neuralboard.cpp_ext.windows import Window, check_framing, window_pair, window_values

Audio = NDArray[np.float32]
Spectrum = NDArray[np.complex64]
Gains = NDArray[np.float32] | NDArray[np.complex64]


class _Clock:
    """Counts samples between frames."""

    def __init__(self, hop_length: int) -> None:
        self.hop_length = hop_length
        self.phase = 0

    def frames_ready(self, n: int) -> int:
        return (self.phase + n) // self.hop_length

    def advance(self, n: int) -> list[int]:
        """Go on by `n` samples; return after how many of them each frame is complete."""
        ends = range(self.hop_length - self.phase, n + 1, self.hop_length)
        self.phase = (self.phase + n) % self.hop_length
        return list(ends)


class StftStream:
    """Analysis of a stream: blocks in, frames out.

    Parameters
    ----------
    n_fft : int
        Even, 16 to 65536.
    hop_length : int
        1 to n_fft.
    window : str or array_like
        See `window_values`.
    channels : int
    """

    _recent: Audio  # [channels, n_fft], the last samples

    def __init__(self, n_fft: int, hop_length: int, window: Window, channels: int) -> None:
        self.n_fft, self.hop_length = check_framing(n_fft, hop_length)
        self.channels = checks.count("channels", channels, 1, checks.MAX_CHANNELS)
        self._window = window_values(window, self.n_fft)
        self.reset()

    def push(self, block: Audio, out: Spectrum | None = None) -> Spectrum:
        """Return the frames that a block completes.

        Parameters
        ----------
        block : ndarray of float32, [channels, n]
        out : ndarray of complex64, [channels, k, bins], optional
            Written instead of a new array; k = ``frames_ready(n)``, bins = n_fft/2 + 1.

        Returns
        -------
        ndarray of complex64, [channels, k, bins]
        """
        problem = checks.analysis_problem(self, block, out)
        if problem is not None:
            raise problem
        joined = np.concatenate([self._recent, block], axis=1)
        ends = self._clock.advance(block.shape[1])
        frames = np.empty((self.channels, len(ends), self.n_fft // 2 + 1), np.complex64)
        for k, end in enumerate(ends):  # joined begins n_fft samples before the block
            frame = joined[:, end : end + self.n_fft] * self._window
            frames[:, k] = np.fft.rfft(frame.astype(np.float64))
        self._recent = joined[:, block.shape[1] :]
        return checks.deliver(frames, out)

    def frames_ready(self, n: int) -> int:
        """Return how many frames the next `n` samples will complete."""
        return self._clock.frames_ready(checks.count("n", n, 0))

    def reset(self) -> None:
        """Begin a new stream."""
        self._clock = _Clock(self.hop_length)
        self._recent = np.zeros((self.channels, self.n_fft), np.float32)


class IstftStream:
    """Synthesis of a stream: frames in, blocks out; the other half of `StftStream`.

    Parameters
    ----------
    n_fft, hop_length, channels : int
        As in `StftStream`.
    window : str or array_like
        The window of the analysis.
    synthesis_window : str, array_like or None
        None: the window of the analysis. What both overlap to is divided out.

    Raises
    ------
    ValueError
        The windows overlap to (nearly) 0 somewhere at this hop (NOLA condition).
    """

    _sums: Audio  # [channels, n_fft], overlap-added, still to be returned

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
        self._window = pair[1]  # holds 1/(n_fft envelope)
        self.reset()

    def push(self, frames: Spectrum, n: int, out: Audio | None = None) -> Audio:
        """Take the frames that `n` samples of the input completed, return `n` samples.

        Parameters
        ----------
        frames : ndarray of complex64, [channels, k, bins]
            k = ``frames_ready(n)``. Imaginary parts of the first and last bin are ignored.
        n : int
            Samples to return.
        out : ndarray of float32, [channels, n], optional
            Written instead of a new array.

        Returns
        -------
        ndarray of float32, [channels, n]
            The input of the analysis, `n_fft` - 1 samples late.
        """
        n = checks.count("n", n, 0)
        problem = checks.synthesis_problem(self, frames, n, out)
        if problem is not None:
            raise problem
        sums = np.concatenate([self._sums, np.zeros((self.channels, n), np.float32)], axis=1)
        for k, end in enumerate(self._clock.advance(n)):
            # The frame's first sample is the last of those that complete it.
            samples = np.fft.irfft(frames[:, k].astype(np.complex128), self.n_fft) * self.n_fft
            sums[:, end - 1 : end - 1 + self.n_fft] += samples.astype(np.float32) * self._window
        self._sums = sums[:, n:]
        return checks.deliver(sums[:, :n], out)

    def frames_ready(self, n: int) -> int:
        """Return how many frames the next `n` samples need."""
        return self._clock.frames_ready(checks.count("n", n, 0))

    def reset(self) -> None:
        """Begin a new stream."""
        self._clock = _Clock(self.hop_length)
        self._sums = np.zeros((self.channels, self.n_fft), np.float32)


class MaskStream:
    """Analysis, a mask and synthesis in one: blocks in, blocks out, n_fft - 1 samples late.

    Parameters
    ----------
    n_fft, hop_length, window, synthesis_window, channels
        As in `IstftStream`.
    """

    def __init__(
        self,
        n_fft: int,
        hop_length: int,
        window: Window,
        synthesis_window: Window | None,
        channels: int,
    ) -> None:
        self._analysis = StftStream(n_fft, hop_length, window, channels)
        self._synthesis = IstftStream(n_fft, hop_length, window, synthesis_window, channels)
        self.n_fft, self.hop_length = self._analysis.n_fft, self._analysis.hop_length
        self.channels = self._analysis.channels

    def push(self, block: Audio, mask: Gains, out: Audio | None = None) -> Audio:
        """Mask the frames that a block completes, return as many samples as it has.

        Parameters
        ----------
        block : ndarray of float32, [channels, n]
        mask : ndarray of float32 or complex64, [bins], [channels, bins] or [channels, k, bins]
            k = ``frames_ready(n)``. What a complex mask makes imaginary in the first and the last
            bin is ignored.
        out : ndarray of float32, [channels, n], optional
            Written instead of a new array; may be `block`.

        Returns
        -------
        ndarray of float32, [channels, n]
        """
        problem = checks.masking_problem(self, block, mask, out)
        if problem is not None:
            raise problem
        frames = self._analysis.push(block)
        gains = mask[:, None, :] if mask.ndim == 2 else mask
        masked = self._synthesis.push(frames * gains, block.shape[1])
        return checks.deliver(masked, out)

    def frames_ready(self, n: int) -> int:
        """Return how many frames the next `n` samples will complete."""
        return self._analysis.frames_ready(n)

    def reset(self) -> None:
        """Begin a new stream."""
        self._analysis.reset()
        self._synthesis.reset()


class Stft(StftPlan):
    """Short-time Fourier transform of whole signals, in torch's and librosa's conventions.

    Frame f covers the samples ``[f*hop - pad, f*hop - pad + n_fft)`` with pad = n_fft/2 if centred,
    else 0. A signal of `length` samples has ``1 + (length + 2*pad - n_fft)//hop`` frames. One
    object may serve several threads at once.

    Parameters
    ----------
    n_fft : int
        Even, 16 to 65536.
    hop_length : int
        1 to n_fft.
    window, synthesis_window : str or array_like
        See `window_values`; `synthesis_window` None is `window` again (librosa's least-squares
        inverse). What both overlap to is divided out.
    center : bool
        Pad n_fft/2 samples at both ends.
    pad_mode : str
        ``reflect`` (needs more than n_fft/2 samples) or ``constant`` (zeros).
    threads : int
        1 to 256 that share the work of a call (the twin takes one). The bits don't depend on it.

    Raises
    ------
    ValueError
        A value out of its range; a `synthesis_window` that can't invert `window` at this hop.
    """

    def forward(self, audio: Audio, out: Spectrum | None = None) -> Spectrum:
        """Analyse.

        Parameters
        ----------
        audio : ndarray of float32, [channels, samples] or [samples]
        out : ndarray of complex64, [channels, frames, bins] or [frames, bins], optional

        Returns
        -------
        ndarray of complex64, [channels, frames, bins] or [frames, bins]
        """
        signal = self._signal(audio)
        shape = [signal.shape[0], self.num_frames(signal.shape[1]), self.bins]
        self._out(out, np.complex64, shape, audio.ndim == 1, audio)
        around = [(0, 0), (self.pad, self.pad)]
        reflects = self.center and self.pad_mode == "reflect"
        padded = np.pad(signal, around, mode="reflect") if reflects else np.pad(signal, around)
        spectrum = np.empty(shape, np.complex64)
        for f in range(shape[1]):
            frame = padded[:, f * self.hop_length :][:, : self.n_fft] * self.window
            spectrum[:, f] = np.fft.rfft(frame.astype(np.float64))
        return checks.deliver(spectrum[0] if audio.ndim == 1 else spectrum, out)

    def inverse(self, spectrum: Spectrum, length: int, out: Audio | None = None) -> Audio:
        """Synthesise, dividing by what the windows overlap to.

        Parameters
        ----------
        spectrum : ndarray of complex64, [channels, frames, bins] or [frames, bins]
        length : int
            Samples wanted. Those that no frame covers are 0 (the last ones, if `hop_length` is
            greater than n_fft/2 or `length` greater than the frames reach).
        out : ndarray of float32, [channels, length] or [length], optional

        Returns
        -------
        ndarray of float32, [channels, length] or [length]
        """
        length = checks.count("length", length, 0)
        frames = self._spectrum(spectrum)
        head, tail = self.edge_gains(frames.shape[1])
        self._out(out, np.float32, [frames.shape[0], length], spectrum.ndim == 2, spectrum)
        total = (frames.shape[1] - 1) * self.hop_length + self.n_fft
        sums = np.zeros((frames.shape[0], total), np.float32)
        for f in range(frames.shape[1]):
            samples = np.fft.irfft(frames[:, f].astype(np.complex128), self.n_fft) * self.n_fft
            begin = f * self.hop_length
            sums[:, begin : begin + self.n_fft] += samples.astype(np.float32) * self.unit_synthesis
        sums[:, : head.size] *= head
        sums[:, total - tail.size :] *= tail
        audio = np.zeros((frames.shape[0], length), np.float32)
        kept = sums[:, self.pad : self.pad + length]
        audio[:, : kept.shape[1]] = kept
        return checks.deliver(audio[0] if spectrum.ndim == 2 else audio, out)

    def apply_mask(self, audio: Audio, mask: Gains, out: Audio | None = None) -> Audio:
        """Analyse, multiply by a mask, synthesise, without the spectrum in memory.

        Parameters
        ----------
        audio : ndarray of float32, [channels, samples] or [samples]
        mask : ndarray of float32 or complex64, [channels, frames, bins] or [frames, bins]
        out : ndarray of float32, shaped as audio, optional
            Not `audio` itself.

        Returns
        -------
        ndarray of float32, shaped as audio
        """
        signal = self._signal(audio)
        gains = self._mask(mask, audio)
        self._out(out, np.float32, [*signal.shape], audio.ndim == 1, audio)
        masked = self.inverse(self.forward(signal) * gains, signal.shape[1])
        return checks.deliver(masked[0] if audio.ndim == 1 else masked, out)
