# SPDX-License-Identifier: GPL-3.0-or-later
"""Inputs that kill or hang pedalboard, each brought to neuralboard. Run in a process of its own.

python crash_inputs.py GROUP: one JSON line per case, {"case": ..., "got": ...} where got is the
error's class and message, or the largest output sample.
"""

# A lambda's defaults bind the loop's value of the moment; mypy has no type for such parameters.
# mypy: disable-error-code="misc"
from __future__ import annotations

import base64
import faulthandler
import json
import math
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pedalboard as pb
from pedalboard import Pedalboard  # type: ignore[attr-defined]  # a star import there

import neuralboard as nb
from neuralboard import natives

RATE = 48_000
EMPTY = np.zeros((2, 0), np.float32)
IMPULSE = np.array([[1.0, 0.5, 0.25]], np.float32)
Case = tuple[str, Callable[[], Any]]

rng = np.random.default_rng(7)
NOISE = rng.uniform(-0.5, 0.5, (2, 3000)).astype(np.float32)


def convolution() -> Any:
    return pb.Convolution(IMPULSE, 1.0, RATE)


def every_native() -> Iterator[tuple[str, Callable[[], Any]]]:
    for name in (*sorted(natives._DIRECT | natives._WHOLE), *natives.FILTER_KINDS, "Gain",
                 "Resample", "MP3Compressor"):  # fmt: skip
        yield name, getattr(pb, name)
    yield "Convolution", convolution


def streamed(board: Any, *blocks: np.ndarray) -> np.ndarray:
    with board.stream(RATE, 2) as stream:
        return np.concatenate([*map(stream.process, blocks), stream.flush()], axis=1)


# ------------------------------------------------------------------------------ the ways in
def empty_first() -> Iterator[Case]:
    """A block of no samples first: SIGFPE in Convolution."""
    for name, make in every_native():
        board = nb.Board([make()])
        for shape in ((2, 0), (0, 2), (0,), (1, 0)):
            empty = np.zeros(shape, np.float32)
            yield f"{name} called with {shape}", lambda b=board, e=empty: b(e, RATE)
            yield f"process [{name}] {shape}", lambda m=make, e=empty: nb.process(e, RATE, [m()])
            yield (
                f"{name} kept, {shape}",
                lambda m=make, e=empty: nb.Board([m()])(e, RATE, reset=False),
            )
        yield f"{name} streamed", lambda m=make: streamed(nb.Board([m()]), EMPTY, NOISE, EMPTY)
        yield f"Mix of {name}", lambda m=make: nb.Mix([m(), None])(EMPTY, RATE)


def rates() -> Iterator[Case]:
    """A rate of 0, below, NaN or 4 Hz: SIGFPE, SIGSEGV or no end."""
    for name in ("Reverb", "Chorus", "Phaser", "PitchShift", "Delay", "HighpassFilter"):
        for rate in (0, 0.0, -1, -48_000.0, math.inf, -math.inf, math.nan, 4, 1e300, 2**40, None):
            board = nb.Board([getattr(pb, name)()])
            yield f"{name} at {rate} Hz", lambda b=board, r=rate: b(NOISE, r)
            yield f"{name} streamed at {rate} Hz", lambda b=board, r=rate: b.stream(r, 2)
            yield f"latency of {name} at {rate} Hz", lambda b=board, r=rate: b.latency(r)
            yield f"process [{name}] at {rate}", lambda b=board, r=rate: nb.process(NOISE, r, b)
            yield f"Mix of {name} at {rate}", lambda b=board, r=rate: nb.Mix([b])(NOISE, r)
    for rate in (0, -1.0, math.nan, 4.0):
        yield (
            f"a response at {rate} Hz",
            lambda r=rate: nb.Board([pb.Convolution(IMPULSE, 1.0, r)])(NOISE, RATE),
        )


def sizes() -> Iterator[Case]:
    """Buffers of 0 samples: no end. Channels of 0: SIGSEGV."""
    board = nb.Board([pb.Reverb(), pb.PitchShift(2)])
    for size in (0, -1, 2**31, 2**70, 1.5, None, "x"):
        yield f"buffer_size {size}", lambda s=size: board(NOISE, RATE, s)
        yield f"process, buffer_size {size}", lambda s=size: nb.process(NOISE, RATE, [], s)
    for channels in (0, -1, 33, 2**31, 1.5, None):
        yield f"{channels} channels streamed", lambda c=channels: board.stream(RATE, c)
    for shape in ((0, 0), (33, 100), (200, 1000), (2, 2), ()):
        yield (
            f"audio of {shape}",
            lambda s=shape: nb.Board([pb.Reverb()])(np.zeros(s, np.float32), RATE),
        )
    for name, make in every_native():
        for channels in (1, 3, 32):
            audio = np.tile(NOISE[:1], (channels, 1))
            yield f"{name}, {channels} channels", lambda m=make, a=audio: nb.Board([m()])(a, RATE)
        yield f"{name}, one sample", lambda m=make: nb.Board([m()])(NOISE[:, :1], RATE)


