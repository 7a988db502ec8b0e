# SPDX-License-Identifier: GPL-3.0-or-later
"""From a checkpoint to a model file, through the gate.

    python -m neuralboard.training.export RUN/best.safetensors denoiser.onnx --licence "CC0 1.0"
    neuralboard export RUN/best.safetensors denoiser.onnx --licence "CC0 1.0"

The averaged weights are exported. The file is written beside its place and takes its name only when
all ten checks passed (`neuralboard.training.gate`); on a miss nothing is left.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError

from neuralboard.effects.model_file import (
    Card,
    DataSource,
    ModelFile,
    add_card,
    add_golden,
    load_model,
)
from neuralboard.training import checkpoint, provenance
from neuralboard.training.gate import ExportError, Subject, demo_audio, run_gate
from neuralboard.training.gate.subject import MAX_BYTES
from neuralboard.training.models.denoiser import Denoiser
from neuralboard.training.models.denoiser_card import denoiser_card
from neuralboard.training.onnx_graph import export_graph

__all__ = ["METRICS_FILE", "ExportError", "Request", "export_checkpoint", "export_network"]

METRICS_FILE = "metrics.json"


@dataclasses.dataclass(frozen=True)
class Request:
    """What the card says beside the graph, and how strict the gate is.

    Attributes
    ----------
    licence : str
        Of the weights.
    metrics : path, optional
        JSON: numbers, and the held-out ``split`` that they were measured on. Default: the
        ``metrics.json`` of the run folder.
    data : tuple of DataSource
        Default: what the run folder says (``data.json``).
    audio : path, optional
        A recording to check the model on. Default: the demo clip, whose clean half is known.
    minutes : float
        How long the gate watches the states.
    """

    licence: str = ""
    name: str = "denoiser"
    version: str = "1"
    metrics: Path | None = None
    data: tuple[DataSource, ...] = ()
    audio: Path | None = None
    minutes: float = 10.0
    max_bytes: int = MAX_BYTES


def load_network(path: Path) -> tuple[Denoiser, checkpoint.Progress]:
    """Read the averaged weights of a checkpoint."""
    if not path.is_file():
        raise ExportError(f"there is no checkpoint {path}; give the RUN/best.safetensors of a run")
    try:
        settings = checkpoint.model_settings(path)
        network, average = Denoiser(**settings), Denoiser(**settings)
        progress = checkpoint.load(path, network, average)
    except (SafetensorError, KeyError, TypeError, RuntimeError, ValueError, OSError) as error:
        reason = " ".join(str(error).split())[:150]
        raise ExportError(
            f"{path.name} is no checkpoint of the denoiser ({type(error).__name__}: {reason});"
            " give the best.safetensors of a run of this version"
        ) from None
    return average.eval(), progress


def export_checkpoint(
    source: Path, target: Path, request: Request, say: Callable[[str], None] = print
) -> ModelFile:
    """Turn a checkpoint into a model file at `target`.

    Raises
    ------
    ExportError
        No checkpoint, or a check of the gate failed: named, with its figure and bound.
    """
    network, progress = load_network(source)
    card = denoiser_card(
        network,
        name=request.name,
        version=request.version,
        licence=request.licence or "unknown",
        data=request.data or provenance.of_run(source.parent),
        metrics=read_metrics(request.metrics or source.parent / METRICS_FILE),
        trained_with=(
            f"neuralboard {version('neuralboard')}, torch {torch.__version__.partition('+')[0]},"
            f" {progress.step} steps, {progress.hours_seen:.1f} hours of mixtures"
        ),
        created=dt.datetime.now(dt.UTC).date().isoformat(),
    )
    return export_network(network, card, target, request, say)


def export_network(
    network: Any,
    card: Card,
    target: Path,
    request: Request,
    say: Callable[[str], None] = print,
) -> ModelFile:
    """Turn a network with explicit states into a model file at `target`, through the gate."""
    if not target.parent.is_dir():
        raise ExportError(f"there is no folder {target.parent}; make it first")
    beside = target.with_name(f".{target.stem}.part.onnx")
    try:
        folded = network.folded() if hasattr(network, "folded") else network
        data = add_golden(add_card(export_graph(folded, card), card))
        beside.write_bytes(data)
        model = load_model(beside, trust=True)
        noisy, clean = demo_audio(card.sample_rate, request.audio)
        run_gate(
            Subject(network, model, beside, noisy, clean, request.minutes, request.max_bytes), say
        )
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)
    say(f"one frame takes {microseconds_per_frame(model):.0f} us of one CPU thread")
    return load_model(target, trust=True)


def read_metrics(path: Path) -> dict[str, Any]:
    """Read a table of metrics; an absent one is empty, and stops at the gate."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ExportError(f"{path.name} is no JSON ({error}); write name → value") from None
    if not isinstance(found, dict):
        raise ExportError(f"{path.name} holds a {type(found).__name__}; write name → value")
    return found


def microseconds_per_frame(model: ModelFile, calls: int = 300) -> float:
    """Measure the least CPU time of calls of one frame, one channel."""
    runner, rng = model.runner(1), np.random.default_rng(0)
    for values in runner.inputs.values():
        values[...] = 0.1 * rng.standard_normal(values.shape)
    times = []
    for _ in range(calls):
        began = time.thread_time()
        runner.run()
        times.append(time.thread_time() - began)
    return 1e6 * min(times)


if __name__ == "__main__":
    import sys

    from neuralboard.main import main

    sys.exit(main(["export", *sys.argv[1:]]))
