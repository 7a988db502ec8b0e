# SPDX-License-Identifier: GPL-3.0-or-later
"""The optimiser: Muon for the matrices inside the network, AdamW for all else.

Muon (Jordan, 2024) turns the momentum of a matrix into the nearest one whose singular values are
all about one, so that every direction of a weight learns, not only the loudest few. Its step is
scaled to the size of AdamW's (Liu, "Muon is Scalable for LLM Training", 2025): one learning rate
serves both. Stacked matrices (a GRU's three gates, the bands' mixing) are each turned on their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["MuonAdamW", "orthogonal"]

MOMENTUM, BETAS, EPSILON = 0.95, (0.9, 0.999), 1e-8


def orthogonal(matrices: Tensor, steps: int = 5) -> Tensor:
    """Bring the singular values of [..., rows, columns] near one (0.7 to 1.2).

    A quintic Newton-Schulz iteration: only products, no decomposition.
    """
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    for _ in range(steps):
        square = x @ x.mT
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x.mT if tall else x


def is_matrix(name: str, weight: Tensor) -> bool:
    """Tell what Muon takes: maps between features, not the first and last layer, not biases."""
    inner = not any(word in name for word in ("encode", "decode", "place", "level"))
    return weight.ndim >= 2 and inner


class MuonAdamW(torch.optim.Optimizer):
    """Muon and AdamW in one, with one state to save.

    Parameters
    ----------
    named : iterable of (name, parameter)
        ``network.named_parameters()``; what needs no gradient is left out.
    lr, weight_decay : float
        As AdamW's.
    """

    def __init__(
        self, named: Iterable[tuple[str, nn.Parameter]], lr: float, weight_decay: float
    ) -> None:
        groups: dict[tuple[bool, int], list[nn.Parameter]] = {}
        for name, weight in named:
            if weight.requires_grad:
                stacked = 3 if "weight_ih" in name or "weight_hh" in name else 1
                kind = (is_matrix(name, weight), stacked)
                groups.setdefault(kind, []).append(weight)
        listed = [
            {"params": weights, "matrix": matrix, "stacked": stacked}
            for (matrix, stacked), weights in groups.items()
        ]
        super().__init__(listed, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step along the gradients."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                if group["matrix"]:
                    change = self._muon(weight, weight.grad, group["stacked"])
                else:
                    change = self._adam(weight, weight.grad)
                weight.sub_(change, alpha=group["lr"])
        return loss

    def _muon(self, weight: Tensor, grad: Tensor, stacked: int) -> Tensor:
        state = self.state[weight]
        momentum = state.setdefault("momentum", torch.zeros_like(weight))
        momentum.lerp_(grad, 1 - MOMENTUM)
        ahead = grad.lerp(momentum, MOMENTUM)  # Nesterov's look ahead
        if stacked > 1:
            ahead = ahead.reshape(stacked, -1, ahead.shape[-1])
        scale = 0.2 * max(ahead.shape[-2:]) ** 0.5  # the RMS of AdamW's steps
        return (scale * orthogonal(ahead)).reshape(weight.shape)

    def _adam(self, weight: Tensor, grad: Tensor) -> Tensor:
        state = self.state[weight]
        if not state:
            state["step"] = torch.zeros(())
            state["mean"], state["square"] = torch.zeros_like(weight), torch.zeros_like(weight)
        state["step"] += 1
        step = float(state["step"])
        state["mean"].lerp_(grad, 1 - BETAS[0])
        state["square"].lerp_(grad.square(), 1 - BETAS[1])
        mean = state["mean"] / (1 - BETAS[0] ** step)
        return mean / ((state["square"] / (1 - BETAS[1] ** step)).sqrt() + EPSILON)
