# SPDX-License-Identifier: GPL-3.0-or-later
"""The short-time Fourier transforms of others, each in its own best case, for `stft_speed`.

All take mono audio ``[samples]``, frames centred and reflected, periodic Hann twice. Spectra are
``[frames, bins]``, but torch's and librosa's: theirs are ``[bins, frames]`` views of such memory,
and they get masks in that form.

The NumPy-like ones (mkl_fft, pyfftw, scipy, ducc0) are used as a careful programmer would: 64
frames at a time, so that they stay near the second-level cache, the mask multiplied in place, the
overlap-add as n/hop shifted additions of whole rows, the envelope computed beforehand, pyfftw with
plans and aligned buffers of its own.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["PEERS", "Blockwise", "StreamLoop", "available", "make_peer"]

Audio = NDArray[np.float32]
Spectrum = NDArray[np.complex64]

CHUNK = 64  # frames at a time: within 16 % of the best of 16, 64, 256 and all

# name -> the module that must be there
PEERS = {
    "mkl_fft": "mkl_fft",
    "pyfftw": "pyfftw",
    "scipy.fft": "scipy",
    "ducc0": "ducc0",
    "torch": "torch",
    "librosa": "librosa",
    "ShortTimeFFT": "scipy",
}


def available() -> list[str]:
    """Return the peers that are installed."""
    return [name for name, module in PEERS.items() if importlib.util.find_spec(module)]


def hann(n_fft: int) -> Audio:
    """Return the periodic Hann window."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)).astype(np.float32)


