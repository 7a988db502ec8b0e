# SPDX-License-Identifier: GPL-3.0-or-later
"""Which operators a graph may hold, and what may decide the size of a tensor.

Everything here maps arrays to arrays in time and memory that its inputs bound. Left out is what
loops (Loop, If, Scan), half and double precision, dynamic quantisation (its result depends on the
block), sequences, optionals, random numbers, and all operators of other domains.

A graph could still pick a size from the sound that runs through it, and ask for a terabyte at the
one sample where nobody looked. So each value has an origin, and operators that make or change
sizes take these from known origins only; what is then left shows in the probe run.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["CLEAR", "GROWING", "OPERATORS", "PICKING", "SIZED", "Origin"]


class Origin(IntEnum):
    """Where a value comes from; of several inputs the highest counts."""

    CONSTANT = 0  # written in the file, or computed from what is
    SIZE = 1  # a size of a tensor, picked but not reckoned with
    RECKONED = 2  # arithmetic on sizes
    SOUND = 3  # what is fed to the graph: audio, states, parameters


_NAMES = """
    Abs Acos Acosh Add And Asin Asinh Atan Atanh Ceil Clip Cos Cosh Div Elu Equal Erf Exp Floor
    Gelu Greater GreaterOrEqual HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Less
    LessOrEqual Log LogSoftmax Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow Reciprocal Relu Round
    Selu Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Sub Sum Tan Tanh ThresholdedRelu
    Where Xor
    BatchNormalization Conv ConvTranspose GRU Gemm GroupNormalization InstanceNormalization
    LayerNormalization LSTM LpNormalization MatMul RNN
    ArgMax ArgMin AveragePool CumSum GlobalAveragePool GlobalMaxPool LpPool MaxPool ReduceL1
    ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
    ReduceSumSquare
    Cast Concat Constant ConstantOfShape DepthToSpace Expand Flatten Gather GatherElements
    GatherND Pad Range Reshape Shape Size Slice SpaceToDepth Split Squeeze Tile Transpose Trilu
    Unsqueeze
"""
OPERATORS = frozenset(_NAMES.split())
"""Of the standard domain."""

CLEAR = frozenset({"Shape", "Size"})
"""Give a size, whatever the tensor holds."""

_PICKING = "Cast Concat Flatten Gather Identity Reshape Slice Squeeze Transpose Unsqueeze"
PICKING = frozenset(_PICKING.split())
"""Hand sizes on without reckoning."""

GROWING: dict[str, tuple[tuple[int, Origin], ...]] = {
    "ConstantOfShape": ((0, Origin.SIZE),),
    "Expand": ((1, Origin.SIZE),),
    "Tile": ((1, Origin.SIZE),),
    "Range": ((0, Origin.CONSTANT), (1, Origin.SIZE), (2, Origin.CONSTANT)),
    "Pad": ((1, Origin.CONSTANT), (3, Origin.CONSTANT)),
}
"""Make tensors as large as a value says: input → the highest origin that it may have."""

SIZED: dict[str, tuple[int, ...]] = {
    "CumSum": (1,),
    "Reshape": (1,),
    "Slice": (1, 2, 3, 4),
    "Split": (1,),
    "Squeeze": (1,),
    "Trilu": (1,),
    "Unsqueeze": (1,),
    **{name: (1,) for name in OPERATORS if name.startswith("Reduce")},
}
"""Inputs that choose places or sizes within what is there: anything but the sound."""
