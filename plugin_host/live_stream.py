# SPDX-License-Identifier: GPL-3.0-or-later
"""Live sound: a board between a sound input and a sound output.

    device ── callback [samples, inputs] ──▶ board.stream(...).process ──▶ [samples, outputs]

The callback runs in PortAudio's thread and must be done before the next block is due: it fills
arrays that were made beforehand, takes two clock readings, and logs nothing. What goes wrong in it
stops the sound and is raised in the thread that waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np

from neuralboard.audio import Audio, check_channels, check_sample_rate
from neuralboard.board import Board
from neuralboard.errors import AudioError, StreamError
from neuralboard.live_devices import Device, DeviceError, find_device, sound_library
from neuralboard.live_figures import LiveFigures, Meter
from neuralboard.live_switching import quick_switches
from neuralboard.processor import Processor

__all__ = ["LiveStream", "live"]

_MAX_BLOCK = 16_384
_LOOK_SECONDS = 0.1  # how often figures are shown, and how soon Ctrl-C is noticed on Windows
_WARM_UP_SECONDS = 0.1
_OTHER_RATES = (48_000, 44_100)  # tried where the defaults of the two devices do not suit both


def live(
    board: Any,
    input: int | str | None = None,  # noqa: A002 - the pair's names
    output: int | str | None = None,
    block: int = 128,
    *,
    sample_rate: int | None = None,
    channels: int | None = None,
    buffering: Literal["low", "high"] = "low",
    seconds: float | None = None,
    show: Callable[[LiveFigures], object] | None = None,
) -> LiveFigures:
    """Play a sound input through a board to a sound output until Ctrl-C.

    Needs `pip install "neuralboard[live]"`. Use headphones: a microphone that hears its own
    loudspeaker howls. Parameters of boxes may be set meanwhile from another thread; to go on in
    this one, use `LiveStream`.

    Parameters
    ----------
    board : Processor, or a native of pedalboard
        What the sound goes through.
    input, output : int, str or None
        A device: its number, a part of its name, or None for the system's default.
    block : int
        Samples per block, 1 to 16,384. Smaller: less latency and more work per second.
    sample_rate : int, optional
        Hz; else the default of the output, or of the input, or 48 or 44.1 kHz: the first that
        both devices can do.
    channels : int, optional
        Of the board; else as many as the input has, 2 at most. One is heard on all outputs.
    buffering : "low" or "high"
        How much the devices buffer: "high" where sound drops out.
    seconds : float, optional
        Stop after so much sound; else at Ctrl-C.
    show : callable, optional
        Called ten times a second with the figures so far; `print` will do.

    Returns
    -------
    LiveFigures
        Of the whole run.

    Raises
    ------
    DeviceError
        Where a device or a library is missing, does not fit or stops.
    NeuralboardError
        Where the board can't be streamed.
    Exception
        What a box raised while the sound ran.
    """
    stream = LiveStream(
        board, input, output, block, sample_rate=sample_rate, channels=channels,
        buffering=buffering, seconds=seconds,
    )  # fmt: skip
    try:
        with stream:
            while not stream.wait(_LOOK_SECONDS):
                if show is not None:
                    show(stream.figures())
    except KeyboardInterrupt:
        pass  # how it is meant to end
    return stream.total()


class LiveStream:
    """A board that plays between two sound devices while the `with` block runs.

        with nb.LiveStream(board, input="USB") as live:
            live.wait(5.0)
            board[0].bypass = True
            live.wait(5.0)
        print(live.total())

    The parameters are those of `live`. Everything that can be refused is refused when it is made.

    Attributes
    ----------
    input, output : Device
        What was chosen.
    sample_rate, channels, block : int
        Hz; of the board; samples per block.
    board_latency : int
        Samples by which the board delays the sound.
    """

    def __init__(
        self,
        board: Any,
        input: int | str | None = None,  # noqa: A002 - the pair's names
        output: int | str | None = None,
        block: int = 128,
        *,
        sample_rate: int | None = None,
        channels: int | None = None,
        buffering: Literal["low", "high"] = "low",
        seconds: float | None = None,
    ) -> None:
        self._sound = sound_library()
        self.block = _check_block(block)
        self._limit = _check_seconds(seconds)
        self.buffering = _check_buffering(buffering)
        self.input = find_device(input, "input")
        self.output = find_device(output, "output")
        inputs, outputs = min(self.input.inputs, 2), min(self.output.outputs, 2)
        self.channels = inputs if channels is None else check_channels(channels)
        self.sample_rate = self._choose_rate(sample_rate, inputs, outputs)
        whole = board if isinstance(board, Processor) else Board([board])
        self._stream = whole.stream(self.sample_rate, self.channels)
        self.board_latency = self._stream.latency
        try:
            self._warm_up()
        except BaseException:
            self._stream.close()
            raise
        self._inputs, self._outputs = inputs, outputs
        self._block = np.zeros((self.channels, self.block), np.float32)
        self._meter = Meter(self.sample_rate, self.board_latency)
        self._done = threading.Event()
        self._error: BaseException | None = None
        self._device: Any = None
        self._ended = self._hurries = False

    # ------------------------------------------------------------------ what a user calls
    def __enter__(self) -> Self:
        if self._device is not None or self._ended:
            raise StreamError("this live stream was started already; make a new one")
        try:
            self._device = self._sound.Stream(
                samplerate=self.sample_rate,
                blocksize=self.block,
                device=(self.input.index, self.output.index),
                channels=(self._inputs, self._outputs),
                dtype="float32",
                latency=self.buffering,
                callback=self._callback,
                finished_callback=self._done.set,
            )
            self._meter.device_latency = float(sum(self._device.latency))
            quick_switches(+1)
            self._hurries = True
            self._device.start()
        except self._sound.PortAudioError as error:
            self.close()
            raise DeviceError(
                f"can't play from '{self.input.name}' to '{self.output.name}' at"
                f" {self.sample_rate} Hz: {_reason(error)}; choose others (neuralboard live --list)"
            ) from None
        except BaseException:  # Ctrl-C too: a started device must not outlive us
            self.close()
            raise
        return self

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the sound has ended or so many seconds are over; return whether it ended.

        Raises
        ------
        DeviceError
            Where the device stopped by itself (it was pulled out).
        Exception
            What a box raised.
        """
        ended = self._done.wait(seconds)
        if self._error is not None:
            raise self._error
        if ended and not self._ended and not self._is_over():
            raise DeviceError(
                f"the sound system ended the sound from '{self.input.name}' to"
                f" '{self.output.name}' after {self._meter.seconds:.1f} s: a device was pulled out,"
                " or could not keep up (a larger block or buffering='high' helps then)"
            )
        return ended

    def figures(self) -> LiveFigures:
        """Return the figures so far; levels are the peaks since the last look."""
        return self._meter.look()

    def total(self) -> LiveFigures:
        """Return the figures of the whole run; levels are the peaks of all of it."""
        return self._meter.total()

    def close(self) -> None:
        """Stop the sound and give the devices back. `with` does it by itself."""
        self._ended = True
        device, self._device = self._device, None
        try:
            if device is not None:
                device.close()  # aborts; the callback does not run any more when it returns
        finally:
            if self._hurries:
                quick_switches(-1)
                self._hurries = False
            self._stream.close()
            self._done.set()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"<LiveStream '{self.input.name}' to '{self.output.name}', {self.sample_rate} Hz,"
            f" {self.channels} channel(s), blocks of {self.block}>"
        )

    # ------------------------------------------------------------------ inside
    def _is_over(self) -> bool:
        return self._limit is not None and self._meter.seconds >= self._limit

    def _choose_rate(self, wanted: int | None, inputs: int, outputs: int) -> int:
        rates = [self.output.sample_rate, self.input.sample_rate, *_OTHER_RATES]
        if wanted is not None:
            rates = [check_sample_rate(wanted)]
        reasons: list[str] = []
        for rate in rates:
            try:
                check_sample_rate(rate)
                self._try_device("input", self.input, inputs, rate)
                self._try_device("output", self.output, outputs, rate)
                return rate
            except (self._sound.PortAudioError, AudioError) as error:
                reasons.append(_reason(error))
        raise DeviceError(
            f"'{self.input.name}' and '{self.output.name}' can't both run at"
            f" {' or '.join(str(rate) for rate in dict.fromkeys(rates))} Hz ({reasons[0]});"
            f" their own rates are {self.input.sample_rate} and {self.output.sample_rate} Hz"
        )

    def _try_device(self, direction: str, device: Device, channels: int, rate: int) -> None:
        check = getattr(self._sound, f"check_{direction}_settings")
        check(device=device.index, channels=channels, dtype="float32", samplerate=rate)

    def _warm_up(self) -> None:
        """Run silence through the board: the first blocks of a network cost many times more."""
        silence = np.zeros((self.channels, self.block), np.float32)
        for _ in range(max(1, int(_WARM_UP_SECONDS * self.sample_rate) // self.block)):
            out = self._stream.process(silence)
        if out.ndim != 2:
            raise AudioError(
                "this board gives several outputs (stems), a sound device plays one; pick one"
                " with stem='...' on the board"
            )
        self._stream.reset()

    def _callback(self, heard: Audio, played: Audio, frames: int, _: Any, status: Any) -> None:
        """Process one block: `heard` [frames, inputs] in, `played` [frames, outputs] filled."""
        began = time.perf_counter()
        try:
            block = self._block
            if frames != self.block:  # PortAudio keeps the size that it was asked for; if not:
                block = np.zeros((self.channels, frames), np.float32)
            spread(heard.T, block)
            out = self._stream.process(block)
            spread(out, played.T)
        except BaseException as error:
            played.fill(0.0)
            self._error = error
            raise self._sound.CallbackAbort from None
        lost = bool(status) and not status.priming_output
        self._meter.count(heard, played, time.perf_counter() - began, lost=lost)
        if self._is_over():
            raise self._sound.CallbackStop


def spread(source: Audio, target: Audio) -> None:
    """Copy `[channels, n]` into `target` of another channel count, in place.

    One channel goes to all; several go to one as their mean; else as many as both have, the rest
    silent.
    """
    have, want = source.shape[0], target.shape[0]
    if have == want or have == 1:
        target[:] = source
    elif want == 1:
        source.mean(axis=0, out=target[0])
    else:
        both = min(have, want)
        target[:both] = source[:both]
        target[both:] = 0.0


def _check_block(block: Any) -> int:
    if isinstance(block, bool) or not isinstance(block, (int, np.integer)):
        raise StreamError(f"block = {block!r} is no whole number of samples; use e.g. 128")
    if not 1 <= block <= _MAX_BLOCK:
        raise StreamError(f"block = {block} is outside 1 to {_MAX_BLOCK} samples; use e.g. 128")
    return int(block)


def _check_seconds(seconds: Any) -> float | None:
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds > 0:
        raise StreamError(f"seconds = {seconds!r} is no length; use a number above 0, or None")
    return float(seconds)


def _check_buffering(buffering: Any) -> str:
    if buffering not in ("low", "high"):
        raise StreamError(f"buffering = {buffering!r} is neither 'low' nor 'high'")
    return str(buffering)


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())
