# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of parameters: ranges, random settings, ramps without clicks, mix and bypass."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from neuralboard.audio import Audio
from neuralboard.conformance import (
    NULL_DB,
    Bench,
    Check,
    Fault,
    difference,
    finite_output,
    level_db,
    must,
    signal_of,
)
from neuralboard.errors import ParameterError
from neuralboard.parameter import Choice, Descriptor, Parameter, Switch

__all__ = ["parameter_checks"]

_PERMUTATIONS, _BLOCKS, _BLOCK = 50, 5, 512
# The first samples after a change, and the share of the settled change that they may show: a 20 ms
# ramp shows about 1 % there, a step all of it.
_ONSET, _STEP = 8, 0.3


def parameter_checks(bench: Bench) -> Iterator[Check]:
    """Give the checks of a box of ours: parameters, mix and bypass."""
    if not bench.own:
        return
    checks = _Parameters(bench)
    yield "parameters: ranges are checked", checks.ranges
    yield "mix=0 and bypass: the delayed input", checks.dry
    if bench.processor.streamable:
        yield "parameters: 50 random settings and all bounds give finite sound", checks.random
        yield "parameters: set by another thread while sound runs", checks.threads
        yield "parameters: a change ramps, alike under any schedule", checks.ramps


class _Parameters:
    def __init__(self, bench: Bench) -> None:
        self.bench, self.box, self.audio = bench, bench.box, bench.audio
        self.rate, self.channels, self.tolerance = bench.rate, bench.channels, bench.tolerance

    def ranges(self) -> None:
        box = self.bench.copy()
        for name, descriptor in box.parameters.items():
            before = getattr(box, name)
            for bad in _bad_values(descriptor):
                try:
                    setattr(box, name, bad)
                except ParameterError as error:
                    must(name in str(error), f"the error for {name} = {bad!r} does not name it")
                    must("\n" not in str(error), f"the error for {name} has several lines")
                    kept = getattr(box, name)
                    must(kept is before or kept == before, f"the refused {name} changed the value")
                    continue
                raise Fault(f"{name} = {bad!r} was accepted")
        try:
            box.no_such_parameter = 1
        except AttributeError:
            return
        raise Fault("an unknown parameter was accepted")

    def dry(self) -> None:
        for rate in self.bench.rates():
            audio = signal_of(rate, self.channels, 0.3, seed=6)
            for name, value in (("mix", 0.0), ("bypass", True)):
                box = self.bench.copy(**{name: value})
                out = self.bench.first(box(audio, rate))
                null = level_db(out - audio)
                where = f"with {name}={value} at {rate} Hz it nulls to {null:.0f} dB only"
                must(null < NULL_DB, where)
                if box.streamable:
                    delayed = self.bench.streamed(box, audio, (480,), rate)
                    must(level_db(delayed - audio) < NULL_DB, where + " in a stream")

    def random(self) -> None:
        rng = np.random.default_rng(2)
        box = self.bench.copy()
        names = _movable(box)
        with finite_output():
            with box.stream(self.rate, self.channels) as stream:
                at = 0
                for _ in range(_PERMUTATIONS):
                    for name, descriptor in names.items():
                        setattr(box, name, _random_value(descriptor, rng, getattr(box, name)))
                    for _ in range(_BLOCKS):
                        block = np.take(self.audio, np.arange(at, at + _BLOCK), 1, mode="wrap")
                        out = stream.process(block)
                        must(bool(np.isfinite(out).all()), f"{box!r} gave NaN or Inf")
                        at += _BLOCK
            for end in ("minimum", "maximum"):
                box = self.bench.copy()
                for name, descriptor in _numbers(box).items():
                    value = getattr(descriptor, end)
                    if np.isfinite(value):
                        setattr(box, name, value)
                out = box(self.audio, self.rate)
                must(bool(np.isfinite(out).all()), f"{box!r} gave NaN or Inf")

    def threads(self) -> None:
        """200 blocks of 32 samples while another thread sets every parameter over and over."""
        box = self.bench.copy()
        names, running, errors = _movable(box), threading.Event(), list[BaseException]()
        running.set()

        def turn() -> None:
            rng = np.random.default_rng(5)
            try:
                while running.is_set():
                    for name, descriptor in names.items():
                        setattr(box, name, _random_value(descriptor, rng, getattr(box, name)))
            except BaseException as error:  # told below, in the thread that asks
                errors.append(error)

        thread = threading.Thread(target=turn)
        thread.start()
        try:
            with box.stream(self.rate, self.channels) as stream:
                for start in range(0, 200 * 32, 32):
                    out = stream.process(self.audio[:, start : start + 32])
                    must(bool(np.isfinite(out).all()), "gave NaN or Inf")
        finally:
            running.clear()
            thread.join()
        for error in errors:
            raise Fault(f"setting parameters raised {type(error).__name__}: {error}")

    def ramps(self) -> None:
        for name, descriptor in _numbers(self.box).items():
            if descriptor.next_stream:
                continue
            now = float(getattr(self.box, name))
            ends = [v for v in (descriptor.minimum, descriptor.maximum) if np.isfinite(v)]
            ends = ends or [now + 1.0]
            value = max(ends, key=lambda end: abs(end - now))
            try:
                outs = [
                    self._changed(name, value, sizes, self.audio)
                    for sizes in ((500,), (77, 1, 422))
                ]
            except Fault:
                raise
            except Exception as error:
                raise Fault(
                    f"while {name} moves: {type(error).__name__}: {error}; p.{name} is then an"
                    " array, one value per sample (or frame)"
                ) from None
            worst = difference(*outs)
            must(
                worst <= self.tolerance,
                f"a change of {name} gives other samples under other blocks (by {worst:.2g})",
            )
            self._no_click(name, value)

    def _no_click(self, name: str, value: float) -> None:
        """Compare with a stream that is not changed: the difference must grow, not jump."""
        now = getattr(self.box, name)
        time = np.arange(10_000) / self.rate
        noise = 0.02 * np.random.default_rng(3).standard_normal((self.channels, 10_000))
        power = np.zeros(0)
        # Two runs with a tone in quadrature: one of them is always far from its zero crossing.
        for phase in (0.0, np.pi / 2):
            audio = (0.4 * np.sin(2 * np.pi * 150 * time + phase) + noise).astype(np.float32)
            still = self._changed(name, now, (500,), audio)
            moved = self._changed(name, value, (500,), audio)
            change = np.max((moved - still).astype(float) ** 2, axis=0)  # [samples]
            power = change if power.size == 0 else power + change
        begun = np.flatnonzero(power > 1e-12)
        if begun.size == 0:
            return
        begin = int(begun[0])
        settled = float(np.sqrt(np.mean(power[begin + round(0.03 * self.rate) :])))
        onset = float(np.sqrt(np.mean(power[begin : begin + _ONSET])))
        must(
            onset < _STEP * settled or settled < 1e-3,
            f"a change of {name} from {now:g} to {value:g} clicks: it is heard at once, not over"
            f" 20 ms; use p.{name}, not self.{name}, and no value of the block's start for all",
        )

    def _changed(self, name: str, value: Any, sizes: tuple[int, ...], audio: Audio) -> Audio:
        """Stream with a change at sample 5000, where all schedules have a block boundary."""
        parts = []
        box = self.bench.copy()
        with box.stream(self.rate, self.channels) as stream:
            for start in range(0, 10_000, 500):
                if start == 5000:
                    setattr(box, name, value)
                at = start
                for size in sizes:
                    block = np.ascontiguousarray(audio[:, at : at + size])
                    parts.append(self.bench.first(stream.process(block)))
                    at += size
            parts.append(self.bench.first(stream.flush()))
        return np.concatenate(parts, axis=-1)


