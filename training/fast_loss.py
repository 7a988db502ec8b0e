# SPDX-License-Identifier: GPL-3.0-or-later
"""One resolution of the spectral loss, fast on a CPU: two FFTs, one compiled pass, one FFT back.

The values and gradients of `losses.spectral_error` to rounding (tests/training/test_fast_loss.py),
in a third of the time.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from neuralboard.training.kernels import kernel

__all__ = ["fast_spectral_error", "usable"]


def usable(estimate: Tensor) -> bool:
    """Tell whether the compiled pass serves this tensor on this machine."""
    plain = estimate.device.type == "cpu" and estimate.dtype == torch.float32
    return plain and estimate.requires_grad and kernel("fast_loss") is not None


def _frames(audio: Tensor, n_fft: int, window: Tensor) -> Tensor:
    """Give the windowed frames [batch, frames, n_fft], hop a half, silence around."""
    padded = torch.nn.functional.pad(audio, (n_fft // 2, n_fft // 2))
    return padded.unfold(-1, n_fft, n_fft // 2) * window


class _Error(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, estimate: Tensor, target: Tensor, weight: Tensor, n_fft: int, more: Tensor
    ) -> Tensor:
        window = torch.hann_window(n_fft) / n_fft**0.5
        pair = [
            torch.view_as_real(torch.fft.rfft(_frames(x, n_fft, window)))
            for x in (estimate, target)
        ]
        total, gradient = kernel("fast_loss").compare(*pair, weight.contiguous(), more.contiguous())
        # The transpose of a real FFT: the inverse one, without its 1/n, and with the bins between
        # the ends, which it would count twice, halved.
        gradient[:, :, 1:-1] *= 0.5
        frames = torch.fft.irfft(torch.view_as_complex(gradient), n_fft, norm="forward") * window
        half, (batch, count, _) = n_fft // 2, frames.shape
        sums = frames.new_zeros(batch, (count + 1) * half)
        sums[:, : count * half] += frames[:, :, :half].reshape(batch, -1)
        sums[:, half:] += frames[:, :, half:].reshape(batch, -1)
        length = estimate.shape[-1]
        found = torch.zeros_like(estimate)
        used = min(length, sums.shape[-1] - half)
        found[:, :used] = sums[:, half : half + used]
        ctx.save_for_backward(found)
        return estimate.new_tensor(total)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (found,) = ctx.saved_tensors
        return found * grads[0], None, None, None, None


def fast_spectral_error(
    estimate: Tensor, target: Tensor, weight: Tensor, n_fft: int, over_attenuation: Tensor
) -> Tensor:
    """Sum the weighted errors of all bins and frames; the same as `losses.spectral_error`."""
    error: Any = _Error.apply
    found: Tensor = error(estimate, target, weight, n_fft, over_attenuation)
    return found
