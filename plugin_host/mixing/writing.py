# SPDX-License-Identifier: GPL-3.0-or-later
"""One pass over a mix that writes files: sounds block by block, the loudness, the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neuralboard.audio import Audio
from neuralboard.audio_writer import AudioWriter
from neuralboard.file_loudness import decoded_peak
from neuralboard.fingerprint import hash_file, made_with
from neuralboard.finish import Finished, check_targets, finish
from neuralboard.mixing.lock import Lock
from neuralboard.mixing.mixer import Mixer, thread_count
from neuralboard.mixing.planning import Output, report_files
from neuralboard.mixing.settings import OutputSettings
from neuralboard.mixing.stream import MIX, PREMASTER, MixStream
from neuralboard.mixing.timecode import timecode_of
from neuralboard.spool import Spool

if TYPE_CHECKING:
    from neuralboard.mixing.mix_report import Watch

__all__ = ["MixReport", "MixRun", "Progress"]

Progress = Callable[[int, int | None], None]


@dataclass
class MixReport:
    """What `render_mix` did.

    Attributes
    ----------
    folder : Path
    written, kept : list of str
        Files that were made, and that were up to date; relative to the folder.
    samples : int
    sample_rate : int
    seconds_taken : float
    notes : list of str
        What a user should know, one line each.
    """

    folder: Path
    written: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    samples: int = 0
    sample_rate: int = 48_000
    seconds_taken: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Length of the mix."""
        return self.samples / self.sample_rate


