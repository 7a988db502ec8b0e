# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound that has to be heard more than once, kept on the disk instead of in memory.

A nameless file beside the output (where the system has such files): the disk that must hold the
output holds it too, and nothing of it stays, whatever happens.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from neuralboard.audio import Audio
from neuralboard.errors import AudioError, AudioFileError
from neuralboard.render import BLOCK
from neuralboard.safe_file import reason_of

__all__ = ["Spool"]


class Spool:
    """Audio blocks on the disk, float32: written once, then read as often as needed.

    A context manager: at its end the disk space is free again.

    Parameters
    ----------
    channels : int
    beside : path, optional
        A file (that need not exist) in whose folder the sound is kept; the system's folder for
        temporary files where not given.

    Attributes
    ----------
    num_samples : int
        Written so far, per channel.

    Raises
    ------
    AudioFileError
        The disk is full, or the folder can't be written.
    """

    def __init__(self, channels: int, beside: str | os.PathLike[str] | None = None) -> None:
        self.channels = channels
        self.num_samples = 0
        self._folder = None if beside is None else Path(beside).resolve().parent
        try:
            self._file = tempfile.TemporaryFile(  # noqa: SIM115 - closed by close()
                dir=self._folder, prefix=".neuralboard.", suffix=".part"
            )
        except OSError as error:
            raise self._failure(error) from None

    def write(self, block: Audio) -> None:
        """Append `[channels, samples]`."""
        if block.ndim != 2 or block.shape[0] != self.channels:
            raise AudioError(f"block of shape {block.shape} in a spool of {self.channels} channels")
        try:
            self._file.seek(0, os.SEEK_END)
            self._file.write(np.ascontiguousarray(block.T, np.float32).data)
        except OSError as error:
            raise self._failure(error) from None
        self.num_samples += block.shape[1]

    def blocks(self) -> Iterator[Audio]:
        """Yield all of it from the beginning, in blocks of 16,384 samples."""
        frame = 4 * self.channels
        try:
            self._file.flush()
            for start in range(0, self.num_samples, BLOCK):
                self._file.seek(start * frame)
                count = min(BLOCK, self.num_samples - start)
                raw = self._file.read(count * frame)
                frames = np.frombuffer(raw, np.float32).reshape(count, self.channels)
                yield np.ascontiguousarray(frames.T)
        except OSError as error:
            raise self._failure(error) from None

    def close(self) -> None:
        """Give back the disk space."""
        self._file.close()

    def _failure(self, error: OSError) -> AudioFileError:
        where = self._folder or tempfile.gettempdir()
        return AudioFileError(f"can't keep the sound between passes in {where}: {reason_of(error)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
