# SPDX-License-Identifier: GPL-3.0-or-later
"""The compiled loss gives the plain one's values and gradients."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs the [train] extra")

from neuralboard.training import fast_loss, losses  # noqa: E402
from neuralboard.training.kernels import kernel  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """Skip where no compiler works."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kernel("fast_loss") is None:
            pytest.skip("no C++ compiler or ninja here: the plain loss is used")


@pytest.mark.parametrize("length", [4800, 5003])
@pytest.mark.parametrize("n_fft", losses.RESOLUTIONS)
def test_values_and_gradients_equal_the_plain_loss(n_fft: int, length: int) -> None:
    torch.manual_seed(0)
    target = torch.randn(2, length) * 0.1
    target[:, 1000:3000] = 0  # silence, where the powers are steep
    estimate = (0.6 * target + 0.02 * torch.randn(2, length)).requires_grad_()
    weight, more = torch.rand(2, n_fft // 2 + 1), 1 + torch.rand(n_fft // 2 + 1)
    plain = losses.spectral_error(estimate, target, weight, n_fft, more)
    (wanted,) = torch.autograd.grad(plain, estimate)
    fast = fast_loss.fast_spectral_error(estimate, target, weight, n_fft, more)
    (found,) = torch.autograd.grad(fast, estimate)
    assert float(fast.detach()) == pytest.approx(float(plain.detach()), rel=1e-4)
    torch.testing.assert_close(found, wanted, atol=1e-4 * float(wanted.abs().max()), rtol=0)


def test_the_loss_takes_the_compiled_pass_in_training_only(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def noted(*given: object) -> Any:
        calls.append(given)
        return torch.zeros(())

    monkeypatch.setattr(fast_loss, "fast_spectral_error", noted)
    audio, band = torch.randn(1, 4800), torch.tensor([24_000.0])
    losses.spectral_loss(audio, audio, band)
    assert calls == []
    losses.spectral_loss(audio.requires_grad_(), audio.detach(), band)
    assert len(calls) == len(losses.RESOLUTIONS)
