# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints: weights, averaged weights, optimiser state, in one safetensors file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn


@dataclass
class Progress:
    """How far a model has come."""

    step: int = 0
    hours_seen: float = 0.0  # of mixtures


def save(
    path: Path,
    model: nn.Module,
    average: nn.Module,
    optimiser: torch.optim.Optimizer | None,
    progress: Progress,
    settings: Mapping[str, object],
) -> None:
    """Write a checkpoint whole or not at all; without ``optimiser`` it is a third of the size."""
    tensors = {f"model.{k}": v.contiguous() for k, v in model.state_dict().items()}
    tensors |= {f"average.{k}": v.contiguous() for k, v in average.state_dict().items()}
    if optimiser is not None:
        for index, state in optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{index}.{k}": v.contiguous() for k, v in state.items()}
    about = {
        "step": str(progress.step),
        "hours_seen": f"{progress.hours_seen:.4f}",
        "model": json.dumps(settings),
    }
    temporary = path.with_suffix(".part")
    save_file({k: v.cpu() for k, v in tensors.items()}, temporary, metadata=about)
    os.replace(temporary, path)


def load(
    path: Path,
    model: nn.Module,
    average: nn.Module | None = None,
    optimiser: torch.optim.Optimizer | None = None,
) -> Progress:
    """Read a checkpoint back into what is given."""
    with safe_open(path, framework="pt") as file:
        about = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
    for prefix, part in (("model.", model), ("average.", average)):
        if part is not None:
            part.load_state_dict(
                {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
            )
    if optimiser is not None:
        whole = optimiser.state_dict()
        for name, value in tensors.items():
            if name.startswith("optimiser."):
                _, index, key = name.split(".")
                whole["state"].setdefault(int(index), {})[key] = value
        optimiser.load_state_dict(whole)
    return Progress(int(about["step"]), float(about["hours_seen"]))


def model_settings(path: Path) -> dict[str, int]:
    """Read how large the checkpoint's model is."""
    with safe_open(path, framework="pt") as file:
        found: dict[str, int] = json.loads(file.metadata()["model"])
    return found
