# SPDX-License-Identifier: GPL-3.0-or-later
"""The compiled recurrence gives torch.nn.GRU's values and gradients."""

from __future__ import annotations

import warnings

import pytest

torch = pytest.importorskip("torch", reason="training needs the [train] extra")

from neuralboard.training import fast_gru  # noqa: E402
from neuralboard.training.kernels import kernel  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """Skip where no compiler works."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kernel("fast_gru") is None:
            pytest.skip("no C++ compiler or ninja here: torch's own GRU is used")


@pytest.mark.parametrize(("steps", "rows", "units"), [(1, 1, 8), (7, 3, 16), (20, 36, 48)])
def test_values_and_gradients_equal_torch(steps: int, rows: int, units: int) -> None:
    torch.manual_seed(0)
    fast, plain = fast_gru.FastGRU(units, units), torch.nn.GRU(units, units)
    plain.load_state_dict(fast.state_dict())
    found = []
    for module in (fast, plain):
        torch.manual_seed(1)
        x = torch.randn(steps, rows, units, requires_grad=True)
        h0 = torch.randn(1, rows, units, requires_grad=True)
        y, last = module(x, h0)
        (y.square().sum() + 3 * last.sum()).backward()
        gradients = [p.grad for _, p in sorted(module.named_parameters())]
        found.append([y, last, x.grad, h0.grad, *gradients])
    for one, other in zip(*found, strict=True):
        # -ffast-math and another order of sums: a few units of the last place of the largest.
        bound = 2e-5 * max(1.0, float(other.detach().abs().max()))
        torch.testing.assert_close(one, other, atol=bound, rtol=0)


def test_the_kernel_runs_in_training_only(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(fast_gru, "kernel", lambda name: calls.append(name))
    module, x, h0 = fast_gru.FastGRU(4, 4), torch.zeros(2, 1, 4), torch.zeros(1, 1, 4)
    module.eval()(x, h0)
    with torch.no_grad():
        module.train()(x, h0)
    assert calls == []
    module(x, h0)
    assert calls == ["fast_gru"]