def lists() -> Iterator[Case]:
    """Mix.append: SIGSEGV at the next call. A container in itself: SIGSEGV."""

    def appended(mix: Any) -> np.ndarray:
        board = nb.Board([mix])
        board(NOISE, RATE)
        mix.append(pb.Reverb())
        board(NOISE, RATE)
        del mix[0]
        return board(NOISE, RATE)

    yield "Mix.append", lambda: appended(nb.Mix([pb.Gain()]))
    yield "pedalboard's Mix.append", lambda: appended(pb.Mix([pb.Gain()]))
    yield "pedalboard's Chain.append", lambda: appended(pb.Chain([pb.Gain()]))
    for outer in (pb.Chain, Pedalboard, pb.Mix, nb.Board, nb.Mix):
        for inner in (pb.Chain, Pedalboard, pb.Mix):
            kinds = f"{outer.__module__}.{outer.__name__} of {inner.__name__} of itself"

            def ring(outer: Any = outer, inner: Any = inner) -> Any:
                knot = inner([pb.Gain()])
                knot.append(inner([knot]) if inner is not pb.Mix else knot)
                return outer([knot]) if outer.__module__.startswith("neural") else knot

            yield f"{kinds}, called", lambda r=ring: nb.Board([r()])(NOISE, RATE)
            yield f"{kinds}, streamed", lambda r=ring: nb.Board([r()]).stream(RATE, 2)
            yield f"{kinds}, processed", lambda r=ring: nb.process(NOISE, RATE, [r()])
            yield f"{kinds}, as JSON", lambda r=ring: nb.Board([r()]).to_json()
            yield f"{kinds}, boxed", lambda r=ring: nb.Box(r())(NOISE, RATE)

    def later() -> np.ndarray:
        knot = pb.Chain([pb.Gain()])
        board = nb.Board([knot])
        board(NOISE, RATE)
        knot.append(knot)
        return board(NOISE, RATE)

    yield "a Chain that is put into itself later", later
    for cls in (nb.Board, nb.Mix):
        board = cls([])
        yield f"{cls.__name__} appended to itself", lambda b=board: b.append(b)
        yield f"{cls.__name__} in a Mix in itself", lambda b=board: b.append(nb.Mix([b]))
        yield f"{cls.__name__} boxed in itself", lambda b=board: b.append(nb.Box(b))
    deep: Any = pb.Gain()
    for _ in range(3000):
        deep = pb.Chain([deep])
    yield "3000 Chains in each other", lambda: nb.Board([deep])(NOISE, RATE)
    same = pb.Reverb()
    yield "one Reverb twice", lambda: nb.Board([same, pb.Chain([same]), same])(NOISE, RATE)


def samples() -> Iterator[Case]:
    """Numbers that poison a state for good or end the process (LAME)."""
    for value in (1e20, -1e20, 3e38, math.inf, -math.inf, math.nan, 1e9):
        audio = NOISE.copy()
        audio[:, 1000] = value
        loud = np.full_like(NOISE, value)
        for name, make in every_native():
            for what, sound in (("a sample", audio), ("all samples", loud)):
                case = f"{what} of {value:g} into {name}"
                yield case, lambda m=make, s=sound: nb.Board([m()])(s, RATE)
                if name not in natives._WHOLE:
                    yield (
                        f"{case}, streamed",
                        lambda m=make, s=sound: streamed(nb.Board([m()]), s, NOISE),
                    )


EXTREMES = (math.nan, math.inf, -math.inf, 3e38, -3e38, 1e30, 1e9, -1e9, 1e5, -100.0, -1.0, 0.0,
            1e-30, -1e-30)  # fmt: skip


def parameters() -> Iterator[Case]:
    """Values that pedalboard takes and then never returns from, or answers with Inf."""
    for name, make in every_native():
        for prop in natives.property_names(make()):
            if not isinstance(getattr(make(), prop), float):
                continue
            for value in EXTREMES:
                text = "nan" if math.isnan(value) else repr(value)
                if text in ("inf", "-inf", "nan"):
                    text = text.replace("inf", "1e999")

                def by_hand(make: Any = make, prop: str = prop, value: float = value) -> Any:
                    item = make()
                    setattr(item, prop, value)
                    return nb.Board([item])(NOISE, RATE)

                def midway(make: Any = make, prop: str = prop, value: float = value) -> Any:
                    item = make()
                    with nb.Board([item]).stream(RATE, 2) as stream:
                        stream.process(NOISE)
                        setattr(item, prop, value)
                        out = stream.process(NOISE)
                        setattr(item, prop, getattr(make(), prop))
                        return np.concatenate([out, stream.process(NOISE)], axis=1)

                chain = f"{_snake(name)}({prop}={text})"
                yield f"{name}.{prop} = {value:g}", by_hand
                if name not in natives._WHOLE:
                    yield f"{name}.{prop} = {value:g} in a stream", midway
                if name != "Convolution":
                    yield f"chain {chain}", lambda c=chain: nb.parse_chain(c)(NOISE, RATE)
                    preset = {"native": name, "parameters": {prop: value}}
                    yield f"preset {chain}", lambda p=preset: _from_preset(p)


