# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory of a model: gone after a reset, of one shape, and never drifting."""

from __future__ import annotations

from typing import Any

import numpy as np

from neuralboard.effects.model_probe import MAX_FRAMES
from neuralboard.training.gate.subject import ExportError, Finding, Subject, within

__all__ = ["reset_and_bounded"]

AGAIN = 1e-7  # of full scale; the same graph on the same input repeats to the bit
GROWTH = 1.5  # of the largest state in the second half of the time over that in the first
SECONDS_PER_MINUTE = 60.0
GAINS = (1.0, 0.03, 8.0)  # quiet and loud rounds follow each other


def reset_and_bounded(subject: Subject) -> Finding:
    """(4) A reset gives the first answer again; states keep shape and size over ten minutes."""
    main = subject.main(subject.noisy[:, : subject.model.card.sample_rate])
    first, again = subject.run(main), subject.run(main)
    runner = subject.model.runner(2)
    rounds: list[list[Any]] = []
    for _ in range(2):
        runner.reset()
        rounds.append([])
        for frame in range(min(20, main.shape[1] // subject.unit)):
            cut = slice(frame * subject.unit, (frame + 1) * subject.unit)
            np.copyto(runner.inputs[subject.model.card.inputs[0]], main[:, cut])
            rounds[-1].append(runner.run()[subject.model.card.outputs[0]].copy())
    gap = max(np.abs(first - again).max(), np.abs(np.array(rounds[0]) - rounds[1]).max())
    within("change after a reset", float(gap) / subject.full_scale, AGAIN)
    return within("growth of the states, second half over first", _growth(subject), GROWTH)


def _growth(subject: Subject) -> float:
    """Run the sound in a loop; compare the largest state of the two halves of the time."""
    card = subject.model.card
    main = subject.main(subject.noisy[:1])
    frames = main.shape[1] // subject.unit
    per_second = card.sample_rate / (card.stft.hop_length if card.stft else card.block)
    rounds = max(2 * len(GAINS), round(subject.minutes * SECONDS_PER_MINUTE * per_second / frames))
    states = subject.model.start_states(1)
    largest = np.zeros((2, len(card.states)))
    for turn in range(rounds):
        loud = main * np.float32(GAINS[turn % len(GAINS)])
        half = int(2 * turn >= rounds)
        for place in range(0, frames * subject.unit, MAX_FRAMES * subject.unit):
            subject.model.run(loud[:, place : place + MAX_FRAMES * subject.unit], states)
            for index, state in enumerate(card.states):
                value = states[state.input]
                if value.shape != (1, *state.shape):
                    raise ExportError(
                        f"state '{state.output}' has become {list(value.shape)}, by its card"
                        f" {[1, *state.shape]}"
                    )
                size = float(np.abs(value).max())
                if not np.isfinite(size):
                    raise ExportError(f"state '{state.output}' is not finite in round {turn}")
                largest[half, index] = max(largest[half, index], size)
    return float(np.max(largest[1] / np.maximum(largest[0], 1e-6), initial=1.0))
