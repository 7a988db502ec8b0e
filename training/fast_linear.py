# SPDX-License-Identifier: GPL-3.0-or-later
"""Linear maps whose training on a CPU is fast: products in bfloat16, sums in float32.

CPUs with bfloat16 instructions (AVX512-BF16, AMX) multiply three to five times faster with them.
Weights, gradients and everything between the maps stay float32; only the factors of each product
are rounded, to 8 bits, which is less than the noise of a batch (Kalamkar, "A Study of BFLOAT16 for
Deep Learning Training", 2019). On other devices, in inference and in an export it IS the plain map.
"""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["FastLinear", "fast_linear"]


@functools.cache
def has_bfloat16() -> bool:
    """Tell whether this CPU multiplies bfloat16 in hardware."""
    supported: Any = torch.cpu
    return bool(supported._is_avx512_bf16_supported())


class _Product(torch.autograd.Function):
    """y = x w' + b as one node of the graph."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        rows = x.reshape(-1, x.shape[-1]).bfloat16()
        small = weight.bfloat16()
        ctx.save_for_backward(rows, small)
        ctx.biased, ctx.shape = bias is not None, x.shape
        y = rows.mm(small.t()).float()
        if bias is not None:
            y += bias
        return y.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        rows, small = ctx.saved_tensors
        grad = grads[0].reshape(-1, grads[0].shape[-1])
        short = grad.bfloat16()
        to_x = short.mm(small).float().view(ctx.shape) if ctx.needs_input_grad[0] else None
        to_weight = short.t().mm(rows).float()
        return to_x, to_weight, grad.sum(0) if ctx.biased else None


def fast_linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Map x [..., inputs] to [..., outputs]; torch.nn.functional.linear to bfloat16's rounding."""
    training = torch.is_grad_enabled() and x.device.type == "cpu" and weight.requires_grad
    if not training or x.dtype != torch.float32 or not has_bfloat16():
        return nn.functional.linear(x, weight, bias)
    product: Any = _Product.apply
    found: Tensor = product(x, weight, bias)
    return found


class FastLinear(nn.Linear):
    """torch.nn.Linear through `fast_linear` while it trains."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 (nn.Linear's own name)
        """Map [..., in_features] to [..., out_features]."""
        if not self.training:
            return super().forward(input)
        return fast_linear(input, self.weight, self.bias)
