# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard live` through a real sound system: PulseAudio with null sinks for a sound card."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import pytest

from tests.plugin_host.sound_server import RATE, SoundServer, sound_server

TONE_HZ, BLOCK = 1000, 128
AMPLITUDE = 0.5


@pytest.fixture(scope="module")
def running() -> Iterator[SoundServer]:
    with sound_server() as server:
        if "pulse" not in server.run("import sounddevice as s; print(s.query_devices())"):
            pytest.skip("PortAudio sees no PulseAudio (Debian: libasound2-plugins)")
        yield server


@pytest.fixture
def server(running: SoundServer) -> Iterator[SoundServer]:
    yield running
    running.end()


def tone() -> np.ndarray:
    """Return a second of a tone, int16 [samples]."""
    wave = AMPLITUDE * np.sin(2 * np.pi * TONE_HZ * np.arange(RATE) / RATE)
    return np.asarray(np.round(32_767 * wave), np.int16)


def next_sound(pipe: IO[bytes], samples: int) -> np.ndarray:
    """Return what is recorded from the first sample on that is not silent."""
    while True:
        raw = pipe.read(2 * RATE // 100)
        assert raw, "the recording ended in silence"
        if any(raw):
            return np.frombuffer(raw + pipe.read(2 * samples), np.int16) / 32_768


def test_sound_goes_in_through_the_board_and_out_until_ctrl_c(
    server: SoundServer, tmp_path: Path
) -> None:
    server.play(tone(), tmp_path)
    recorded = server.record()
    playing = server.live("--chain", "gain(-12)")
    heard = next_sound(recorded, RATE // 2)
    spectrum = np.abs(np.fft.rfft(heard[-(RATE // 4) :]))
    assert np.argmax(spectrum) * 4 == pytest.approx(TONE_HZ, abs=100)  # gaps smear the line
    assert np.max(np.abs(heard)) == pytest.approx(AMPLITUDE * 10 ** (-12 / 20), rel=0.02)
    playing.send_signal(signal.SIGINT)
    _, said = playing.communicate()
    assert playing.returncode == 0, said
    assert "pulse -> pulse, 48000 Hz, 2 channels, blocks of 128" in said
    assert "peaks: in -6.0 dBFS, out -18.0 dBFS" in said
    devices = re.search(r"\(devices ([0-9.]+), board 0.0\)", said)
    assert devices is not None, said
    assert float(devices[1]) >= 2e3 * BLOCK / RATE  # at least a block each way
    drops = re.search(r"drop-outs: (\d+) by the device, (\d+) of (\d+) blocks late", said)
    assert drops is not None, said
    assert int(drops[3]) > 0


SLOW = """
import time
import neuralboard as nb
from neuralboard.live_devices import DeviceError

class Slow(nb.Effect):
    def process_block(self, block, state, p):
        until = time.perf_counter() + 3 * block.shape[1] / 48_000
        while time.perf_counter() < until:
            pass
        return block

with nb.LiveStream(Slow(), "pulse", "pulse", 128, sample_rate=48_000) as live:
    try:
        while live.total().overruns == 0:
            live.wait(0.01)
    except DeviceError as error:  # some sound systems give up
        print(error)
    told = live.total()
print(told.overruns, told.late_blocks, told.blocks)
"""


def test_a_board_that_is_too_slow_drops_out_and_is_told(server: SoundServer) -> None:
    *ended, counts = server.run(SLOW).splitlines()
    overruns, late, blocks = map(int, counts.split())
    assert late == blocks
    assert overruns > 0 or "could not keep up" in ended[-1]