def _bad_values(descriptor: Descriptor) -> list[Any]:
    if isinstance(descriptor, Parameter):
        beyond = [descriptor.maximum + 1, descriptor.minimum - 1]
        return [float("nan"), "loud", None, *(v for v in beyond if np.isfinite(v))]
    if isinstance(descriptor, Choice):
        return ["no such word", 3]
    if isinstance(descriptor, Switch):
        return ["on", 2]
    return []


def _numbers(box: Any) -> dict[str, Parameter]:
    return {name: d for name, d in box.parameters.items() if isinstance(d, Parameter)}


def _movable(box: Any) -> dict[str, Descriptor]:
    """Return the parameters that a running stream takes over."""
    return {
        name: d
        for name, d in box.parameters.items()
        if isinstance(d, (Parameter, Choice, Switch)) and not d.next_stream
    }


def _random_value(descriptor: Descriptor, rng: np.random.Generator, now: Any) -> Any:
    if isinstance(descriptor, Switch):
        return bool(rng.integers(2))
    if isinstance(descriptor, Choice):
        return descriptor.options[rng.integers(len(descriptor.options))]
    if not isinstance(descriptor, Parameter):
        return now
    low, high = descriptor.minimum, descriptor.maximum
    low = low if np.isfinite(low) else float(descriptor.default) - 10.0
    high = high if np.isfinite(high) else float(descriptor.default) + 10.0
    return float(rng.uniform(low, high))
