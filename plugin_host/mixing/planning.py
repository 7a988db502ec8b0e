# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a mix consists of, which of them are due, and whether they may be written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuralboard.errors import AudioFileError, MixError
from neuralboard.fingerprint import files_in, hash_file, hash_files, made_with, recipe
from neuralboard.mixing.lock import Lock, strip_recipe
from neuralboard.mixing.mixer import Mixer
from neuralboard.mixing.routing import Routing
from neuralboard.mixing.settings import OutputSettings
from neuralboard.mixing.stream import MIX, PREMASTER
from neuralboard.mixing.strips import MASTER
from neuralboard.safe_file import reason_of

__all__ = [
    "Output", "check_replaceable", "make_folders", "make_plan", "named_inputs", "same_bytes",
    "up_to_date",
]  # fmt: skip


@dataclass(frozen=True)
class Output:
    """One sound file to be."""

    file: str
    source: str  # the name that MixStream gives it
    format: str
    bit_depth: int | None
    quality: Any
    recipe: str


def make_plan(
    mixer: Mixer, settings: OutputSettings, folder: Path, sounds: list[Path]
) -> tuple[Lock, list[Output], dict[Path, str]]:
    """Return the folder's lock, all files of the mix with their recipes, and inputs' hashes."""
    from neuralboard.presets import describe_box

    strips = mixer.strips
    models = [p for s in strips.values() for p in files_in(describe_box(s.chain))]
    hashes = hash_files([*sounds, *models])
    recipes = {name: strip_recipe(strip, hashes) for name, strip in strips.items()}
    routing = Routing(strips)
    ends = {
        name: [facts.num_samples, facts.sample_rate, getattr(strips[name], "offset", 0.0)]
        for name, facts in mixer.facts().items()
    }
    shared = [made_with(), mixer.sample_rate, mixer.pan_law_db, settings.tail, ends]

    def of(names: Iterable[str], *more: Any) -> str:
        names = list(names)
        reached = routing.upstream(names)
        arrows = [
            [arrow.source, arrow.target, arrow.part, arrow.db, routing.passes(arrow)]
            for arrow in routing.arrows
            if arrow.source in reached and arrow.target in {MASTER, *reached}
        ]  # in the mixer's order: so are sums made
        return recipe(shared, {name: recipes[name] for name in reached}, arrows, names, *more)

    depth = settings.stems_bit_depth
    finish = [settings.loudness_lufs, settings.true_peak_db]
    form = [settings.format, settings.bit_depth, settings.quality]
    plan = [
        Output(
            f"mix.{settings.format}",
            MIX,
            settings.format,
            settings.mix_depth,
            settings.quality,
            of([MASTER], finish, form),
        )
    ]
    if settings.with_premaster:
        sources = [arrow.source for arrow in routing.into(MASTER)]
        plan.append(
            Output("premaster.wav", PREMASTER, "wav", depth, None, of(sources, "premaster", depth))
        )
    if settings.stems:
        plan += [
            Output(
                f"stems/{arrow.source}.wav", arrow.source, "wav", depth, None,
                of([arrow.source], depth),
            )
            for arrow in routing.into(MASTER)
            if arrow.part == "out"
        ]  # fmt: skip
    return Lock.read(folder), plan, hashes


def up_to_date(output: Output, folder: Path, lock: Lock) -> bool:
    """Return whether a file is there, whole, and of this recipe."""
    known = lock.outputs.get(output.file)
    if known is None or known.get("recipe") != output.recipe:
        return False
    return same_bytes(folder, output.file, lock)


def same_bytes(folder: Path, name: str, lock: Lock) -> bool:
    """Return whether a file has the bytes that the lock remembers."""
    known = lock.outputs.get(name, {}).get("sha256")
    return bool(known) and hash_file(folder / name) == known


def check_replaceable(files: list[str], folder: Path, lock: Lock, force: bool) -> None:
    """Raise `MixError` for a file that is not ours to replace."""
    if force:
        return
    for name in files:
        path = folder / name
        if not path.exists() or name in lock.writing:
            continue
        if same_bytes(folder, name, lock):
            continue
        why = (
            "was changed since it was rendered"
            if name in lock.outputs
            else "was not made by this mix"
        )
        raise MixError(
            f"{path} exists and {why}; --force (force=True) replaces it, or choose another folder"
        )


def make_folders(folder: Path, due: list[Output]) -> None:
    """Make the folders that files are to go to."""
    try:
        for parent in {(folder / output.file).parent for output in due}:
            parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AudioFileError(f"can't make the folder {folder}: {reason_of(error)}") from None


def named_inputs(hashes: Mapping[Path, str], folder: Path) -> dict[str, str]:
    """Return the inputs by names that hold on another machine, where that is possible."""
    base = folder.resolve().parent
    named = {}
    for path, value in hashes.items():
        real = path.resolve()
        name = real.relative_to(base).as_posix() if real.is_relative_to(base) else real.name
        named[name] = value
    return named
