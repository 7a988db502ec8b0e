# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that break models: silence, DC, squares, whispers, clicks and bursts."""

from __future__ import annotations

import numpy as np

from neuralboard.effects.model_probe import MAX_FRAMES
from neuralboard.effects.neural.neural_effect import NeuralEffect
from neuralboard.training.gate.subject import ExportError, Finding, Floats, Subject, within

__all__ = ["hard_signals"]

SILENT = 1e-6  # -120 dBFS, what comes out where nothing goes in
LOUDEST = 4.0  # +12 dBFS, for input of full scale


def hard_signals(subject: Subject) -> Finding:
    """(5) All finite, none far above full scale, and silence stays silent."""
    rate = subject.model.card.sample_rate
    box, silence = NeuralEffect(subject.path), 0.0
    for name, audio in _signals(subject.noisy, rate).items():
        _finite_in_graph(subject, name, audio)
        out = box(audio, rate)
        peak = float(np.abs(out).max())
        if not peak <= LOUDEST:
            raise ExportError(f"{name}: the peak is {peak:.3g}, at most {LOUDEST:g} is allowed")
        if name == "silence":
            silence = max(silence, peak)
        elif name == "sound, then silence":  # its last second
            silence = max(silence, float(np.abs(out[..., -rate:]).max()))
    return within("peak in silence", silence, SILENT)


def _finite_in_graph(subject: Subject, name: str, audio: Floats) -> None:
    """Look at the graph itself: the host mends what is broken before anybody hears it."""
    main, states = subject.main(audio), subject.model.start_states(2)
    step = MAX_FRAMES * subject.unit
    for place in range(0, main.shape[1], step):
        piece = np.ascontiguousarray(main[:, place : place + step])
        found = [subject.model.run(piece, states), *states.values()]
        if not all(np.isfinite(values).all() for values in found):
            raise ExportError(f"{name}: the graph gives values that are not finite")


def _signals(speech: Floats, rate: int) -> dict[str, Floats]:
    """Give signals of one to four seconds, ``[2, samples]``."""
    time, rng = np.arange(2 * rate) / rate, np.random.default_rng(5)
    two = speech[:, : 2 * rate]
    clicks = np.zeros_like(two)
    clicks[:, :: rate // 7] = 1.0
    bursts = rng.uniform(-1, 1, (2, 2 * rate)) * (np.sin(2 * np.pi * 4 * time) > 0)
    square = np.where(np.sin(2 * np.pi * 100 * time) >= 0, 1.0, -1.0)
    level = 10 ** (-80 / 20) / max(float(np.sqrt(np.mean(two**2))), 1e-9)
    found = {
        "silence": np.zeros_like(two),
        "DC": np.ones_like(two),
        "full-scale square": np.stack([square, -square]),
        "speech at -80 dBFS": two * level,
        "clicks": clicks,
        "noise bursts": bursts,
        "sound, then silence": np.concatenate([two, np.zeros_like(two)], axis=1),
    }
    return {name: np.ascontiguousarray(audio, np.float32) for name, audio in found.items()}
