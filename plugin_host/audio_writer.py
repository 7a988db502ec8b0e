# SPDX-License-Identifier: GPL-3.0-or-later
"""Write an audio file, whole or not at all, or a WAV to standard output."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np

from neuralboard.audio import Audio
from neuralboard.audio_reader import AudioReader
from neuralboard.audio_sinks import (
    BIT_DEPTHS,
    PedalboardSink,
    Sink,
    WavSink,
    check_encoder,
    format_of,
)
from neuralboard.errors import AudioError, AudioFileError
from neuralboard.pcm import Quantiser
from neuralboard.safe_file import SafeFile, reason_of
from neuralboard.tags import Tags

__all__ = ["AudioWriter"]


class AudioWriter:
    """An audio file being written. A context manager: complete at its end, or not there.

    Parameters
    ----------
    path : path or "-"
        .wav, .flac, .aiff, .ogg or .mp3. "-" writes a WAV to standard output; its header says how
        long it is where `num_samples` is given, else 0xFFFFFFFF ("read to the end").
    sample_rate : int
        Hz.
    channels : int
    bit_depth : int, optional
        8, 16, 24 or 32 (float), as the format has it; 24 where not given. None for Ogg and MP3.
    quality : str or number, optional
        For Ogg, MP3 and FLAC, in pedalboard's words: "V2", "192 kbps", 8.
    force : bool
        Replace an existing file.
    seed : int
        Of the dither noise.
    num_samples : int, optional
        The length to come, where it is known.
    inputs : paths
        Files that must not be replaced, `force` or not.
    channel_mask : int, optional
        Loudspeaker positions for a WAV.
    before : bytes
        Chunks for a WAV, complete, to stand before the sound.

    Attributes
    ----------
    clipped : int
        Samples that were beyond full scale and had to be cut (never in float WAV).
    num_samples : int
        Written so far.
    tags : Tags, optional
        Set before the end, they are written into the file.

    Raises
    ------
    AudioFileError
        One line; the old file, if any, is as it was.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        sample_rate: int,
        channels: int,
        bit_depth: int | None = None,
        *,
        quality: str | float | None = None,
        force: bool = False,
        seed: int = 0,
        num_samples: int | None = None,
        inputs: Iterable[os.PathLike[str]] = (),
        channel_mask: int | None = None,
        before: bytes = b"",
    ) -> None:
        self.name = os.fspath(path)
        self.format = format_of(self.name)
        if bit_depth is None and BIT_DEPTHS[self.format]:
            bit_depth = 24
        check_encoder(self.name, self.format, sample_rate, channels, bit_depth, quality)
        self.sample_rate, self.channels, self.bit_depth = sample_rate, channels, bit_depth
        self.num_samples = 0
        self.tags: Tags | None = None
        # The quantiser also counts what lossy formats would clip.
        self._quantiser = Quantiser(bit_depth if bit_depth in (8, 16) else 24, channels, seed)
        self._over = 0
        self._done = False
        self._safe = None if self.name == "-" else SafeFile(self.name, force=force, inputs=inputs)
        with self._guarded():
            self._sink = self._opened(quality, num_samples, channel_mask, before)

    def _opened(
        self, quality: Any, num_samples: int | None, channel_mask: int | None, before: bytes
    ) -> Sink:
        file = _standard_output() if self._safe is None else self._safe.file
        form = (self.sample_rate, self.channels)
        if self.format != "wav":
            return PedalboardSink(
                self.name, file, self.format, *form, bits=self.bit_depth, quality=quality
            )
        seekable = self._safe is not None or _is_new_file(file)
        return WavSink(
            file, *form, self.bit_depth or 24, num_samples=num_samples, seekable=seekable,
            channel_mask=channel_mask, before=before,
        )  # fmt: skip

    @property
    def clipped(self) -> int:
        """Samples beyond full scale that were cut."""
        return self._quantiser.clipped + self._over

    @property
    def broken(self) -> int:
        """Samples that were no number and became 0."""
        return self._quantiser.broken

    def write(self, block: Audio) -> None:
        """Write `[channels, samples]` float32.

        Raises
        ------
        AudioFileError
            A full disk, for one. Nothing is kept.
        """
        if block.ndim != 2 or block.shape[0] != self.channels:
            raise AudioError(
                f"block of shape {block.shape} for a file of {self.channels} channel(s); write"
                " [channels, samples]"
            )
        self.num_samples += block.shape[1]
        with self._guarded():
            if self.bit_depth == 32:
                self._sink.write(block)
            elif self.bit_depth is None:
                self._sink.write(self._within_full_scale(block))
            else:
                self._sink.write(self._quantiser.push(block))

    @property
    def takes_chunks(self) -> bool:
        """It is a WAV that is no pipe: chunks may follow the sound."""
        return isinstance(self._sink, WavSink) and self._sink.seekable

    def set_chunks(self, before: bytes, after: bytes) -> None:
        """Give the chunks around the sound of a WAV when all is known.

        Parameters
        ----------
        before : bytes
            As long as those given at the beginning.
        after : bytes
        """
        assert isinstance(self._sink, WavSink)
        self._sink.set_chunks(before, after)

    def _within_full_scale(self, block: Audio) -> Audio:
        clean = np.nan_to_num(block, nan=0.0)
        self._over += int(np.count_nonzero(np.abs(clean) > 1.0))
        return np.clip(clean, -1.0, 1.0)

    def close(self) -> None:
        """Complete the file: checked, on the disk, in its place."""
        if self._done:
            return
        with self._guarded():
            if self.bit_depth not in (32, None):
                self._sink.write(self._quantiser.finish())
            self._sink.finish()
            if self._safe is not None:
                self._safe.sync()
                if self.tags is not None:
                    self.tags.write(self._safe.temporary, self.format)
                self._check_written(self._safe.temporary)
                self._safe.commit()
        self._done = True

    def _check_written(self, path: Path) -> None:
        """Read back how much arrived: a full disk must never pass as a short file."""
        with AudioReader(path) as reader:
            found = reader.num_samples
        enough = found == self.num_samples
        if self.format == "mp3":  # whole frames, and the encoder's delay: longer, never shorter
            enough = found is None or found >= self.num_samples
        if not enough:
            raise AudioFileError(
                f"can't write {self.name}: {self.num_samples} samples went in and {found} came out;"
                " is the disk full?"
            )

    def discard(self) -> None:
        """Leave no file; the old one stays as it was."""
        if not self._done:
            self._give_up(None)

    def _give_up(self, error: BaseException | None) -> None:
        self._done = True
        sink = getattr(self, "_sink", None)
        if isinstance(sink, PedalboardSink):
            with contextlib.suppress(Exception):
                sink.abandon()
        if self._safe is not None:
            self._safe.discard()
        if isinstance(error, BrokenPipeError):
            _silence_standard_output()

    @contextlib.contextmanager
    def _guarded(self) -> Any:
        """Turn what goes wrong into one line, and keep nothing."""
        if self._done:
            raise AudioFileError(f"{self.name} is written already; open a new AudioWriter")
        try:
            yield
        except BrokenPipeError as error:
            self._give_up(error)
            raise  # whoever read our pipe has gone: no error of the file
        except AudioFileError:
            self._give_up(None)
            raise
        except (OSError, RuntimeError, ValueError) as error:
            self._give_up(error)
            reason = reason_of(error) if isinstance(error, OSError) else str(error)
            raise AudioFileError(f"can't write {self.name}: {reason}; nothing was kept") from None
        except BaseException as error:
            self._give_up(error)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()


def _standard_output() -> BinaryIO:
    if sys.stdout is None or sys.stdout.closed:
        raise AudioFileError("there is no standard output; name a file")
    if sys.stdout.isatty():
        raise AudioFileError("standard output is a terminal; pipe it on, or name a file")
    return sys.stdout.buffer


def _is_new_file(file: BinaryIO) -> bool:
    """Say whether standard output leads into a file from its beginning (`> out.wav`)."""
    try:
        status = os.fstat(file.fileno())
        new = stat.S_ISREG(status.st_mode) and status.st_size == 0
        return new and file.seekable() and file.tell() == 0
    except OSError as error:
        if error.errno in (errno.ESPIPE, errno.EINVAL, errno.EBADF):
            return False
        raise


def _silence_standard_output() -> None:
    """Keep Python from writing into the broken pipe once more when it ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
