# SPDX-License-Identifier: GPL-3.0-or-later
"""What the card of the denoiser's model file says of its graph (docs/model-file.md)."""

from __future__ import annotations

from typing import Any

from neuralboard.effects.model_card import Card, State, Stft
from neuralboard.training.models import denoiser
from neuralboard.training.models.denoiser import HOP_LENGTH, LOOKAHEAD_FRAMES, N_FFT, Denoiser

__all__ = ["denoiser_card"]


def denoiser_card(network: Denoiser, **about: Any) -> Card:
    """Return the card: the graph's side from the network, name, licence, data … from `about`."""
    shapes = [tuple(state.shape[1:]) for state in network.start_states(1)]
    blocks = [f"state_block{index}" for index in range(1, len(network.blocks) + 1)]
    names = ["state_level", "state_context", *blocks]
    states = tuple(
        State(name, f"{name}_out", shape) for name, shape in zip(names, shapes, strict=True)
    )
    return Card(
        task="denoise speech; the room stays",
        domain="spectrum",
        sample_rate=48_000,
        inputs=("spectrum", *names),
        outputs=("mask", *(state.output for state in states)),
        stft=Stft(N_FFT, HOP_LENGTH, "sqrt_hann"),
        lookahead_frames=LOOKAHEAD_FRAMES,
        states=states,
        **about,
    )


assert denoiser.BINS == N_FFT // 2 + 1
