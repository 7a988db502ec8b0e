# SPDX-License-Identifier: GPL-3.0-or-later
"""Formats that pedalboard.io can't read, decoded by the ffmpeg program where there is one.

ffmpeg writes a float WAV into a pipe; what reads it is the same code that reads standard input. So
no temporary file grows on the disk, and any length streams through.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO, cast

from neuralboard.errors import AudioFileError

__all__ = ["FfmpegDecoder", "install_line"]


def install_line() -> str:
    """Return the line that installs ffmpeg on this system."""
    if sys.platform == "darwin":
        return "brew install ffmpeg"
    if sys.platform == "win32":
        return "winget install ffmpeg"
    return "sudo apt install ffmpeg"


class FfmpegDecoder:
    """One run of ffmpeg over one file.

    Parameters
    ----------
    path : Path
        The file to decode; its first audio track is taken.

    Attributes
    ----------
    stream : binary file
        The decoded sound, a WAV of 32-bit float of unknown length.

    Raises
    ------
    AudioFileError
        Where there is no ffmpeg.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        program = shutil.which("ffmpeg")
        if program is None:
            raise AudioFileError(
                f"{path} needs ffmpeg to be decoded, and there is none on PATH; install it:"
                f" {install_line()}"
            )
        # `file:` keeps names such as "concat:..." or "-i" from being read as anything else.
        command = [program, "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe"]
        command += ["-i", f"file:{path}", "-map", "0:a:0", "-c:a", "pcm_f32le", "-f", "wav"]
        # A pipe for its complaints could fill up and stop it; a file can't.
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._process = subprocess.Popen(  # noqa: S603 - no shell, fixed program
            [*command, "pipe:1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
        )
        self.stream = cast(BinaryIO, self._process.stdout)

    def check_end(self) -> None:
        """Raise `AudioFileError` if ffmpeg failed; called when its output has ended."""
        if self._process.wait() != 0:
            raise self.failure()

    def failure(self) -> AudioFileError:
        """Return ffmpeg's last complaint as an error of ours."""
        self._process.wait()
        self._complaints.seek(0)
        lines = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
        reason = lines[-1].strip() if lines else f"exit status {self._process.returncode}"
        reason = reason.removeprefix(f"file:{self._path}: ")
        return AudioFileError(f"{self._path} can't be decoded by ffmpeg: {reason}")

    def close(self) -> None:
        """Stop ffmpeg if it still runs."""
        self.stream.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._complaints.close()