def transforms(name: str, n_fft: int, rows: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return (real frames [k, n_fft] -> spectra, spectra -> frames) of a NumPy-like peer."""
    if name == "mkl_fft":
        import mkl_fft

        return mkl_fft.rfft, lambda bins: mkl_fft.irfft(bins, n=n_fft)
    if name == "scipy.fft":
        import scipy.fft

        return scipy.fft.rfft, lambda bins: scipy.fft.irfft(bins, n=n_fft, overwrite_x=True)
    if name == "ducc0":
        import ducc0

        return (
            lambda frames: ducc0.fft.r2c(frames, axes=(1,)),
            lambda bins: ducc0.fft.c2r(
                bins,
                axes=(1,),
                lastsize=n_fft,
                forward=False,
                inorm=2,
                allow_overwriting_input=True,
            ),
        )
    return _pyfftw_plans(n_fft, rows)


def _pyfftw_plans(n_fft: int, rows: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    import pyfftw

    real = pyfftw.empty_aligned((rows, n_fft), "float32")
    bins = pyfftw.empty_aligned((rows, n_fft // 2 + 1), "complex64")
    back_bins = pyfftw.empty_aligned((rows, n_fft // 2 + 1), "complex64")
    flags = ("FFTW_MEASURE", "FFTW_DESTROY_INPUT")
    there = pyfftw.FFTW(real, bins, axes=(1,), flags=flags)
    back = pyfftw.FFTW(back_bins, real, axes=(1,), direction="FFTW_BACKWARD", flags=flags)

    def forward(frames: Audio) -> Any:
        real[: len(frames)] = frames
        there.execute()
        return bins[: len(frames)]

    def inverse(spectra: Spectrum) -> Any:
        back_bins[: len(spectra)] = spectra
        back.execute()  # unscaled
        return real[: len(spectra)] * np.float32(1 / n_fft)

    return forward, inverse


class Blockwise:
    """A NumPy-like peer on whole signals."""

    def __init__(self, name: str, n_fft: int, hop: int, length: int) -> None:
        self.n_fft, self.hop, self.length = n_fft, hop, length
        self.frames = length // hop + 1
        self.window = hann(n_fft)
        self._there, self._back = transforms(name, n_fft, CHUNK)
        self._windowed = np.empty((CHUNK, n_fft), np.float32)
        overlap = n_fft // hop
        total = (self.frames + overlap - 1) * hop
        envelope = np.zeros(total)
        for f in range(self.frames):
            envelope[f * hop : f * hop + n_fft] += self.window.astype(np.float64) ** 2
        usable = envelope > 1e-11
        inverse = np.divide(1.0, envelope, out=np.zeros_like(envelope), where=usable)
        self._inverse = inverse[n_fft // 2 :][:length].astype(np.float32)
        self._sums = np.empty(total, np.float32)

    def _chunks(self, audio: Audio) -> Iterator[tuple[slice, Audio]]:
        padded = np.pad(audio, self.n_fft // 2, mode="reflect")
        views = np.lib.stride_tricks.sliding_window_view(padded, self.n_fft)[:: self.hop]
        for begin in range(0, self.frames, CHUNK):
            cut = slice(begin, min(begin + CHUNK, self.frames))
            frames = self._windowed[: cut.stop - begin]
            np.multiply(views[cut], self.window, out=frames)
            yield cut, frames

    def _add(self, cut: slice, frames: Audio) -> None:
        frames *= self.window
        hops = self._sums.reshape(-1, self.hop)
        for k in range(self.n_fft // self.hop):
            piece = frames[:, k * self.hop : (k + 1) * self.hop]
            hops[cut.start + k : cut.stop + k] += piece

    def _finish(self) -> Audio:
        kept = self._sums[self.n_fft // 2 :][: self.length]
        return kept * self._inverse

    def forward(self, audio: Audio) -> Any:
        """Return the spectrum of [samples]."""
        spectrum = np.empty((self.frames, self.n_fft // 2 + 1), np.complex64)
        for cut, frames in self._chunks(audio):
            spectrum[cut] = self._there(frames)
        return spectrum

    def inverse(self, spectrum: Spectrum) -> Any:
        """Return [samples]."""
        self._sums.fill(0)
        for begin in range(0, self.frames, CHUNK):
            cut = slice(begin, min(begin + CHUNK, self.frames))
            self._add(cut, self._back(spectrum[cut].copy()))
        return self._finish()

    def masked(self, audio: Audio, mask: Audio) -> Any:
        """Return [samples] of the spectrum times mask [frames, bins]."""
        self._sums.fill(0)
        for cut, frames in self._chunks(audio):
            bins = self._there(frames)
            bins *= mask[cut]
            self._add(cut, self._back(bins))
        return self._finish()


class Torch:
    """torch.stft and torch.istft, one thread, the mask in the layout of torch's own spectrum."""

    def __init__(self, n_fft: int, hop: int, length: int) -> None:
        import torch

        torch.set_num_threads(1)
        self._torch, self._length = torch, length
        self._options: dict[str, Any] = {"n_fft": n_fft, "hop_length": hop}
        self._options["window"] = torch.from_numpy(hann(n_fft))

    def forward(self, audio: Audio) -> Any:
        """Return [bins, frames]."""
        with self._torch.inference_mode():
            signal = self._torch.from_numpy(audio)
            return self._torch.stft(signal, return_complex=True, **self._options)

    def inverse(self, spectrum: Any) -> Any:
        """Return [samples] of [frames, bins]."""
        with self._torch.inference_mode():
            bins_first = self._torch.from_numpy(spectrum).T
            return self._torch.istft(bins_first, length=self._length, **self._options)

    def masked(self, audio: Audio, mask: Audio) -> Any:
        """Return [samples] of the spectrum times mask [frames, bins]."""
        with self._torch.inference_mode():
            spectrum = self.forward(audio)
            spectrum *= self._torch.from_numpy(mask).T
            return self._torch.istft(spectrum, length=self._length, **self._options)


class Librosa:
    """librosa.stft and librosa.istft."""

    def __init__(self, n_fft: int, hop: int, length: int) -> None:
        import librosa

        self._librosa = librosa
        self._there: dict[str, Any] = {"n_fft": n_fft, "hop_length": hop, "pad_mode": "reflect"}
        self._back: dict[str, Any] = {"n_fft": n_fft, "hop_length": hop, "length": length}

    def forward(self, audio: Audio) -> Any:
        """Return [bins, frames]."""
        return self._librosa.stft(audio, **self._there)

    def inverse(self, spectrum: Spectrum) -> Any:
        """Return [samples] of [frames, bins]."""
        return self._librosa.istft(spectrum.T, **self._back)

    def masked(self, audio: Audio, mask: Audio) -> Any:
        """Return [samples] of the spectrum times mask [frames, bins]."""
        spectrum = self.forward(audio)
        spectrum *= mask.T
        return self._librosa.istft(spectrum, **self._back)


class ScipyClass:
    """scipy.signal.ShortTimeFFT: frames from before the signal's first sample on."""

    def __init__(self, n_fft: int, hop: int, length: int) -> None:
        from scipy.signal import ShortTimeFFT

        self._stft: Any = ShortTimeFFT(hann(n_fft), hop, fs=1.0)
        self._length = length

    def forward(self, audio: Audio) -> Any:
        """Return [bins, frames]."""
        return self._stft.stft(audio)

    def masked(self, audio: Audio, mask: Audio) -> Any:
        """Return [samples], every bin times the same number: its frames are not ours."""
        return self._stft.istft(self._stft.stft(audio) * mask[0, 0], k1=self._length)


def make_peer(name: str, n_fft: int, hop: int, length: int) -> Any:
    """Return a peer on signals of `length`, with forward, inverse and masked (or two of them)."""
    if name == "torch":
        return Torch(n_fft, hop, length)
    if name == "librosa":
        return Librosa(n_fft, hop, length)
    if name == "ShortTimeFFT":
        return ScipyClass(n_fft, hop, length)
    return Blockwise(name, n_fft, hop, length)


class StreamLoop:
    """A masked stream of one channel as a loop in Python around a peer's transform of one frame."""

    def __init__(self, name: str, n_fft: int, hop: int, mask: Audio) -> None:
        self.n_fft, self.hop, self.mask = n_fft, hop, mask
        self._there, self._back = transforms(name, n_fft, 1)
        self.window = hann(n_fft)
        envelope = (self.window.astype(np.float64) ** 2).reshape(-1, hop).sum(axis=0)
        self._synthesis = (self.window / np.tile(envelope, n_fft // hop)).astype(np.float32)
        self._recent = np.zeros(n_fft + 8192, np.float32)
        self._filled = n_fft - hop
        self._sums = np.zeros(n_fft, np.float32)
        self._ready = np.zeros(2 * 8192 + n_fft, np.float32)
        self._count = hop  # the delay beyond the frame's own

    def push(self, block: Audio, out: Audio) -> None:
        """Take [n], give [n]."""
        n, n_fft, hop = block.size, self.n_fft, self.hop
        recent, sums, ready = self._recent, self._sums, self._ready
        recent[self._filled : self._filled + n] = block
        self._filled += n
        begin = 0
        while self._filled - begin >= n_fft:
            frame = recent[begin : begin + n_fft] * self.window
            bins = self._there(frame[None])
            bins *= self.mask
            samples = self._back(bins)[0]
            samples *= self._synthesis
            sums += samples
            ready[self._count : self._count + hop] = sums[:hop]
            self._count += hop
            sums[:-hop] = sums[hop:]
            sums[-hop:] = 0
            begin += hop
        if begin:
            recent[: self._filled - begin] = recent[begin : self._filled].copy()
            self._filled -= begin
        out[:] = ready[:n]
        ready[: self._count - n] = ready[n : self._count].copy()
        self._count -= n
