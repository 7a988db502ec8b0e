# SPDX-License-Identifier: GPL-3.0-or-later
"""The file against its network, and the file against itself in other pieces."""

from __future__ import annotations

import numpy as np
import torch

from neuralboard.effects.model_probe import MAX_FRAMES
from neuralboard.training.gate.subject import ExportError, Finding, Floats, Subject, within

__all__ = ["any_chunks", "any_size", "same_as_pytorch"]

SAME, EQUAL = 1e-4, 1e-5
"""Of full scale: between two runtimes, and between two schedules (kernels differ by row count)."""


def difference(one: Floats, other: Floats, subject: Subject) -> float:
    """Return the largest deviation, as a share of full scale; infinite for other shapes."""
    if one.shape != other.shape:
        raise ExportError(f"the output has the shape {one.shape} in place of {other.shape}")
    return float(np.max(np.abs(one - other), initial=0.0)) / subject.full_scale


def same_as_pytorch(subject: Subject) -> Finding:
    """(1) ONNX Runtime gives what PyTorch gives, states included, on sound as it is used."""
    main = subject.main(subject.noisy)
    states = subject.model.start_states(len(main))
    found = subject.model.run(main, states)
    with torch.no_grad():
        wanted, after = subject.network(
            torch.from_numpy(main), subject.network.start_states(len(main))
        )
    worst = difference(found, wanted.numpy(), subject)
    for state, other in zip(subject.model.card.states, after, strict=True):
        gap = np.abs(states[state.input] - other.numpy()).max()
        worst = max(worst, float(gap / max(1.0, np.abs(other.numpy()).max())))
    return within("ONNX Runtime minus PyTorch", worst, SAME)


def any_chunks(subject: Subject) -> Finding:
    """(2) One frame at a time, random chunks and all at once give the same."""
    main = subject.main(subject.noisy[:, : 4 * subject.model.card.sample_rate])
    frames, rng = main.shape[1] // subject.unit, np.random.default_rng(1)
    whole = subject.run(main)
    random = rng.integers(1, MAX_FRAMES, frames).tolist()
    schedules = ([1] * frames, [MAX_FRAMES] * frames, random)
    worst = max(difference(subject.run(main, steps), whole, subject) for steps in schedules)
    return within("deviation between block schedules", worst, EQUAL)


def any_size(subject: Subject) -> Finding:
    """(6) Any number of frames, one channel or two; a channel hears nothing of the other."""
    longest = 3 * MAX_FRAMES
    main = subject.main(subject.noisy)[:, : longest * subject.unit]
    alone = [subject.run(np.ascontiguousarray(main[row : row + 1])) for row in (0, 1)]
    axis, worst = subject.time_axis, 0.0
    for frames in (1, 2, 3, 7, MAX_FRAMES, longest):
        for rows in (slice(0, 1), slice(0, 2)):
            piece = np.ascontiguousarray(main[rows, : frames * subject.unit])
            count = frames * subject.unit
            wanted = np.concatenate([np.take(a, range(count), axis) for a in alone[rows]], axis - 1)
            worst = max(worst, difference(subject.run(piece), wanted, subject))
    return within("deviation between lengths and channels", worst, EQUAL)
