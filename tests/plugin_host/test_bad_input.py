# SPDX-License-Identifier: GPL-3.0-or-later
"""Promise: whatever comes in that makes no sense gets one line that says what and why.

Arrays, parameters, chain text, presets, streams; files stand in test_files_bad.py, the command
line in test_cli_process.py.
"""

from __future__ import annotations

import copy
import inspect
import json
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pedalboard as pb
import pytest

import neuralboard as nb
from neuralboard import errors
from tests.plugin_host.test_board import Ducker

RATE = 48_000
AUDIO = np.zeros((2, 1000), np.float32)


def refused(call: Callable[[], Any], says: str = ".") -> None:
    """Assert that a call raises one of our errors, in one line."""
    with pytest.raises(nb.NeuralboardError, match=says) as caught:
        call()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) > 15


def test_errors_are_ours_and_what_a_caller_expects() -> None:
    found = [
        c for _, c in inspect.getmembers(errors, inspect.isclass) if c.__module__ == errors.__name__
    ]
    raised = [c for c in found if issubclass(c, Exception) and not issubclass(c, Warning)]
    assert len(raised) > 10
    for cls in raised:
        assert issubclass(cls, nb.NeuralboardError)
        if cls is not nb.NeuralboardError:
            assert issubclass(cls, (ValueError, TypeError, OSError)), cls


# ---------------------------------------------------------------------------------- parameters
JUNK: list[Any] = [
    None, "loud", "", [], {}, 1j, 10**400, -(10**5000), float("nan"), float("inf"), object(), b"x",
    np.ones(2), np.array("x"), pb.Gain, lambda: 1, True,
]  # fmt: skip


@pytest.mark.parametrize("junk", JUNK, ids=[f"{type(j).__name__}{n}" for n, j in enumerate(JUNK)])
def test_junk_is_no_value_of_a_number(junk: Any) -> None:
    refused(lambda: nb.SpectralSubtraction(strength=junk), "SpectralSubtraction.strength")
    refused(lambda: nb.Box(pb.Gain(), mix=junk), "Box.mix")
    refused(lambda: nb.Mix([None], gains_db=[junk]), "gains_db")


@pytest.mark.parametrize("junk", [*JUNK[:-1], 2, "on"], ids=lambda j: type(j).__name__)
def test_junk_is_no_value_of_a_switch_or_name(junk: Any) -> None:
    refused(lambda: nb.SpectralSubtraction(bypass=junk), "bypass")
    if junk is not None and not (isinstance(junk, str) and junk):
        refused(lambda: nb.SpectralSubtraction(name=junk), "name")


def test_what_numpy_calls_a_number_or_a_boolean_is_one() -> None:
    box = nb.SpectralSubtraction(strength=np.float32(0.5), bypass=np.bool_(True))
    assert (box.strength, box.bypass) == (0.5, True)


@pytest.mark.parametrize(
    "noise",
    [3, object(), "nowhere.wav", ".", AUDIO, {"sample_rate": "x", "density": [1.0, 1.0]},
     {"sample_rate": RATE, "density": "loud"}, {"sample_rate": RATE, "density": []},
     {"sample_rate": RATE, "density": [float("nan"), 1.0]}],
    ids=str,
)  # fmt: skip
def test_junk_is_no_noise_print(noise: Any) -> None:
    refused(lambda: nb.SpectralSubtraction(noise=noise))


@pytest.mark.parametrize(
    ("audio", "rate"),
    [(None, RATE), (np.zeros((2, 9999), int), RATE), (AUDIO[:, :0], RATE), (AUDIO[:, :3], RATE),
     (np.full((2, 9999), np.nan, np.float32), RATE), (np.zeros((2, 9999), np.float32), "x"),
     (np.zeros((2, 9999), np.float32), 0)],
)  # fmt: skip
def test_junk_is_nothing_to_learn_from(audio: Any, rate: Any) -> None:
    refused(lambda: nb.WienerDenoiser().learn(audio, rate))


