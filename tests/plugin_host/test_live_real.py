# SPDX-License-Identifier: GPL-3.0-or-later
"""The fake that the tests of live sound play through has the shape of the real sounddevice."""

from __future__ import annotations

import inspect
from types import ModuleType

import pytest

from neuralboard.live_devices import DeviceError, devices, find_device, sound_library
from tests.plugin_host.fake_sound import FakeSound, device


@pytest.fixture(scope="module")
def real() -> ModuleType:
    try:
        return sound_library()
    except DeviceError as error:
        pytest.skip(f"no real sound library to compare with: {error}")


def test_the_real_library_takes_what_the_fake_takes(real: ModuleType) -> None:
    fake = FakeSound()
    for name in ("check_input_settings", "check_output_settings"):
        wanted = set(inspect.signature(getattr(fake, name)).parameters)
        assert wanted <= set(inspect.signature(getattr(real, name)).parameters)
    used = {
        "samplerate", "blocksize", "device", "channels", "dtype", "latency", "callback",
        "finished_callback",
    }  # fmt: skip
    assert used <= set(inspect.signature(real.Stream).parameters)
    for name in ("start", "close", "latency"):
        assert hasattr(real.Stream, name)
    for name in ("PortAudioError", "CallbackAbort", "CallbackStop"):
        assert issubclass(getattr(real, name), Exception)
    assert not real.CallbackFlags()
    assert real.CallbackFlags().priming_output is False


def test_the_real_devices_are_read(real: ModuleType) -> None:
    told = list(real.query_devices())
    for facts in told:
        assert set(device("any", 1, 1)) <= set(facts)
    found = devices()
    assert [each.index for each in found] == list(range(len(told)))
    for each in found:
        assert each.system
        if each.inputs:
            assert find_device(each.index, "input") == each
    if not found:
        with pytest.raises(DeviceError, match="no sound input that PortAudio sees"):
            find_device(None, "input")
