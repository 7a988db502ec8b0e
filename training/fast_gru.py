# SPDX-License-Identifier: GPL-3.0-or-later
"""A GRU whose training on a CPU is fast: torch.nn.GRU's parameters, an own time loop.

On a GPU, in inference, in an export and where no compiler works it IS torch.nn.GRU; results agree
to rounding (tests/training/test_fast_gru.py).
"""

from __future__ import annotations

import functools
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

SOURCE = Path(__file__).with_name("kernels") / "fast_gru.cpp"


@functools.cache
def kernel() -> Any:
    """Compile the loop once (about half a minute; kept by torch's cache), or give None."""
    from torch.utils import cpp_extension

    try:
        return cpp_extension.load(
            "neuralboard_fast_gru",
            [str(SOURCE)],
            extra_cflags=["-O3", "-march=native", "-ffast-math", "-fopenmp-simd"],
        )
    except (OSError, RuntimeError, ImportError) as error:
        warnings.warn(f"the fast GRU did not compile, training is slower: {error}", stacklevel=2)
        return None


class _Loop(torch.autograd.Function):
    """The recurrence as one node of the graph."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, h0: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Give h [steps, rows, units] from the input part of the gates [steps, rows, 3 units]."""
        h, gates = kernel().forward(x.contiguous(), h0.contiguous(), weight, bias)
        ctx.save_for_backward(h, gates, weight)
        return h[1:]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, ...]:
        """Give the gradients of all four inputs."""
        h, gates, weight = ctx.saved_tensors
        found: tuple[Tensor, ...] = tuple(
            kernel().backward(grads[0].contiguous(), h, gates, weight)
        )
        return found


class FastGRU(nn.GRU):
    """One layer, one direction, time first: x [steps, rows, inputs], h0 [1, rows, units]."""

    def forward(self, x: Tensor, h0: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Give all hidden vectors [steps, rows, units] and the last [1, rows, units]."""
        training = self.training and torch.is_grad_enabled() and x.device.type == "cpu"
        if not training or x.dtype != torch.float32 or kernel() is None:
            return super().forward(x, h0)
        parameters: list[Any] = [*self._flat_weights]
        weight_in, weight, bias_in, bias = parameters
        loop: Any = _Loop.apply
        h = loop(nn.functional.linear(x, weight_in, bias_in), h0[0], weight, bias)
        return h, h[-1:]
