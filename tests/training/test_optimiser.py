# SPDX-License-Identifier: GPL-3.0-or-later
"""Muon's steps are orthogonal and as large as AdamW's; what is no matrix takes AdamW's own."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="training needs the [train] extra")

from neuralboard.training.models.denoiser import Denoiser  # noqa: E402
from neuralboard.training.optimiser import MuonAdamW, is_matrix, orthogonal  # noqa: E402


@pytest.mark.parametrize("shape", [(48, 48), (16, 36, 36), (3, 48, 20), (8, 48)])
def test_all_directions_become_equally_strong(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    loud = torch.randn(shape) * torch.logspace(0, -1.5, shape[-1])
    before = torch.linalg.svdvals(loud)
    after = torch.linalg.svdvals(orthogonal(loud))
    assert after.max() < 1.3
    assert after.median() > 0.6
    assert (after.max() / after.median()) < (before.max() / before.median())


def test_first_and_last_layers_and_biases_are_not_muons() -> None:
    names = {name for name, p in Denoiser().named_parameters() if is_matrix(name, p)}
    assert {"context.weight_hh_l0", "blocks.0.across", "blocks.1.time.weight_ih_l0"} <= names
    assert not any("bias" in n or "norm" in n or "encode" in n or "decode" in n for n in names)


def test_what_is_no_matrix_steps_as_adamw() -> None:
    torch.manual_seed(0)
    start = torch.randn(7)
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    one = MuonAdamW([("bias", ours)], 1e-2, 0.1)
    other = torch.optim.AdamW([theirs], 1e-2, weight_decay=0.1)
    for _ in range(5):
        for weight, optimiser in ((ours, one), (theirs, other)):
            optimiser.zero_grad()
            (weight - 3).square().sum().backward()
            optimiser.step()
    torch.testing.assert_close(ours, theirs)


def test_a_step_is_about_as_large_as_adamws() -> None:
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.zeros(3 * 40, 40))
    optimiser = MuonAdamW([("time.weight_hh_l0", weight)], 1e-2, 0.0)
    (weight * torch.randn(3 * 40, 40)).sum().backward()
    optimiser.step()
    gates = weight.detach().unflatten(0, (3, 40)).square().mean((1, 2)).sqrt()
    assert ((gates > 0.1 * 1e-2) & (gates < 0.3 * 1e-2)).all()  # each gate its own matrix


def test_its_state_can_be_saved_and_restored() -> None:
    torch.manual_seed(0)
    pushes = torch.randn(4, 6, 6)
    weights = []
    for stop in (None, 2):
        weight = torch.nn.Parameter(torch.ones(6, 6))
        optimiser = MuonAdamW([("inner", weight)], 1e-2, 0.1)
        for index, push in enumerate(pushes):
            if index == stop:
                kept = optimiser.state_dict()
                optimiser = MuonAdamW([("inner", weight)], 1e-2, 0.1)
                optimiser.load_state_dict(kept)
            weight.grad = push.clone()
            optimiser.step()
        weights.append(weight.detach())
    assert torch.equal(*weights)