# ---------------------------------------------------------------------------------- chain text
CHAINS = [
    "gain(1" + "0" * 400 + ")", "gain(" + "9" * 5000 + ")", "gain(9**9**9)", "gain(nan)",
    "spectral_subtraction(strength=inf)", "spectral_subtraction(strength=-inf)",
    "spectral_subtraction(strength=1e999)", "(" * 300 + "gain()" + ")" * 300,
    "-" * 3000 + "1", "gain(" + "-" * 3000 + "1)", "|".join(["gain()"] * 15_000), "gain(\0)",
    "gain() |", "| gain()", "gain()()", "gain.x()", "gain.__class__", "gain(*[1])",
    "gain(**{'gain_db': 1})", "gain(x := 1)", "gain(f'{1}')", "gain(gain_db=f'{__import__}')",
    "[gain() for gain in x]", "lambda: gain()", "(yield)", "await gain()", "import os",
    "__import__('os').system('true')", "eval('1')", "open('x')", "gain(open('x'))",
    "mix(gains_db='x')", "mix(gain(), gains_db=[1, 2])", "mix(gain(), gains_db=1)",
    "mix(gain(), gains_db=[nan])", "mix(gain(), loud=1)", "mix(*[gain()])", "mix(gain(x))",
    "box(gain())", "box(processor=3)", "convolution()", "convolution('nowhere.wav')",
    "convolution(3)", "convolution('.')", "convolution(b'x')", "resample(quality='best')",
    "ladder_filter(mode='x')", "ladder_filter(mode=[])", "ladder_filter(mode=3)", "gain('x')",
    "gain(None)", "gain([])", "gain(True)", "gain(1, 2)", "gain(1, gain_db=2)",
    "gain(gain_db=1, gain_db=2)", "mp3_compressor(vbr_quality=99)", "gain(name='')",
    "gain(bypass='x')", "gain(mix=2)", "spectral_subtraction(name=3)", "dry()", "123", "'gain'",
    "True", "gain(); gain()", "gain() if 1 else gain()", "gain() or gain()", "gain() + gain()",
    "gain(gain())", "é()", "invert(1)", "reverb(room_size=7)", "GSMFullRateCompressor()",
]  # fmt: skip


@pytest.mark.parametrize("text", CHAINS, ids=lambda text: text[:30])
def test_bad_chain_text_is_refused(text: str) -> None:
    refused(lambda: nb.parse_chain(text))


@pytest.mark.parametrize("thing", [None, 3, b"gain()", ["gain()"], "gain()" * 20_000])
def test_what_is_no_chain_text_is_refused(thing: Any) -> None:
    refused(lambda: nb.parse_chain(thing))


def test_a_convolution_without_a_response_is_refused_wherever_it_comes_from(
    tmp_path: Any,
) -> None:
    """pedalboard takes a folder, a letter or an empty file without a word and changes nothing."""
    letter, empty = tmp_path / "letter.wav", tmp_path / "empty.wav"
    letter.write_text("dear aunt")
    empty.touch()
    for path in (tmp_path, letter, empty):
        refused(partial(nb.parse_chain, f"convolution({str(path)!r})"), "no impulse resp")
        board = nb.Board([pb.Convolution(str(path))])
        refused(partial(board, AUDIO, RATE), "no impulse response")
        refused(partial(board.stream, RATE, 2), "no impulse response")
        refused(partial(nb.from_json, board.to_json()), "no impulse response")


# ---------------------------------------------------------------------------------- presets
def _preset() -> Any:
    rng = np.random.default_rng(0)
    board = nb.Board(
        [
            pb.HighpassFilter(90),
            nb.Box(pb.Compressor(-25, 3), mix=0.5, name="parallel"),
            nb.Mix([None, pb.LadderFilter(pb.LadderFilter.Mode.HPF24)], gains_db=[0, -6]),
            pb.Convolution(rng.standard_normal((1, 30)).astype(np.float32), 0.5, RATE),
            nb.SpectralSubtraction(0.5),
            nb.Board([pb.Mix([pb.Gain(), pb.Chain([pb.Invert()])])]),
        ]
    )
    board[4].learn(0.01 * rng.standard_normal(9999).astype(np.float32), RATE)
    data = json.loads(board.to_json())
    data["item"]["board"][4]["parameters"]["noise"]["density"][5:] = []
    return data


def _places(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    children = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data)
        if isinstance(data, list)
        else ()
    )
    for key, value in children:
        yield from _places(value, (*path, key))


