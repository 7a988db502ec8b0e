# SPDX-License-Identifier: GPL-3.0-or-later
"""A mix into a folder: mix, premaster, stems, report and lock, each whole or absent.

    out/mix.wav    out/premaster.wav    out/stems/NAME.wav    out/report.html    out/mix.lock.json

A rerun keeps what is up to date. Existing files are replaced only if our own lock lists them with
the bytes that they have, or with `force`.
"""

from __future__ import annotations

import time
from pathlib import Path

from neuralboard.errors import MixError
from neuralboard.fingerprint import hash_file, made_with, recipe
from neuralboard.mixing.lock import LOCK_NAME, Lock
from neuralboard.mixing.mixer import Mixer
from neuralboard.mixing.planning import (
    REPORT,
    Output,
    changed_by_hand,
    check_folder,
    check_replaceable,
    check_report_packages,
    is_of_report,
    make_folders,
    make_plan,
    named_inputs,
    report_files,
    report_up_to_date,
    up_to_date,
)
from neuralboard.mixing.settings import OutputSettings
from neuralboard.mixing.writing import MixReport, MixRun, Progress

__all__ = ["MixReport", "render_mix"]


def render_mix(
    mixer: Mixer,
    folder: str | Path,
    settings: OutputSettings | None = None,
    *,
    title: str = "mix",
    force: bool = False,
    threads: int | None = None,
    progress: Progress | None = None,
    mix_file: Path | None = None,
) -> MixReport:
    """Render a mix into a folder.

    Parameters
    ----------
    mixer : Mixer
    folder : path
        Made where it is missing.
    settings : OutputSettings, optional
    title : str
        Of the report.
    force : bool
        Replace files that are not ours, or that were changed since; those are kept else, the
        former as an error, the latter with a warning.
    threads : int, optional
        As many as there are processors where not given; the bytes are the same.
    progress : callable (samples done, samples in all or None), optional
    mix_file : Path, optional
        Where the mix is written down: never replaced, and its name says whose the folder is.

    Raises
    ------
    MixError, AudioFileError
        One line; no file is half-written.
    """
    begun = time.monotonic()
    settings, folder = settings or OutputSettings(), Path(folder)
    problem = settings.problem(mixer.sample_rate)
    if problem:
        raise MixError(problem)
    if folder.exists() and not folder.is_dir():
        raise MixError(f"{folder} is a file; name a folder for the mix")
    mixer.check()
    lock = Lock.read(folder)
    check_folder(folder, _name_of(mix_file, folder), lock, force)
    sounds = [facts.path for facts in mixer.facts().values() if facts.path is not None]
    plan, hashes = make_plan(mixer, settings, sounds)
    report = MixReport(folder, sample_rate=mixer.sample_rate)
    drawn = report_files(mixer.strips) if settings.report else []
    due, draws = _due(plan, drawn, folder, lock, title, force, report)
    report.kept = [output.file for output in plan if output not in due]
    if not due and lock.length is not None:
        report.samples = lock.length
        report.seconds_taken = time.monotonic() - begun
        return report
    if draws and plan[0] in due:
        check_report_packages()
    make_folders(folder, [*(output.file for output in due), *(drawn if draws else [])])
    protected = [*sounds, *([mix_file] if mix_file is not None else [])]
    parts = (mixer, settings, folder, lock, protected, threads, progress, title)
    run = MixRun(*parts, due, draws=draws)
    length = run.go(report, lock.length)
    again = _kept_but_ours(plan, report, folder, lock) if lock.length not in (None, length) else []
    if again:  # something else made the mix longer or shorter: what was kept has another length
        report.kept = [name for name in report.kept if name not in {o.file for o in again}]
        more = MixRun(*parts, again, draws=draws)
        more.go(report, length, forced=True)
        run.hashes |= more.hashes
    new = Lock(
        made_with(), named_inputs(hashes, folder), {}, [], length, _name_of(mix_file, folder)
    )
    new.outputs = _remembered(run, plan, lock, folder, title)
    new.write(folder)
    _tell_of_orphans(report, plan, settings, new, folder)
    report.written.append(LOCK_NAME)
    report.samples = length
    report.seconds_taken = time.monotonic() - begun
    return report


def _name_of(mix_file: Path | None, folder: Path) -> str | None:
    return None if mix_file is None else next(iter(named_inputs({mix_file: ""}, folder)))


def _kept_but_ours(plan: list[Output], report: MixReport, folder: Path, lock: Lock) -> list[Output]:
    """Return what was kept because it was up to date, not because somebody changed it."""
    changed = changed_by_hand(report.kept, folder, lock)
    return [o for o in plan if o.file in report.kept and o.file not in changed]


def _due(
    plan: list[Output],
    drawn: list[str],
    folder: Path,
    lock: Lock,
    title: str,
    force: bool,
    report: MixReport,
) -> tuple[list[Output], bool]:
    """Return what is to be made (missing, or of another recipe), and whether to draw the report.

    What somebody changed is kept, and a warning says so.
    """
    due = [output for output in plan if not up_to_date(output, folder, lock)]
    if drawn and plan[0] not in due and not report_up_to_date(folder, lock, title, plan):
        due.insert(0, plan[0])  # the report is drawn while the mix is made
    files = [output.file for output in due]
    drawn = drawn if plan[0] in due else []
    check_replaceable([*files, *drawn], folder, lock, force)
    changed = set() if force else changed_by_hand([*files, *drawn], folder, lock)
    report.notes += [
        f"warning: {name} was changed since it was rendered and is kept; --force replaces it"
        for name in sorted(changed)
    ]
    return [output for output in due if output.file not in changed], bool(
        drawn
    ) and not changed & set(drawn)


def _remembered(
    run: MixRun, plan: list[Output], lock: Lock, folder: Path, title: str
) -> dict[str, dict[str, str]]:
    """Return what the new lock knows of files: ours of earlier runs stay ours."""
    known = {name: told for name, told in lock.outputs.items() if (folder / name).is_file()}
    for output in plan:
        if output.file in run.hashes:
            told = {"recipe": output.recipe, "sha256": run.hashes[output.file]}
            known[output.file] = told
    for name in run.drawn:
        mine = recipe(title, plan[0].recipe) if name == REPORT else ""
        known[name] = {"recipe": mine, "sha256": hash_file(folder / name)}
    return known


def _tell_of_orphans(
    report: MixReport, plan: list[Output], settings: OutputSettings, lock: Lock, folder: Path
) -> None:
    """Name files of earlier runs that are no part of this mix; remove pictures of old reports."""
    parts = {output.file for output in plan}
    for name in sorted(set(lock.outputs) - parts):
        if settings.report and is_of_report(name):
            continue
        report.notes.append(f"{folder / name} is of an earlier run and no part of this mix")
