# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension is found or its absence is said; twin and C++ have the same face."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import threading
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from neuralboard import cpp_ext
from neuralboard.cpp_ext import reference

# Hides the extension the way a failed build does, then imports.
HIDDEN = """
import importlib.abc, sys
class Hide(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "neuralboard.cpp_ext._ext":
            raise ImportError("hidden by a test")
sys.meta_path.insert(0, Hide())
import neuralboard.cpp_ext as c
print(c.HAVE_EXTENSION, c.Biquad.__module__)
"""
SHOWN = "import neuralboard.cpp_ext as c; print(c.HAVE_EXTENSION, c.Biquad.__module__)"


def run(code: str, **environment: str) -> tuple[str, str, int]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NEURALBOARD_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip(), done.stderr.strip(), done.returncode


def test_a_missing_extension_is_one_warning() -> None:
    out, err, code = run(HIDDEN)
    assert (out, code) == ("False neuralboard.cpp_ext.reference", 0)
    assert err.count("RuntimeWarning") == 1
    assert "hidden by a test" in err
    assert "NumPy twin" in err


def test_a_missing_extension_that_is_required_is_an_error() -> None:
    out, err, code = run(HIDDEN, NEURALBOARD_REQUIRE_EXTENSION="1")
    assert (out, code) == ("", 1)
    assert "ImportError: neuralboard's C++ extension can't be loaded" in err


def test_the_twin_can_be_forced_in_silence() -> None:
    out, err, code = run(SHOWN, NEURALBOARD_NO_EXTENSION="1")
    assert (out, err, code) == ("False neuralboard.cpp_ext.reference", "", 0)


def test_contradiction_is_an_error() -> None:
    _, err, code = run(SHOWN, NEURALBOARD_NO_EXTENSION="1", NEURALBOARD_REQUIRE_EXTENSION="1")
    assert code == 1
    assert "contradict each other" in err


LEVEL = "import neuralboard.cpp_ext as c; print(c.simd_level())"


def test_the_environment_chooses_the_level(native: ModuleType) -> None:
    from neuralboard.cpp_ext import _ext

    levels = _ext.simd_levels()
    assert run(LEVEL) == (levels[0], "", 0)  # the best
    for level in levels:
        assert run(LEVEL, NEURALBOARD_SIMD=level) == (level, "", 0)
    assert run(LEVEL, NEURALBOARD_NO_EXTENSION="1") == ("numpy", "", 0)


def test_a_level_that_isn_t_there_is_an_error(native: ModuleType) -> None:
    out, err, code = run(LEVEL, NEURALBOARD_SIMD="avx1024")
    assert (out, code) == ("", 1)
    assert "ImportError: NEURALBOARD_SIMD='avx1024' is no level of this machine; unset it" in err


def public(module: ModuleType) -> dict[str, Any]:
    return {name: getattr(module, name) for name in reference.__all__}


def test_twin_and_cpp_have_the_same_face(native: ModuleType) -> None:
    assert set(native.__all__) == set(reference.__all__)
    assert {*reference.__all__, "HAVE_EXTENSION", "simd_level", "window_values"} == set(
        cpp_ext.__all__
    )
    for name, twin in public(reference).items():
        ours = getattr(native, name)
        if not inspect.isclass(twin):
            continue
        assert inspect.signature(ours) == inspect.signature(twin), name
        methods = {m for m in dir(twin) if not m.startswith("_")}
        assert {m for m in dir(ours) if not m.startswith("_")} == methods, name
        for method in methods:
            a, b = getattr(ours, method), getattr(twin, method)
            if callable(a):
                assert inspect.signature(a) == inspect.signature(b), (name, method)


def test_a_second_thread_is_turned_back(native: ModuleType, noise: Any) -> None:
    """While a long call runs without the lock, another call on the same stream is refused."""
    box = native.Biquad("peak", 48000, 1)
    audio = noise(1, 4_000_000)
    short = noise(1, 8)
    refused: list[str] = []
    caller = threading.Thread(target=box.process, args=(audio, 1000.0, 6.0, 1.0))
    caller.start()
    while caller.is_alive() and not refused:
        try:
            box.process(short, 1000.0, 6.0, 1.0)
        except RuntimeError as problem:
            refused.append(str(problem))
    caller.join()
    assert refused
    assert "another thread" in refused[0]
    assert box.process(short, 1000.0, 6.0, 1.0).shape == (1, 8)  # free again