def _changed(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    data = copy.deepcopy(data)
    at = data
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return data


def test_a_preset_with_junk_in_any_place_is_refused_or_plays() -> None:
    preset = _preset()
    assert nb.from_json(json.dumps(preset))(AUDIO, RATE).shape == AUDIO.shape
    refusals = 0
    for path in _places(preset):
        for junk in (None, "x", -1, 1e308, True, [], {}, [None], {"x": 1}, float("nan"), 10**400):
            text = json.dumps(_changed(preset, path, junk))
            try:
                board = nb.from_json(text)
                if isinstance(board, nb.Board):
                    board(AUDIO, RATE)
            except nb.NeuralboardError as error:
                several = "\n" in str(error)
                refusals += 1
            else:
                several = False
            assert not several, (path, junk)
    assert refusals > 400


def test_random_bytes_are_no_preset() -> None:
    rng = np.random.default_rng(0)
    for number in range(3):
        text = rng.bytes(1_000_000).decode("latin-1")
        refused(partial(nb.from_json, text), "no preset")
        cut = json.dumps(_preset())[: 100 + 200 * number]
        refused(partial(nb.from_json, cut), "no preset")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "no preset"), ({}, "no 'neuralboard'"), ({"neuralboard": 2}, "format 2.*reads 1"),
        ({"neuralboard": 1, "item": {"box": "wiener_denoyser"}}, "did you mean 'wiener_denoiser'"),
        ({"neuralboard": 1, "item": {"box": "os:system"}}, "import its module before"),
        ({"neuralboard": 1, "item": {"native": "VST3Plugin"}}, "no box 'vst3_plugin'"),
        ({"neuralboard": 1, "item": {"vst3": "/tmp/evil.vst3"}}, "native code.*allow_vst3=True"),
        ({"neuralboard": 1, "item": {"box": "wiener_denoiser", "parameters": {"strenght": 1}}},
         "did you mean 'strength'"),
        ({"neuralboard": 1, "item": {"native": "Gain", "parameters": {"gain": 1}}},
         "did you mean 'gain_db'"),
        ({"neuralboard": 1, "item": {"native": "Gain", "volume": 1}}, "unknown field 'volume'"),
        ({"neuralboard": 1, "items": []}, "did you mean 'item'"),
    ],
)  # fmt: skip
def test_a_preset_that_says_what_is_wrong(data: Any, says: str) -> None:
    refused(lambda: nb.from_json(json.dumps(data)), says)


# ---------------------------------------------------------------------------------- arrays, streams
@pytest.mark.parametrize(
    "block",
    [None, 3, [[0.0], [0.0]], "xx", b"xx", np.zeros((2, 3), int), np.zeros((2, 3), complex),
     np.zeros((2, 3), object), np.zeros((2, 3), bool), np.zeros((2, 3), np.float16),
     np.zeros((2, 3), np.longdouble), np.zeros((2, 3), ">f4"), np.array(["a", "b"]),
     np.zeros(3, np.float32), np.zeros((3, 2), np.float32), np.zeros((3, 3), np.float32),
     np.zeros((1, 2, 3), np.float32), np.float32(1.0)],
    ids=lambda b: f"{type(b).__name__}{getattr(b, 'dtype', '')}{getattr(b, 'shape', '')}",
)  # fmt: skip
def test_a_block_that_is_none_leaves_the_stream_as_it_was(block: Any) -> None:
    rng = np.random.default_rng(0)
    audio = rng.uniform(-1, 1, (2, 1000)).astype(np.float32)
    board = nb.Board([pb.Reverb(), nb.WienerDenoiser()])
    with board.stream(RATE, 2) as stream, board.stream(RATE, 2) as undisturbed:
        stream.process(audio)
        undisturbed.process(audio)
        refused(lambda: stream.process(block))
        np.testing.assert_array_equal(stream.process(audio), undisturbed.process(audio))


@pytest.mark.parametrize(
    "rate",
    [None, "x", 0, -1, 7999, 192_001, 44_100.5, float("nan"), float("inf"), 10**400, True, 1j],
)
@pytest.mark.parametrize("channels", [2, 0, -1, 33, 2.0, "2", None, True])
def test_a_stream_of_no_format_does_not_open(rate: Any, channels: Any) -> None:
    board = nb.Board([pb.Gain()])
    refused(lambda: board.stream(rate, channels))
    refused(lambda: board.stream(rate, 2))
    if channels != 2:
        refused(lambda: board.stream(RATE, channels), "channels")
    refused(lambda: board(AUDIO, rate), "sample_rate")


