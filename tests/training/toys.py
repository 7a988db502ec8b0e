# SPDX-License-Identifier: GPL-3.0-or-later
"""Small networks for the gate: one that passes, and one for each way to fail."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from neuralboard.effects.model_file import (
    Card,
    DataSource,
    State,
    Stft,
    add_card,
    add_golden,
    load_model,
)  # fmt: skip
from neuralboard.training.gate import Subject
from neuralboard.training.onnx_graph import export_graph

RATE, STFT = 8_000, Stft(32, 16)
BINS = STFT.bins


class Toy(nn.Module):
    """spectrum [batch, frames, 17, 2] → GRU → real mask; one state."""

    output = "mask"
    sizes: tuple[int, ...] = (BINS,)

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.gru = nn.GRU(BINS, BINS, batch_first=True)

    def start_states(self, batch: int) -> list[Tensor]:
        return [torch.zeros(batch, size) for size in self.sizes]

    def forward(self, spectrum: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        power = spectrum.square().sum(-1)
        y, h = self.gru(torch.log1p(power), states[0][None])
        return self.bend(torch.sigmoid(y), power), [h[0]]

    def bend(self, gain: Tensor, power: Tensor) -> Tensor:
        """Spoil something."""
        return gain


class ExportsAnotherGain(Toy):
    def bend(self, gain: Tensor, power: Tensor) -> Tensor:
        return gain * 0.9 if torch.onnx.is_in_onnx_export() else gain


class LevelsWholeCalls(Toy):
    """Its mask depends on how many frames are in the call."""

    def bend(self, gain: Tensor, power: Tensor) -> Tensor:
        return gain * torch.sigmoid(power.mean(1, keepdim=True))


class LooksAhead(Toy):
    def bend(self, gain: Tensor, power: Tensor) -> Tensor:
        return torch.cat([gain[:, 1:], gain[:, -1:]], 1)


class Drifts(Toy):
    """A second state that only grows."""

    sizes = (BINS, 1)

    def forward(self, spectrum: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        gain, after = super().forward(spectrum, states[:1])
        return gain, [*after, states[1] + spectrum.square().sum((1, 2, 3))[:, None]]


class BreaksOnLoud(Toy):
    def bend(self, gain: Tensor, power: Tensor) -> Tensor:
        return gain * torch.sqrt(100.0 - power)


class Shouts(Toy):
    def bend(self, gain: Tensor, power: Tensor) -> Tensor:
        return gain * 1000


class Hums(Toy):
    """Gives a spectrum that is never silent."""

    output = "spectrum_out"

    def forward(self, spectrum: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        gain, after = super().forward(spectrum, states)
        return spectrum * gain[..., None] + 0.01, after


class MixesChannels(Toy):
    def bend(self, gain: Tensor, power: Tensor) -> Tensor:
        return 0.5 * gain + 0.5 * gain.mean(0, keepdim=True)


class EndsAfter64(Toy):
    """Has a place in time, and 64 of them."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.ones(1, 64, 1))

    def bend(self, gain: Tensor, power: Tensor) -> Tensor:
        return gain * self.place[:, : gain.shape[1]]


class OpensLate(Toy):
    """A good mask, but two frames later than its card says: a state holds it back."""

    sizes = (BINS, 2 * BINS)
    late = 2

    def forward(self, spectrum: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        power = spectrum.square().sum(-1)
        loud = power.sum(-1, keepdim=True)
        gain = (loud / (loud + 10.0)).expand(-1, -1, BINS)
        held = torch.cat([states[1].reshape(-1, 2, BINS), gain], 1)
        return held[:, :-2], [states[0] + 0, held[:, -2:].reshape(-1, 2 * BINS)]


class SoundsLate(Toy):
    """Its spectrum comes out three frames after it went in."""

    output, sizes = "spectrum_out", (BINS, 3 * BINS * 2)

    def forward(self, spectrum: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        held = torch.cat([states[1].reshape(-1, 3, BINS, 2), spectrum], 1)
        return held[:, :-3], [states[0] + 0, held[:, -3:].reshape(-1, 3 * BINS * 2)]


def card_of(toy: Toy, **other: Any) -> Card:
    """Give a complete card."""
    states = tuple(
        State(f"state_{i}", f"state_{i}_out", (size,)) for i, size in enumerate(toy.sizes)
    )
    about: dict[str, Any] = {
        "name": "toy",
        "version": "1",
        "task": "test",
        "domain": "spectrum",
        "sample_rate": RATE,
        "inputs": ("spectrum", *(s.input for s in states)),
        "outputs": (toy.output, *(s.output for s in states)),
        "stft": STFT,
        "states": states,
        "licence": "CC0 1.0",
        "data": (DataSource("nothing", "CC0 1.0"),),
        "metrics": {"split": "test", "si_sdr_db": 1.0},
        "trained_with": "no training",
        "created": "2026-01-31",
    }
    return Card(**{**about, **other})


def sound() -> tuple[Any, Any]:
    """Give (noisy, clean) [2, samples]: tones that come and go, over a weak hiss."""
    time, rng = np.arange(3 * RATE) / RATE, np.random.default_rng(8)
    gate = np.sin(2 * np.pi * 2.3 * time) > 0.2
    clean = np.stack([gate * np.sin(2 * np.pi * f * time) * 0.5 for f in (440, 900)])
    noisy = clean + 0.1 * rng.standard_normal(clean.shape)
    return noisy.astype(np.float32), clean.astype(np.float32)


def subject_of(toy: Toy, folder: Path, card: Card | None = None) -> Subject:
    """Export without a gate."""
    card = card or card_of(toy)
    path = folder / "toy.onnx"
    path.write_bytes(add_golden(add_card(export_graph(toy, card), card)))
    noisy, clean = sound()
    model = load_model(path, trust=True)
    return Subject(toy.eval(), model, path, noisy, clean, minutes=0.05)


def with_model(subject: Subject, **changes: Any) -> Subject:
    """Give the subject with another model file object."""
    return dataclasses.replace(subject, model=dataclasses.replace(subject.model, **changes))
