# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a mix consists of, which of them are due, and whether they may be written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from neuralboard.errors import AudioFileError, MixError
from neuralboard.extras import MissingPackageError, needs
from neuralboard.fingerprint import files_in, hash_file, hash_files, made_with, recipe
from neuralboard.mixing.lock import Lock, strip_recipe
from neuralboard.mixing.mixer import Mixer
from neuralboard.mixing.routing import Routing
from neuralboard.mixing.settings import OutputSettings
from neuralboard.mixing.stream import MIX, PREMASTER
from neuralboard.mixing.strips import MASTER
from neuralboard.mixing.timecode import timecode_of
from neuralboard.safe_file import reason_of

__all__ = [
    "Output", "check_replaceable", "make_folders", "make_plan", "named_inputs", "same_bytes",
    "up_to_date",
]  # fmt: skip

REPORT = "report.html"
WAVES, LOUDNESS = "report/waveforms.svg", "report/loudness.svg"
SPECTRUM = "report/spectrogram.jpg"


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
    mixer: Mixer, settings: OutputSettings, sounds: list[Path]
) -> tuple[list[Output], dict[Path, str]]:
    """Return all sound files of a mix with their recipes, the mix first, and inputs' hashes."""
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
    shared.append(timecode_of(strips, mixer.facts(), mixer.sample_rate)[0].hex())

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
    return plan, hashes


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


def check_replaceable(files: Iterable[str], folder: Path, lock: Lock, force: bool) -> None:
    """Raise `MixError` for a file that is not ours to replace."""
    for name in files:
        path = folder / name
        if path.is_dir():
            raise MixError(
                f"{path} is a folder; move it away, or choose another folder for the mix"
            )
        if force or not path.exists() or name in lock.writing or name in lock.outputs:
            continue
        raise MixError(
            f"{path} exists and was not made by this mix; --force (force=True) replaces it, or"
            " choose another folder"
        )


def changed_by_hand(files: Iterable[str], folder: Path, lock: Lock) -> set[str]:
    """Return those of our files that somebody changed since: they are kept unless forced."""
    return {
        name
        for name in files
        if name in lock.outputs
        and name not in lock.writing
        and (folder / name).is_file()
        and not same_bytes(folder, name, lock)
    }


def report_files(strips: Iterable[str]) -> list[str]:
    """Return the files of which a report may consist."""
    boxes = [boxes_picture(number) for number, _ in enumerate(strips, 1)]
    return [REPORT, WAVES, LOUDNESS, SPECTRUM, *boxes]


def boxes_picture(number: int) -> str:
    """Return the picture of what the boxes of a strip did, counted from 1."""
    return f"report/boxes_{number}.svg"


def report_up_to_date(folder: Path, lock: Lock, title: str, plan: list[Output]) -> bool:
    """Return whether the report and all of its pictures are there, whole and of this mix."""
    known = lock.outputs.get(REPORT, {}).get("recipe")
    return known == recipe(title, plan[0].recipe) and all(
        same_bytes(folder, name, lock) for name in lock.outputs if is_of_report(name)
    )


def check_report_packages() -> None:
    """Raise `MissingPackageError` before anything is rendered, not when the report is drawn.

    Raises
    ------
    MissingPackageError
    """
    for package in ("matplotlib", "jinja2"):
        try:
            needs(package, package, "mix")
        except MissingPackageError as error:
            raise MissingPackageError(f"{error}, or set report = false") from None


def is_of_report(name: str) -> bool:
    """Return whether a file belongs to a report."""
    return name == REPORT or name.startswith("report/")


def check_folder(folder: Path, mix_file: str | None, lock: Lock, force: bool) -> None:
    """Raise `MixError` where the folder is none, or belongs to another mix."""
    if lock.mix is not None and mix_file is not None and lock.mix != mix_file and not force:
        raise MixError(
            f"{folder} holds the mix of {lock.mix}; choose another folder for {mix_file}, or"
            " --force (force=True) to replace it"
        )


def make_folders(folder: Path, files: Iterable[str]) -> None:
    """Make the folders that files are to go to."""
    for parent in sorted({(folder / name).parent for name in files}):
        try:
            parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = "it is a file; move it away" if parent.is_file() else reason_of(error)
            raise AudioFileError(f"can't make the folder {parent}: {reason}") from None


def named_inputs(hashes: Mapping[Path, str], folder: Path) -> dict[str, str]:
    """Return the inputs by names that hold on another machine, where that is possible."""
    base = folder.resolve().parent
    named = {}
    for path, value in hashes.items():
        real = path.resolve()
        name = real.relative_to(base).as_posix() if real.is_relative_to(base) else real.name
        named[name] = value
    return named