def test_numbers_beyond_float32_count_as_broken() -> None:
    """float64 1e300 becomes Inf on its way in: replaced, without NumPy's own warning."""
    audio: Any = np.zeros((2, 100))
    audio[1, 7] = 1e300
    with pytest.warns(nb.BrokenSamplesWarning, match="1 broken sample .* at sample 7"):
        assert not nb.Board([pb.Gain()])(audio, RATE).any()


def test_broken_samples_are_told_once_per_stream_with_their_place() -> None:
    block = np.zeros((2, 100), np.float32)
    broken = block.copy()
    broken[0, 10:12] = np.nan
    board = nb.Board([pb.Gain()])
    with board.stream(RATE, 2) as stream:
        stream.process(block)
        with pytest.warns(nb.BrokenSamplesWarning, match="input holds 2 .* first at sample 110"):
            stream.process(broken)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            stream.process(broken)
        stream.reset()
        with pytest.warns(nb.BrokenSamplesWarning, match="first at sample 10"):
            stream.process(broken)


def test_broken_samples_of_a_side_chain_are_replaced_and_told() -> None:
    side = np.ones((2, 100), np.float32)
    side[0, 3], side[1, 4] = np.nan, 1e20
    board = nb.Board([pb.Gain(), Ducker()])
    ones = np.ones((2, 100), np.float32)
    with pytest.warns(nb.BrokenSamplesWarning, match="the side chain 'sidechain' holds 2 broken"):
        out = board(ones, RATE, sidechain=side)
    assert np.argwhere(out == 0).tolist() == [[0, 3], [1, 4]]
    with board.stream(RATE, 2) as stream:
        with pytest.warns(nb.BrokenSamplesWarning, match="the side chain"):
            np.testing.assert_array_equal(stream.process(ones, side), out)
        stream.process(ones, side)  # told once


@pytest.mark.parametrize(
    ("side", "says"),
    [(AUDIO[:, :5], "does not fit"), (np.zeros((3, 1000), np.float32), "does not fit"),
     ("x", "NumPy array"), ({"key": AUDIO}, "did you mean|no box listens to the side chain 'key'"),
     ({"sidechian": AUDIO}, "did you mean 'sidechain'")],
)  # fmt: skip
def test_a_side_chain_that_does_not_fit(side: Any, says: str) -> None:
    refused(lambda: nb.Board([Ducker()])(AUDIO, RATE, sidechain=side), says)
    refused(lambda: nb.Board([Ducker()]).stream(RATE, 2).process(AUDIO, side), says)
    refused(lambda: nb.Board([pb.Gain()])(AUDIO, RATE, sidechain=AUDIO), "no box listens")


def test_another_format_in_a_kept_stream_is_an_error_and_no_wipe() -> None:
    board = nb.Board([pb.Delay(0.001, mix=1.0)])
    click = AUDIO.copy()
    click[:, 990] = 1.0
    board(click, RATE, reset=False)
    refused(lambda: board(AUDIO, 44_100, reset=False), "call reset")
    refused(lambda: board(AUDIO[:1], RATE, reset=False), "call reset")
    assert board(AUDIO, RATE, reset=False)[0, 38] == pytest.approx(1.0)  # the echo is still there


def test_a_stream_after_its_end() -> None:
    stream = nb.Board([pb.Gain()]).stream(RATE, 2)
    tails: list[Any] = [-1, float("nan"), float("inf"), "long", None]
    for tail in tails:
        refused(partial(stream.flush, tail=tail), "tail")
    stream.flush()
    refused(lambda: stream.process(AUDIO), "flushed")
    refused(stream.flush, "flushed already")
    stream.close()
    for use in (lambda: stream.process(AUDIO), stream.flush, stream.reset):
        refused(use)


@pytest.mark.parametrize(
    "thing", [3, "gain()", {"a": 1}, b"x", [3], [pb.Gain], ["gain()"], [[pb.Gain()]]]
)
@pytest.mark.parametrize("cls", [nb.Board, nb.Mix])
def test_what_holds_no_boxes_is_no_board(cls: type, thing: Any) -> None:
    refused(lambda: cls(thing))
    board = nb.Board([pb.Gain()])
    with pytest.raises(nb.NeuralboardError):
        board.extend(thing if isinstance(thing, list) else [thing])
    with pytest.raises(nb.NeuralboardError):
        board[0:1] = [thing]
    assert len(board) == 1
