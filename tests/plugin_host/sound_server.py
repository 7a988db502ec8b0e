# SPDX-License-Identifier: GPL-3.0-or-later
"""A PulseAudio of the tests' own, with two cables, for the lack of a sound card.

    test ── pacat ──▶ mic ══ mic.monitor ──▶ neuralboard live ──▶ phones ══ phones.monitor ──▶ parec

What is played into `mic` is heard as an input; what is played to `phones` can be recorded. These
are two null sinks, since the monitor of the one that is played to would be a loop. No sound card
and no server that runs already is touched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neuralboard.live_devices import DeviceError, sound_library

__all__ = ["RATE", "SoundServer", "sound_server"]

RATE = 48_000
_DEVICE = "pulse"  # the name that ALSA's plug-in for PulseAudio goes by
_RAW = ["--raw", "--format=s16le", f"--rate={RATE}", "--channels=1", "--latency-msec=20"]


class SoundServer:
    """The server, and the programs that talk to it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._programs: list[subprocess.Popen[Any]] = []

    def play(self, sound: NDArray[np.int16], folder: Path) -> None:
        """Play int16 [samples], over and over, into the microphone."""
        file = folder / "heard.raw"
        file.write_bytes(sound.tobytes() * 60)
        self._start(["pacat", "--playback", "--device=mic", *_RAW, str(file)])

    def record(self) -> IO[bytes]:
        """Return the raw int16 stream of what the headphones play."""
        taken = self._start(["parec", "--device=phones.monitor", *_RAW], stdout=subprocess.PIPE)
        assert taken.stdout is not None
        return taken.stdout

    def live(self, *words: str) -> subprocess.Popen[str]:
        """Start `neuralboard live` between microphone and headphones, blocks of 128."""
        given = ["--rate", str(RATE), "--block", "128", "-i", _DEVICE, "-o", _DEVICE, *words]
        command = [sys.executable, "-m", "neuralboard.main", "live", *given]
        return self._start(command, stderr=subprocess.PIPE, text=True)

    def run(self, code: str) -> str:
        """Return what a Python program printed."""
        done = subprocess.run(
            [sys.executable, "-c", code], env=self._environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _start(self, command: list[str], **options: Any) -> Any:
        program = subprocess.Popen(command, env=self._environment, **options)
        self._programs.append(program)
        return program

    def end(self) -> None:
        """Stop every program that was started here."""
        for program in self._programs:
            program.terminate()
        for program in self._programs:
            for pipe in (program.stdout, program.stderr):
                if pipe is not None:
                    pipe.close()
            program.wait()
        self._programs.clear()


@contextmanager
def sound_server() -> Iterator[SoundServer]:
    """Start the server; skip the test, with the reason, where it can't run."""
    for program in ("pulseaudio", "pacat", "parec"):
        if shutil.which(program) is None:
            pytest.skip(f"no {program} on PATH (Debian: pulseaudio, pulseaudio-utils)")
    try:
        sound_library()
    except DeviceError as error:
        pytest.skip(f"no real sound library: {error}")
    # A socket's path may have 107 characters, which pytest's own folders can exceed.
    with tempfile.TemporaryDirectory(prefix="sound-", ignore_cleanup_errors=True) as folder:
        places = ("PULSE_RUNTIME_PATH", "PULSE_STATE_PATH", "PULSE_CONFIG_PATH", "HOME")
        environment = os.environ | dict.fromkeys(places, folder)
        # It returns when the server is ready, which ends by itself should the tests be killed.
        begun = subprocess.run(
            [
                "pulseaudio", "-n", "--daemonize=yes", "--exit-idle-time=60", "--disable-shm",
                "-L", f"module-native-protocol-unix socket={folder}/socket auth-anonymous=1",
                "-L", f"module-null-sink sink_name=mic rate={RATE}",
                "-L", f"module-null-sink sink_name=phones rate={RATE}",
            ],
            env=environment, capture_output=True, text=True,
        )  # fmt: skip
        if begun.returncode:
            pytest.skip(f"pulseaudio does not run here: {begun.stderr.strip()[-200:]}")
        reached = {"PULSE_SERVER": f"unix:{folder}/socket", "PULSE_SINK": "phones"}
        server = SoundServer(environment | reached | {"PULSE_SOURCE": "mic.monitor"})
        try:
            yield server
        finally:
            server.end()
            subprocess.run(["pulseaudio", "--kill"], env=environment, check=False)
