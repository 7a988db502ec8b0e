# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are there whole or not at all.

What is written goes to a hidden file beside its place and takes its name only when it is complete
and on the disk. Whatever happens before (an error, Ctrl-C, a full disk, a kill) leaves the old file
as it was, or none.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

from neuralboard.errors import AudioFileError

__all__ = ["SafeFile", "check_output", "put_in_place", "reason_of", "sync_folder"]


def reason_of(error: OSError) -> str:
    """Return the reason of an `OSError` in words a user can act on."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full; free some space or choose another folder"
    if error.errno == errno.EFBIG:
        return "the file is too large for this disk or its limit (ulimit -f)"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{(error.strerror or str(error)).lower()}; choose another place or its rights"
    return (error.strerror or str(error)).lower()


def check_output(
    path: str | os.PathLike[str], *, force: bool = False, inputs: Iterable[os.PathLike[str]] = ()
) -> Path:
    """Return the real path of an output, or say why nothing may be written there.

    Parameters
    ----------
    path : path
        Links are followed: the file they lead to is the one that is replaced.
    force : bool
        Allow an existing file to be replaced. Never a folder, a device or a pipe.
    inputs : paths
        Files that are being read; none of them is replaced, `force` or not.

    Raises
    ------
    AudioFileError
    """
    try:
        return _checked(Path(path), force, inputs)
    except OSError as error:
        if isinstance(error, AudioFileError):
            raise
        raise AudioFileError(f"can't write {path}: {reason_of(error)}") from None
    except ValueError as error:  # a NUL byte in the name
        raise AudioFileError(f"can't write {os.fspath(path)!r}: {error}") from None


def _checked(path: Path, force: bool, inputs: Iterable[os.PathLike[str]]) -> Path:
    target = path.resolve()
    try:
        status = target.stat()
    except FileNotFoundError:
        if not target.parent.is_dir():
            raise AudioFileError(
                f"can't write {path}: there is no folder {target.parent}; make it first"
            ) from None
        return target
    if stat.S_ISDIR(status.st_mode):
        raise AudioFileError(f"can't write {path}: it is a folder; name a file in it")
    if not stat.S_ISREG(status.st_mode):
        kind = "pipe" if stat.S_ISFIFO(status.st_mode) else "device"
        raise AudioFileError(
            f"can't write {path}: it is a {kind}, no file; '-' writes a WAV to standard output"
        )
    for other in inputs:
        if os.path.exists(other) and os.path.samefile(other, target):
            raise AudioFileError(
                f"can't write {path}: it is the input {os.fspath(other)}; choose another name"
            )
    if not force:
        raise AudioFileError(
            f"can't write {path}: it exists already; --force (force=True) replaces it"
        )
    return target


class SafeFile:
    """A binary file that takes its name when it is complete.

    Use it as a context manager: leaving it without an error commits, with one discards.

    Parameters
    ----------
    path, force, inputs
        As for `check_output`.

    Attributes
    ----------
    file : binary file
        Open for writing and reading, at a hidden name beside `path`.
    temporary : Path
        That hidden name.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        force: bool = False,
        inputs: Iterable[os.PathLike[str]] = (),
    ) -> None:
        self.name = os.fspath(path)
        self._force = force
        self._target = check_output(path, force=force, inputs=inputs)
        hidden = f".{self._target.name[:40]}.{secrets.token_hex(6)}.part"
        self.temporary = self._target.with_name(hidden)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(self.temporary, flags, 0o666)
        except OSError as error:
            raise AudioFileError(f"can't write {self.name}: {reason_of(error)}") from None
        self.file = cast(BinaryIO, os.fdopen(descriptor, "w+b"))

    def sync(self) -> None:
        """Bring everything to the disk and close the file; its name comes with `commit`."""
        if self.file.closed:
            return
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()

    def commit(self) -> None:
        """Give the complete file its name."""
        self.sync()
        put_in_place(self.temporary, self._target, force=self._force, name=self.name)

    def discard(self) -> None:
        """Remove what was written; the old file, if any, stays as it was."""
        with contextlib.suppress(OSError):  # closing writes what is buffered, on a full disk too
            self.file.close()
        with contextlib.suppress(OSError):
            self.temporary.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.commit()
        except AudioFileError:
            raise
        except OSError as failure:
            raise AudioFileError(f"can't write {self.name}: {reason_of(failure)}") from None
        finally:
            self.discard()


def put_in_place(
    whole: Path, target: Path, *, force: bool = False, name: str | None = None
) -> None:
    """Give a file that is whole and on the disk its name.

    Parameters
    ----------
    whole, target : Path
        Where it is, and where it shall be: no link. It is gone from the first place afterwards.
    force : bool
        Replace what is there; else a file that somebody wrote meanwhile is an `AudioFileError`.
    name : str, optional
        What the user calls the target.
    """
    try:
        if force:
            with contextlib.suppress(OSError):  # a new file in its place keeps the old one's rights
                shutil.copymode(target, whole)
            os.replace(whole, target)
        else:
            _name_without_replacing(whole, target, name or os.fspath(target))
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with SafeFile(target, force=force) as other_disk, whole.open("rb") as file:
            shutil.copyfileobj(file, other_disk.file, 1 << 20)
        whole.unlink()
    sync_folder(target.parent)


def _name_without_replacing(whole: Path, target: Path, name: str) -> None:
    """Take the name unless someone else took it in the meantime."""
    try:
        os.link(whole, target)
    except FileExistsError:
        raise AudioFileError(
            f"can't write {name}: somebody wrote it meanwhile; --force (force=True) replaces it"
        ) from None
    except OSError:  # a file system without hard links
        check_output(target)
        os.replace(whole, target)
    else:
        whole.unlink()


def sync_folder(folder: Path) -> None:
    """Make the new name itself durable, where the system can (Windows can't)."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
