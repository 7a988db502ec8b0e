# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernels of dynamics and the filter cascade accept; see `checks`."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuralboard.cpp_ext.checks import array_problem, control_problem, out_problem

MOST_DB = 1000.0  # C++: GainReduction::kMostDb
MOST_SHELF_DB = 200.0
LEAST_WARPED, MOST_WARPED = float(np.float32(1e-6)), 1e6


def reduction_problem(box: Any, key: Any, controls: dict[str, Any], out: Any) -> Exception | None:
    """Return what is wrong with the arguments of GainReduction.push, or None."""
    problem = array_problem("key", key, np.float32, [box.channels, None])
    if problem is not None:
        return problem
    n = key.shape[1]
    limits = {
        "threshold_db": (-MOST_DB, MOST_DB),
        "slope": (0.0, 1.0),
        "knee_db": (0.0, MOST_DB),
        "range_db": (0.0, MOST_DB),
        "attack": (0.0, 1.0),
        "release": (0.0, 1.0),
        "hold": (0.0, float(box.longest_hold)),
    }
    for name, (low, high) in limits.items():
        problem = control_problem(name, controls[name], n, low, high)
        if problem is not None:
            return problem
    return out_problem(out, np.float32, [n], key)


def gain_problem(block: Any, gain_db: Any, out: Any) -> Exception | None:
    """Return what is wrong with the arguments of apply_gain_db, or None."""
    problem = array_problem("block", block, np.float32, [None, None])
    if problem is None:
        problem = array_problem("gain_db", gain_db, np.float32, [block.shape[1]])
    return problem or out_problem(out, np.float32, block.shape, block, in_place=True)


def shelf_problem(
    box: Any, block: Any, reduction_db: Any, warped: Any, out: Any
) -> Exception | None:
    """Return what is wrong with the arguments of DynamicShelf.process, or None."""
    problem = array_problem("block", block, np.float32, [box.channels, None])
    if problem is None:
        n = block.shape[1]
        problem = (
            array_problem("reduction_db", reduction_db, np.float32, [n])
            or control_problem("reduction_db", reduction_db, n, 0.0, MOST_SHELF_DB)
            or control_problem("warped", warped, n, LEAST_WARPED, MOST_WARPED)
        )
    return problem or out_problem(out, np.float32, block.shape, block, in_place=True)


def cascade_problem(box: Any, block: Any, coefficients: Any, out: Any) -> Exception | None:
    """Return what is wrong with the arguments of SvfCascade.process, or None."""
    problem = array_problem("block", block, np.float32, [box.channels, None])
    if problem is not None:
        return problem
    shape = [box.sections, 6]
    if isinstance(coefficients, np.ndarray) and coefficients.ndim == 3:
        shape.insert(0, block.shape[1])
    problem = array_problem("coefficients", coefficients, np.float64, shape)
    if problem is None and not np.isfinite(coefficients).all():
        problem = ValueError("coefficients must be finite; check the design of the filter")
    return problem or out_problem(out, np.float32, block.shape, block, in_place=True)
