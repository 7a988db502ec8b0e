# SPDX-License-Identifier: GPL-3.0-or-later
"""The self-test of a model: a signal that integers make, and what the graph gave for it.

The signal is the same to the bit everywhere; the output is compared within a tolerance, since
versions of ONNX Runtime and processors differ in the last bits (5e-7 seen).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neuralboard.effects.model_card import Card, Golden
from neuralboard.effects.model_probe import input_shapes
from neuralboard.errors import ModelFileError

if TYPE_CHECKING:
    from neuralboard.effects.model_file import ModelFile

__all__ = ["TOLERANCE", "compute_golden", "lcg", "verify_golden"]

TOLERANCE = 1e-4
"""Of the largest golden value, or of 1 where all are smaller."""

_FACTOR, _SUMMAND = 1664525, 1013904223  # Numerical Recipes' linear congruential generator
_FRAMES, _SAMPLES = 16, 1024  # at least so many
_LEVEL = {"spectrum": 1.0, "audio": 0.25}
_VALUES = 64


def lcg(seed: int, count: int) -> NDArray[np.float32]:
    """Return `count` values in [-1, 1): x ← (1664525 x + 1013904223) mod 2^32, then x >> 8.

    >>> lcg(1, 3).tolist()
    [-0.52708899974823, -0.26145875453948975, 0.00848400592803955]
    """
    states = np.empty(max(count, 1), np.uint64)
    states[0] = (_FACTOR * seed + _SUMMAND) & 0xFFFF_FFFF
    factor, summand, done = _FACTOR, _SUMMAND, 1
    while done < count:  # doubles what is there: k steps at once are an LCG as well
        more = min(done, count - done)
        states[done : done + more] = (states[:more] * factor + summand) & 0xFFFF_FFFF
        factor, summand = factor * factor & 0xFFFF_FFFF, (factor + 1) * summand & 0xFFFF_FFFF
        done += more
    return ((states[:count] >> 8) / 2.0**23 - 1.0).astype(np.float32)


def _feeds(card: Card, seed: int) -> dict[str, NDArray[np.float32]]:
    """Return main input and parameters of the whole test, states left out."""
    frames = _FRAMES if card.stft is not None else max(_FRAMES, -(-_SAMPLES // card.block))
    shapes = input_shapes(card, 1, frames)
    main = card.inputs[0]
    size = int(np.prod(shapes[main]))
    feeds = {main: (_LEVEL[main] * lcg(seed, size)).astype(np.float32).reshape(shapes[main])}
    for p in card.parameters:
        ramp = np.linspace(p.min, p.max, frames)
        feeds[p.name] = ramp.astype(np.float32).reshape(shapes[p.name])
    return feeds


def compute_golden(model: ModelFile, seed: int = 1) -> Golden:
    """Run the test signal through a model: in two calls, so that states count."""
    card = model.card
    feeds = _feeds(card, seed)
    main = card.inputs[0]
    frames = model.frames_of(feeds[main])
    cut = 3 * frames // 8
    states = model.start_states(1)
    parts = []
    for start, stop in ((0, cut), (cut, frames)):
        size = 1 if card.stft is not None else card.block
        block = np.ascontiguousarray(feeds[main][:, start * size : stop * size])
        knobs = {p.name: feeds[p.name][:, start:stop] for p in card.parameters}
        parts.append(model.run(block, states, knobs))
    whole = np.concatenate(parts, axis=2 if card.stems else 1).ravel()
    count = min(_VALUES, whole.size)
    places = np.arange(count) * whole.size // count
    return Golden("lcg", seed, tuple(float(value) for value in whole[places]))


def verify_golden(model: ModelFile) -> float:
    """Repeat the self-test; return the largest deviation, relative as `TOLERANCE`.

    Raises
    ------
    ModelFileError
        There is none, or the output is another.
    """
    golden = model.card.golden
    if golden is None:
        raise ModelFileError(
            f"{model.source} has no golden output to test against; embed it with add_golden"
        )
    wanted = np.array(golden.output)
    found = np.array(compute_golden(model, golden.seed).output)
    if found.shape != wanted.shape:
        raise ModelFileError(
            f"{model.source}: the self-test has {wanted.size} values in place of {found.size};"
            " embed it with add_golden"
        )
    worst = float(np.max(np.abs(found - wanted)) / max(1.0, float(np.max(np.abs(wanted)))))
    if not worst <= TOLERANCE:
        raise ModelFileError(
            f"{model.source} fails its self-test: off by {worst:.2g}, {TOLERANCE:g} is allowed;"
            " get it anew, or embed a new golden output with add_golden"
        )
    return worst
