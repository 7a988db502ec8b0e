# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for every test: a seeded generator and, where it is at hand, real audio.

The repository holds no recording made by others. Real audio is looked for in ``$NEURALBOARD_DATA``,
else in ``../shared/data`` beside the project (folders ``speech/test``, ``noise/test``, ``stems``);
a test that needs it is skipped, with the reason, where neither is.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from pedalboard.io import AudioFile

PROJECT = Path(__file__).resolve().parent.parent
LONGEST_SECONDS = 10.0  # a fixture is for a test of a few seconds, whatever the file holds


class Clip(NamedTuple):
    """Real audio: float32 ``[channels, samples]``, its rate in Hz, and where it came from."""

    audio: NDArray[np.float32]
    sample_rate: int
    path: Path


def pytest_configure() -> None:
    """Let Ctrl-C work, which some tests press: a shell's background jobs start without it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _real_audio(folder: str, *patterns: str) -> Clip:
    """Read the first file of `folder` that fits the first fitting pattern, or skip the test."""
    named = os.environ.get("NEURALBOARD_DATA")
    root = Path(named) if named else PROJECT.parent / "shared" / "data"
    for pattern in patterns:
        for path in sorted((root / folder).glob(pattern)):
            with AudioFile(str(path)) as file:
                rate = int(file.samplerate)
                audio = file.read(int(LONGEST_SECONDS * rate))
            return Clip(np.ascontiguousarray(audio, dtype=np.float32), rate, path)
    pytest.skip(f"no real audio: {folder}/{patterns[-1]} not found in {root} (NEURALBOARD_DATA)")


@pytest.fixture
def rng() -> np.random.Generator:
    """Give a generator that starts at the same place in each test."""
    return np.random.default_rng(20240229)


@pytest.fixture(scope="session")
def project() -> Path:
    """Give the folder that holds pyproject.toml."""
    return PROJECT


@pytest.fixture(scope="session")
def speech_clip() -> Clip:
    """Give one clean voice, full band where there is one."""
    return _real_audio("speech/test", "magphase_*.flac", "*.flac")


@pytest.fixture(scope="session")
def noise_clip() -> Clip:
    """Give one noise of a steady kind."""
    return _real_audio("noise/test", "tg_aircon*.flac", "*.flac")


@pytest.fixture(scope="session")
def music_stem() -> Clip:
    """Give one stem of a song, two channels."""
    return _real_audio("stems", "*/other_*.flac", "*/*.flac")


@pytest.fixture(scope="session")
def stems() -> dict[str, Clip]:
    """Give drums and another instrument of one song, of one length, two channels each."""
    return {
        "drums": _real_audio("stems", "*/drums_end_drums.flac", "*/drums_*.flac"),
        "other": _real_audio("stems", "potassium/other_minilogue_synth.flac", "*/other_*.flac"),
    }