class MixRun:
    """One pass over the mix that writes the files that are due."""

    def __init__(
        self,
        mixer: Mixer,
        settings: OutputSettings,
        folder: Path,
        lock: Lock,
        protected: list[Path],
        threads: int | None,
        progress: Progress | None,
        title: str,
        due: list[Output],
        *,
        draws: bool,
    ) -> None:
        self._mixer, self._settings, self._folder = mixer, settings, folder
        self._due, self._lock, self._protected = due, lock, protected
        self._threads, self._progress, self._title = thread_count(threads), progress, title
        self.hashes: dict[str, str] = {}
        self.drawn: list[str] = []
        self._draws = draws

    def go(self, report: MixReport, known: int | None, *, forced: bool = False) -> int:
        """Render, write, and return the length in samples.

        Stems alone get the length of the mix that is `known`: they can't tell where its tail ends.
        All get it where it is `forced`.
        """
        whole = any(output.source in (MIX, PREMASTER) for output in self._due)
        stems = [output.source for output in self._due if output.source not in (MIX, PREMASTER)]
        total = self._mixer.num_samples()
        with ExitStack() as stack:
            watch = None
            if self._draws and any(output.source == MIX for output in self._due):
                from neuralboard.mixing.mix_report import Watch  # matplotlib is wanted here only

                watch = Watch(self._mixer.sample_rate, total)
            stream = stack.enter_context(
                self._mixer.open(
                    stems=stems,
                    mix=whole,
                    tail=self._settings.tail,
                    threads=self._threads,
                    taps=watch is not None,
                    length=known if forced or not whole else None,
                )
            )
            mixer = self._mixer
            timecode, note = timecode_of(mixer.strips, mixer.facts(), mixer.sample_rate)
            report.notes += [note] if note else []
            writers = {
                out.source: stack.enter_context(self._writer(out, timecode)) for out in self._due
            }
            pool = stack.enter_context(ThreadPoolExecutor(max(self._threads - 1, 1)))
            spool = None
            if MIX in writers and self._finishes:
                spool = stack.enter_context(Spool(2, beside=self._folder / "mix"))
            length = self._render(stream, writers, spool, watch, pool, total)
            finished = None
            if spool is not None:
                finished = self._finish(spool, writers[MIX], watch)
                report.notes += [f"warning: mix: {text}" for text in finished.warnings]
                report.notes.append(f"mix: {finished.describe()}")
            self._close(writers, pool)
            self._tell(writers, report)
            if watch is not None:
                self.drawn = self._report(stream, watch, report)
                report.written += self.drawn
        return length

    @property
    def _finishes(self) -> bool:
        return not (self._settings.loudness_lufs is None and self._settings.true_peak_db is None)

    def _render(
        self,
        stream: MixStream,
        writers: Mapping[str, AudioWriter],
        spool: Spool | None,
        watch: Watch | None,
        pool: ThreadPoolExecutor,
        total: int | None,
    ) -> int:
        """Write all outputs block by block; return the samples of each."""
        length = 0

        def take(name: str, audio: Audio) -> None:
            if name == MIX and spool is not None:
                spool.write(np.ascontiguousarray(audio))
                return
            if name in writers:
                writers[name].write(audio)
            if watch is not None:
                if name == MIX:
                    watch.push_mix(audio)
                else:
                    watch.push(name, audio)

        if watch is not None:
            watch.begin(stream.outputs)
        for block in stream.blocks():
            list(pool.map(take, block.keys(), block.values()))
            length += next(iter(block.values())).shape[1]
            if self._progress is not None:
                self._progress(length, None if total is None else max(total, length))
        return length

    def _finish(self, spool: Spool, writer: AudioWriter, watch: Watch | None) -> Finished:
        """Bring the mix to its loudness and write it; the bar runs once for each pass."""

        def of_all(done: int, _: int | None) -> None:
            if self._progress is not None:
                self._progress(done, spool.num_samples)

        finished = finish(
            spool,
            self._mixer.sample_rate,
            2,
            loudness_lufs=self._settings.loudness_lufs,
            true_peak_db=self._settings.true_peak_db,
            progress=of_all,
        )
        for block in finished.blocks():
            writer.write(block)
            if watch is not None:
                watch.push_mix(block)
        return finished

    def _report(self, stream: MixStream, watch: Watch, report: MixReport) -> list[str]:
        from neuralboard.mixing.mix_report import write_mix_report

        facts = [note.removeprefix("warning: ") for note in report.notes]
        return write_mix_report(
            self._folder, self._title, watch, stream.levels(), facts, made_with()
        )

    def _writer(self, output: Output, timecode: bytes) -> AudioWriter:
        return AudioWriter(
            self._folder / output.file,
            self._mixer.sample_rate,
            2,
            output.bit_depth,
            quality=output.quality,
            force=True,  # `check_replaceable` has said yes
            inputs=self._protected,
            before=timecode if output.format == "wav" else b"",
        )

    def _close(self, writers: Mapping[str, AudioWriter], pool: ThreadPoolExecutor) -> None:
        """Put all files in place; the lock says beforehand which, in case it is stopped between."""
        files = [output.file for output in self._due]
        if self._draws:
            files = [*files, *report_files(self._mixer.strips)]
        replace(self._lock, writing=[*self._lock.writing, *files]).write(self._folder)
        list(pool.map(lambda writer: writer.close(), writers.values()))
        sounds = [output.file for output in self._due]
        told = pool.map(lambda name: hash_file(self._folder / name), sounds)
        self.hashes |= dict(zip(sounds, told, strict=True))

    def _tell(self, writers: Mapping[str, AudioWriter], report: MixReport) -> None:
        for output in self._due:
            writer = writers[output.source]
            report.written.append(output.file)
            if output.bit_depth is None:
                wanted = self._settings
                _, ceiling = check_targets(wanted.loudness_lufs, wanted.true_peak_db)
                text, too_high = decoded_peak(self._folder / output.file, ceiling)
                report.notes.append(f"warning: {text}" if too_high else text)
            if writer.clipped:
                count = f"{writer.clipped:,} sample{'s were' if writer.clipped > 1 else ' was'}"
                report.notes.append(
                    f"warning: {output.file}: {count} beyond full scale and clipped; lower the"
                    " faders, or write 32 bits"
                )
