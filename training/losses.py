# SPDX-License-Identifier: GPL-3.0-or-later
"""The denoiser's loss: compressed spectra at several resolutions, over-attenuation paid twice."""

from __future__ import annotations

import torch
from torch import Tensor

from neuralboard.training import fast_loss

RESOLUTIONS = (240, 480, 960, 1920)  # 5, 10, 20, 40 ms at 48 kHz, hop a half
POWER = 0.3
EAR_HZ = 2_000.0  # above it a band counts by its width on the ear's scale, not by its bins
LOW_HZ = 400.0  # below it a bin counts double: few bins, but all of a deep voice's level


def spectral_loss(
    estimate: Tensor,
    target: Tensor,
    bandwidth_hz: Tensor,
    level: Tensor | None = None,
    sample_rate: int = 48_000,
    over_attenuation: float = 1.5,
    resolutions: tuple[int, ...] = RESOLUTIONS,
) -> Tensor:
    """Compare [batch, samples] with its target below each item's bandwidth.

    Per resolution the squared error of compressed magnitudes and of compressed complex spectra
    (DeepFilterNet, Schroeter 2022), plus the magnitude error once more, times
    `over_attenuation`, where the estimate is quieter than the target (DPDFNet, 2025): speech
    swallowed is worse than noise left, and worst below `LOW_HZ`, where a deep voice drowns in
    rumble: twice `over_attenuation` there. Above ``bandwidth_hz`` [batch] the clip says nothing
    about clean speech and does not count.

    `level` [batch] is the RMS that counts as an item's level (of its mixture, say; default: of the
    target), so that a whispered item weighs as much as a loud one. ``resolutions`` are the n_fft
    to compare at: training draws two of the four for each step, at half the cost.
    """
    if level is None:
        level = target.square().mean(-1).sqrt()
    scale = 0.1 / (level[:, None] + 1e-4)
    estimate, target = estimate * scale, target * scale
    total = estimate.new_zeros(())
    one = fast_loss.fast_spectral_error if fast_loss.usable(estimate) else spectral_error
    for n_fft in resolutions:
        bins = torch.arange(n_fft // 2 + 1, device=estimate.device) * sample_rate / n_fft
        low = 1 / (1 + (bins / LOW_HZ).square())
        weight = (bins[None, :] <= bandwidth_hz[:, None]) * (1 / (1 + bins / EAR_HZ) + low)
        frames = 1 + estimate.shape[-1] // (n_fft // 2)
        error = one(estimate, target, weight, n_fft, over_attenuation * (1 + low))
        total = total + error / (weight.sum() * frames)
    return total / len(resolutions)


def spectral_error(
    estimate: Tensor, target: Tensor, weight: Tensor, n_fft: int, over_attenuation: Tensor
) -> Tensor:
    """Sum the errors at one resolution over all bins, weighed by `weight` [batch, bins].

    `over_attenuation` [bins] is how often the error counts more where the estimate is quieter.
    """
    window = torch.hann_window(n_fft, device=estimate.device)
    pair = [
        torch.stft(x, n_fft, n_fft // 2, window=window, pad_mode="constant", return_complex=True)
        / n_fft**0.5
        for x in (estimate, target)
    ]
    power = [x.real.square() + x.imag.square() + 1e-8 for x in pair]
    magnitude = [p.pow(POWER / 2) for p in power]
    complex_part = [
        torch.view_as_real(x) * p.pow((POWER - 1) / 2)[..., None]
        for x, p in zip(pair, power, strict=True)
    ]
    difference = magnitude[0] - magnitude[1]
    error = difference.square() + (complex_part[0] - complex_part[1]).square().sum(-1)
    error = error + over_attenuation[:, None] * difference.clamp(max=0).square()
    return (error * weight[:, :, None]).sum()


def si_sdr(estimate: Tensor, target: Tensor) -> Tensor:
    """Measure the scale-invariant signal-to-distortion ratio in dB (Le Roux, 2019) [batch]."""
    scale = (estimate * target).sum(-1, keepdim=True) / (
        target.square().sum(-1, keepdim=True) + 1e-9
    )
    wanted = scale * target
    noise = (estimate - wanted).square().sum(-1) + 1e-9
    return 10 * torch.log10(wanted.square().sum(-1) / noise + 1e-9)
