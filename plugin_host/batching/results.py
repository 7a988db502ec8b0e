# SPDX-License-Identifier: GPL-3.0-or-later
"""What a batch tells at its end."""

from __future__ import annotations

from dataclasses import dataclass

from neuralboard.files import FileReport

__all__ = ["BatchReport", "FileResult"]


@dataclass(frozen=True)
class FileResult:
    """What became of one file.

    Attributes
    ----------
    input, output : str
    status : str
        "done"; "skipped": done before, and nothing has changed since; "failed".
    error : str
        One line, where it failed.
    tries : int
        How often it was handed to a worker.
    report : FileReport or None
        Of a file that is done.
    took : float
        Seconds that the worker needed.
    worker : str
        "host:process".
    """

    input: str
    output: str
    status: str
    error: str = ""
    tries: int = 0
    report: FileReport | None = None
    took: float = 0.0
    worker: str = ""


@dataclass(frozen=True)
class BatchReport:
    """What became of a batch.

    Attributes
    ----------
    results : tuple of FileResult
        In the order of the inputs.
    journal : str
        Path of the journal.
    """

    results: tuple[FileResult, ...]
    journal: str

    def of(self, status: str) -> list[FileResult]:
        """Return the results with a status."""
        return [result for result in self.results if result.status == status]

    @property
    def failed(self) -> list[FileResult]:
        """The files that failed."""
        return self.of("failed")

    @property
    def seconds(self) -> float:
        """Seconds of audio that this run wrote."""
        return sum(result.report.seconds for result in self.results if result.report is not None)