def _snake(name: str) -> str:
    from neuralboard import registry

    return registry.snake_case(name)


def _from_preset(item: Any) -> np.ndarray:
    text = json.dumps({"neuralboard": 1, "item": {"board": [item]}})
    return nb.from_json(text)(NOISE, RATE)


def files_and_presets() -> Iterator[Case]:
    """Responses and recordings of no samples, channels or rate, through files and presets."""

    def array(values: Any) -> dict[str, Any]:
        raw = np.asarray(values, "<f4")
        return {"shape": list(raw.shape), "float32": base64.b64encode(raw.tobytes()).decode()}

    for rate in (0, -1, 1e-30, 4, 1e300, math.nan, math.inf):
        preset = {"native": "Convolution", "impulse_response": array(IMPULSE), "sample_rate": rate}
        yield f"preset: a response at {rate} Hz", lambda p=preset: _from_preset(p)
    for values in (np.zeros((0, 0)), np.zeros((1, 0)), np.zeros((0, 9)), np.zeros(0),
                   np.zeros((1, 9)), np.full((1, 9), math.nan), np.full((1, 9), math.inf),
                   np.full((1, 9), 1e30), np.ones((9, 9)),
                   np.ones((3, 99)), np.float32(1)):  # fmt: skip
        preset = {"native": "Convolution", "impulse_response": array(values), "sample_rate": RATE}
        what = f"a response of {np.shape(values)}, {np.max(values, initial=0):g}"
        yield f"preset: {what}", lambda p=preset: _from_preset(p)
        yield (
            what,
            lambda v=values: nb.Board([pb.Convolution(np.asarray(v, np.float32), 1.0, RATE)])(
                NOISE, RATE
            ),
        )
    folder = Path(tempfile.mkdtemp())
    for frames, channels in ((0, 1), (0, 2), (1, 1)):
        path = folder / f"{frames}x{channels}.wav"
        with pb.io.AudioFile(str(path), "w", RATE, channels) as file:
            file.write(np.zeros((channels, frames), np.float32))
        name = f"a file of {frames} samples, {channels} channels"
        for chain in ("reverb()", f"convolution({str(path)!r})", "mix(reverb(), dry)",
                      "pitch_shift(2)", "gsm_full_rate_compressor()",
                      "mp3_compressor()"):  # fmt: skip
            target = folder / f"out{len(list(folder.iterdir()))}.wav"
            yield f"{name} through {chain[:12]}", lambda c=chain, p=path, t=target: _file(c, p, t)
        yield (
            f"{name} as response",
            lambda p=path: nb.parse_chain(f"convolution({str(p)!r})")(NOISE, RATE),
        )


def _file(chain: str, source: Path, target: Path) -> np.ndarray:
    nb.process_file(nb.parse_chain(chain), source, target)
    with pb.io.AudioFile(str(target)) as file:
        return np.zeros((1, int(file.frames)), np.float32)


GROUPS = {f.__name__: f for f in
          (empty_first, rates, sizes, lists, samples, parameters, files_and_presets)}  # fmt: skip


def outcome(call: Callable[[], Any]) -> str:
    try:
        result = call()
    except nb.NeuralboardError as error:
        several = "\n" in str(error) or len(str(error)) < 15
        return f"{'NO ONE LINE' if several else 'refused'}: {error}"
    except (ValueError, RuntimeError, TypeError) as error:
        # What pedalboard's own constructors and setters refuse never comes to us.
        tb = error.__traceback__
        while tb is not None and tb.tb_next is not None:
            tb = tb.tb_next
        own = tb is not None and tb.tb_frame.f_code.co_filename == __file__
        return f"{'refused by pedalboard' if own else 'RAW'}: {type(error).__name__}: {error}"
    except BaseException as error:
        return f"RAW: {type(error).__name__}: {error}"
    if isinstance(result, np.ndarray) and not np.isfinite(result).all():
        return "NOT FINITE"
    return "handled"


def main() -> None:
    faulthandler.enable()
    warnings.simplefilter("ignore")
    for case, call in GROUPS[sys.argv[1]]():
        print(json.dumps({"case": case}), flush=True)
        print(json.dumps({"case": case, "got": outcome(call)}), flush=True)
    print(json.dumps({"done": True}), flush=True)


if __name__ == "__main__":
    main()
