# SPDX-License-Identifier: GPL-3.0-or-later
"""A GRU whose training on a CPU is fast: torch.nn.GRU's parameters, an own time loop.

On a GPU, in inference, in an export and where no compiler works it IS torch.nn.GRU; results agree
to rounding (tests/training/test_fast_gru.py).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from neuralboard.training.kernels import kernel


class _Loop(torch.autograd.Function):
    """The whole layer as one node of the graph."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, h0: Tensor, *parameters: Tensor) -> Tensor:
        """Give h [steps, rows, units] from x [steps, rows, inputs] and torch's four parameters."""
        x = x.contiguous()
        h, gates = kernel("fast_gru").forward(x, h0.contiguous(), *parameters)
        ctx.save_for_backward(x, h, gates, *parameters[:2])
        return h[1:]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, ...]:
        """Give the gradients of all inputs."""
        found: tuple[Tensor, ...] = tuple(
            kernel("fast_gru").backward(grads[0].contiguous(), *ctx.saved_tensors)
        )
        return found


class FastGRU(nn.GRU):
    """One layer, one direction, time first: x [steps, rows, inputs], h0 [1, rows, units]."""

    def forward(self, x: Tensor, h0: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Give all hidden vectors [steps, rows, units] and the last [1, rows, units]."""
        training = self.training and torch.is_grad_enabled() and x.device.type == "cpu"
        if not training or x.dtype != torch.float32 or kernel("fast_gru") is None:
            return super().forward(x, h0)
        loop: Any = _Loop.apply
        h = loop(x, h0[0], *self._flat_weights)
        return h, h[-1:]
