# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard train` and `neuralboard export`: from folders of recordings to a model file."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from neuralboard.console import DONE, progress_bar, say
from neuralboard.errors import NeuralboardError

__all__ = ["export", "train"]


def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="What to train: denoiser.")],
    speech: Annotated[
        list[Path], typer.Option(metavar="DIR", help="Clean voices, a folder a speaker.")
    ],
    noise: Annotated[list[Path], typer.Option(metavar="DIR", help="Noises, any files.")],
    out: Annotated[Path, typer.Option(metavar="RUN", help="The run's folder; made if missing.")],
    rir: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="Room impulse responses.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where RUN ended.")] = False,
    minutes: Annotated[float | None, typer.Option(min=0.01, help="How long to train.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="End after so many steps.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads of torch.")] = 1,
    settings: Annotated[
        Path | None,
        typer.Option("--recipe", metavar="FILE", help="A recipe of yours (TOML) in its place."),
    ] = None,
    data_licence: Annotated[
        str, typer.Option(metavar="TEXT", help="Licence of the recordings, for the model's card.")
    ] = "unknown",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> int:
    """Train a model from folders of recordings.

    Ctrl-C stops it and keeps the last state; --resume goes on from there.
    """
    from neuralboard.training import train as training
    from neuralboard.training.folders import prepare_folders
    from neuralboard.training.recipe import apply_recipe, packaged_recipe

    path = packaged_recipe(recipe)
    last = out / "last.safetensors"
    if last.is_file() and not resume:
        raise NeuralboardError(f"{out} holds a run already; add --resume, or name another folder")
    if resume and not last.is_file():
        raise NeuralboardError(f"{out} holds no run to go on with; leave out --resume")
    chosen = apply_recipe(training.Settings(out / "corpus", out), settings or path)
    given: dict[str, Any] = {"minutes": minutes, "max_steps": steps, "device": device}
    chosen = dataclasses.replace(chosen, **{k: v for k, v in given.items() if v is not None})
    training.prepare_torch(threads)
    prepare_folders(speech, noise, rir or [], out / "corpus", data_licence)
    with progress_bar(f"training {recipe}", quiet=quiet) as moved:
        try:
            training.run(chosen, resume, moved)
        except KeyboardInterrupt:
            say(f"{last} is kept, --resume goes on from it")
            raise
    say(f"done; look at {out / 'curves.png'} and {out / 'spectrograms.png'}, then:")
    say(f"neuralboard export {out / 'best.safetensors'} {recipe}.onnx --licence LICENCE")
    return DONE


def export(
    checkpoint: Annotated[Path, typer.Argument(help="RUN/best.safetensors of a run.")],
    out: Annotated[Path, typer.Argument(metavar="OUT.onnx", help="The model file.")],
    licence: Annotated[str, typer.Option(help="Of the weights, as 'CC BY 4.0'.")] = "",
    metrics: Annotated[
        Path | None,
        typer.Option(metavar="JSON", help="Held-out metrics; without it the run's own."),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="'NAME: LICENCE'", help="A data set; without it the run's own."),
    ] = None,
    corpus: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Take the data sets from this corpus.")
    ] = None,
    sources: Annotated[
        Path | None, typer.Option(metavar="TOML", help="Take the data sets from this list.")
    ] = None,
    name: Annotated[str, typer.Option(help="The model's name.")] = "denoiser",
    version: Annotated[str, typer.Option(help="The model's version.")] = "1",
    audio: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A noisy recording to check it on.")
    ] = None,
    max_mb: Annotated[float, typer.Option(help="Largest size of the file, MB.")] = 3.0,
) -> int:
    """Write a model file from a checkpoint, if it passes the ten checks of the gate."""
    from neuralboard.training import provenance
    from neuralboard.training.export import Request, export_checkpoint

    named = provenance.parse(data or [])
    named += provenance.of_corpus(corpus) if corpus else ()
    named += provenance.of_sources(sources) if sources else ()
    request = Request(licence, name, version, metrics, named, audio, max_bytes=round(max_mb * 1e6))
    export_checkpoint(checkpoint, out, request)
    say(f"{out} is written; neuralboard inspect {out} shows it")
    return DONE
