# SPDX-License-Identifier: GPL-3.0-or-later
"""The transform of whole signals is torch's and librosa's, option by option."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is a peer here; it is not installed")
librosa = pytest.importorskip("librosa", reason="librosa is a peer here; it is not installed")

# Lengths that no hop divides: a tail envelope that stops one hop early shows only there.
SHAPES = [(16, 4), (64, 63), (512, 128), (882, 441), (960, 240), (1018, 300)]
LENGTHS = [530, 2049, 5003]


@pytest.mark.parametrize("pad_mode", ["reflect", "constant"])
@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize(("n_fft", "hop"), SHAPES)
def test_forward_is_torchs_and_librosas(
    stft_impl: ModuleType, noise: Any, n_fft: int, hop: int, center: bool, pad_mode: str
) -> None:
    for length in LENGTHS:
        if length < n_fft:
            continue
        audio = noise(2, length)
        stft = stft_impl.Stft(n_fft, hop, "hann", center=center, pad_mode=pad_mode)
        spectrum = stft.forward(audio)
        options = {"center": center, "pad_mode": pad_mode}
        with_torch = torch.stft(
            torch.from_numpy(audio), n_fft, hop, window=torch.hann_window(n_fft),
            return_complex=True, **options,
        )  # fmt: skip
        with_librosa = librosa.stft(audio, n_fft=n_fft, hop_length=hop, window="hann", **options)
        for expected in (with_torch.numpy(), with_librosa):
            expected = expected.transpose(0, 2, 1)
            assert spectrum.shape == expected.shape
            scale = np.abs(expected).max()
            np.testing.assert_allclose(spectrum, expected, rtol=0, atol=1e-5 * scale)


@pytest.mark.parametrize(("n_fft", "hop"), SHAPES)
def test_inverse_is_torchs_and_librosas(
    stft_impl: ModuleType, noise: Any, rng: np.random.Generator, n_fft: int, hop: int
) -> None:
    """Of a spectrum that is the transform of no signal: the weighting must be the same too."""
    length = 3 * n_fft + 5
    stft = stft_impl.Stft(n_fft, hop, "hamming")
    spectrum = stft.forward(noise(2, length))
    spectrum *= rng.uniform(0, 1, spectrum.shape).astype(np.float32)
    bins_first = np.ascontiguousarray(spectrum.transpose(0, 2, 1))
    expected = torch.istft(
        torch.from_numpy(bins_first), n_fft, hop, window=torch.hamming_window(n_fft), length=length
    ).numpy()
    ours = stft.inverse(spectrum, length)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-5)
    with_librosa = librosa.istft(
        bins_first, hop_length=hop, n_fft=n_fft, window="hamming", length=length
    )
    np.testing.assert_allclose(ours, with_librosa, rtol=0, atol=1e-5)
