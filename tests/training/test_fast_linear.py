# SPDX-License-Identifier: GPL-3.0-or-later
"""The fast linear map is torch's to bfloat16's rounding, and exactly torch's outside training."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the [train] extra")

from neuralboard.training import fast_linear  # noqa: E402


@pytest.fixture(autouse=True)
def on_any_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the fast path also where bfloat16 is emulated: its values are the same."""
    monkeypatch.setattr(fast_linear, "has_bfloat16", lambda: True)


@pytest.mark.parametrize("bias", [True, False])
def test_values_and_gradients_are_near_torchs(bias: bool) -> None:
    torch.manual_seed(0)
    fast = fast_linear.FastLinear(24, 16, bias=bias)
    plain = torch.nn.Linear(24, 16, bias=bias)
    plain.load_state_dict(fast.state_dict())
    found = []
    for module in (fast, plain):
        torch.manual_seed(1)
        x = torch.randn(5, 7, 24, requires_grad=True)
        y = module(x)
        y.square().sum().backward()
        found.append([y.detach(), x.grad, *(p.grad for p in module.parameters())])
    for one, other in zip(*found, strict=True):
        error = float((one - other).norm() / other.norm())
        assert error < 0.01  # 8 bits, averaged over the sums
    assert not torch.equal(found[0][0], found[1][0])  # it did take the fast path


def test_it_is_torchs_own_map_outside_training() -> None:
    module, x = fast_linear.FastLinear(4, 3), torch.randn(2, 4)
    with torch.no_grad():
        assert torch.equal(module(x), torch.nn.functional.linear(x, module.weight, module.bias))
    assert torch.equal(module.eval()(x), torch.nn.functional.linear(x, module.weight, module.bias))