FIRST_CALLS = """
import threading
import numpy as np
from neuralboard import cpp_ext
audio = np.ones((1, 8), np.float32)
start = threading.Barrier(4)
def work():
    start.wait()
    for _ in range(20):
        cpp_ext.Biquad("peak", 48000, 1).process(audio, 1000.0, 6.0, 1.0)
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("done")
"""


def test_the_first_calls_of_a_process_may_come_from_several_threads() -> None:
    """They waited for each other for ever: one for a table, one for the interpreter's lock."""
    for _ in range(3):
        assert run(FIRST_CALLS)[0] == "done"


def test_streams_of_their_own_run_at_once(native: ModuleType, noise: Any) -> None:
    audio = noise(2, 200_000)
    mask = np.ones(257, np.float32)
    expected = native.MaskStream(512, 128, "hann", None, 2).push(audio, mask)
    results: list[Any] = []

    def work() -> None:
        results.append(native.MaskStream(512, 128, "hann", None, 2).push(audio, mask))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 3
    for result in results:
        np.testing.assert_array_equal(result, expected)


def test_names_of_the_stub_are_those_of_the_binding() -> None:
    """Stub checkers see the names of functions, not those of their parameters."""
    if not cpp_ext.HAVE_EXTENSION:
        pytest.skip("the C++ extension is not built")
    from neuralboard.cpp_ext import _ext

    _ext.Fifo(channels=1, capacity=3).push(block=np.zeros((1, 2), np.float32))
    window = np.ones(16, np.float32)
    block = np.zeros((1, 16), np.float32)
    delay = _ext.DelayLine(channels=1, num_samples=1)
    assert delay.push(block=block, out=None) is not None
    biquad = _ext.Biquad(kind=4, sample_rate=8000, channels=1)
    done = biquad.process(block=block, cutoff_hz=100, gain_db=1, q=1, out=None)
    assert done is not None
    told = _ext.GainReduction(channels=1, longest_hold=4).push(
        key=block, threshold_db=-9, slope=0.5, knee_db=0, range_db=9, attack=1, release=1, hold=4,
        out=None,
    )  # fmt: skip
    assert told is not None
    assert _ext.apply_gain_db(block=block, gain_db=told, out=None) is not None
    shelf = _ext.DynamicShelf(channels=1)
    assert shelf.process(block=block, reduction_db=told, warped=1.0, out=None) is not None
    cascade = _ext.SvfCascade(channels=1, sections=1)
    assert cascade.process(block=block, coefficients=np.ones((1, 6)), out=None) is not None
    convolver = _ext.Convolver(response=np.ones((1, 70), np.float32), head=64, parts=[(64, 1)])
    assert convolver.process(block=block, out=None) is not None
    analysis = _ext.StftStream(hop_length=16, window=window, channels=1)
    frames = analysis.push(block=block, out=None)
    assert frames is not None
    synthesis = _ext.IstftStream(hop_length=16, synthesis_window=window, channels=1)
    assert synthesis.push(frames=frames, n=16, out=None) is not None
    fused = _ext.MaskStream(hop_length=16, window=window, synthesis_window=window, channels=1)
    assert fused.push(block=block, mask=np.ones(9, np.float32), out=None) is not None
    edge = np.zeros(0, np.float32)
    stft = _ext.Stft(
        hop_length=16, pad=0, reflect=False, window=window, synthesis_window=window, head=edge,
        tail=edge, threads=1,
    )  # fmt: skip
    spectrum = stft.forward(audio=block, out=None)
    assert spectrum is not None
    assert stft.inverse(spectrum=spectrum, length=16, out=None, head=edge, tail=edge) is not None
    mask = np.ones((1, 1, 9), np.float32)
    done = stft.apply_mask(audio=block, mask=mask, out=None, head=edge, tail=edge)
    assert done is not None
    rows = np.ones((1, 8), np.float32)
    pair = _ext.RatePair(a=1, b=1, e=0, down_rows=rows, up_rows=rows, channels=1)
    assert pair.down_ready(n=3) == pair.up_takes(n=3) == 3
    low = pair.down(block=block, out=None)
    assert low is not None
    assert pair.up(model_block=low, n=16, out=None) is not None
    _ext.replace_broken(block=block, limit=1.0)
    _ext.find_broken(block=block, limit=1.0)
    _ext.denormals_restore(token=_ext.denormals_off())
