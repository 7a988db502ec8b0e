# SPDX-License-Identifier: GPL-3.0-or-later
"""`neuralboard live`: a sound input through a chain of boxes to a sound output, until Ctrl-C."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal, cast

import typer
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from neuralboard.cli import load_board
from neuralboard.console import DONE, UsageError, one_line, say
from neuralboard.errors import NeuralboardError
from neuralboard.live_devices import devices
from neuralboard.live_figures import LiveFigures
from neuralboard.live_stream import LiveStream

__all__ = ["live"]

_LOOK_SECONDS = 0.1
_METER_CELLS, _METER_FLOOR_DB = 40, -60.0
_NEAR_CLIPPING_DB = -6.0


def live(
    chain: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Boxes, as 'denoiser() | compressor(ratio=3)'."),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A preset (.json), or chain text in a file."),
    ] = None,
    input: Annotated[  # noqa: A002 - becomes --input
        str | None,
        typer.Option("--input", "-i", metavar="DEVICE", help="Its number or a part of its name."),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="DEVICE", help="As --input.")
    ] = None,
    block: Annotated[
        int, typer.Option(metavar="SAMPLES", help="Smaller: less latency, more work.")
    ] = 128,
    rate: Annotated[
        int | None, typer.Option(metavar="HZ", help="Sample rate; the device's own else.")
    ] = None,
    channels: Annotated[
        int | None, typer.Option(metavar="N", help="Of the board; the input's else, at most 2.")
    ] = None,
    buffering: Annotated[
        str, typer.Option(metavar="low|high", help="Of the devices: high where sound drops out.")
    ] = "low",
    seconds: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Stop by itself; at Ctrl-C else.")
    ] = None,
    show_list: Annotated[bool, typer.Option("--list", help="List the devices, play none.")] = False,
    allow_vst3: Annotated[
        bool,
        typer.Option("--allow-vst3", help="Load the VST3s that a preset names from anywhere."),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No meters, no summary; errors only.")
    ] = False,
) -> int:
    """Play a microphone through a chain of boxes, live, until Ctrl-C.

    Use headphones: a microphone that hears its own loudspeaker howls. While it runs, levels,
    latency and drop-outs are shown.
    """
    if show_list:
        return _list_devices()
    processor = load_board(chain, board, allow_vst3=allow_vst3)
    try:  # all that can be refused is refused here, before there is sound
        stream = LiveStream(
            processor, input, output, block, sample_rate=rate, channels=channels,
            buffering=cast(Literal["low", "high"], buffering), seconds=seconds,
        )  # fmt: skip
    except NeuralboardError as error:
        raise UsageError(one_line(error)) from None
    if not quiet:
        say(
            f"{stream.input.name} -> {stream.output.name}, {stream.sample_rate} Hz,"
            f" {stream.channels} channel{'s' if stream.channels != 1 else ''}, blocks of"
            f" {stream.block}; use headphones; Ctrl-C ends"
        )
    try:
        with stream:
            _watch(stream, quiet=quiet)
    except KeyboardInterrupt:
        pass  # how it is meant to end: nothing failed
    finally:
        if not quiet and stream.total().blocks:
            _summary(stream.total())
    return DONE


def _list_devices() -> int:
    try:
        found = devices()
    except NeuralboardError as error:
        raise UsageError(one_line(error)) from None
    if not found:
        say("no sound devices: PortAudio sees none (in a container there is none)", "yellow")
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("", "device", "in", "out", "Hz", "default", "system"):
        right = column in ("", "in", "out", "Hz")
        table.add_column(column, justify="right" if right else "left", no_wrap=column != "device")
    for device in found:
        uses = [
            word for word, is_it in (
                ("input", device.is_default_input), ("output", device.is_default_output)
            ) if is_it
        ]  # fmt: skip
        cells = (device.index, device.name, device.inputs, device.outputs, device.sample_rate)
        table.add_row(*(escape(str(x)) for x in (*cells, ", ".join(uses), device.system)))
    width = None if sys.stdout.isatty() else 120
    if found:
        Console(highlight=False, width=width).print(table)
    return DONE


def _watch(stream: LiveStream, *, quiet: bool) -> None:
    """Wait for the end; where standard error is a terminal, show meters meanwhile."""
    if quiet or not sys.stderr.isatty():
        while not stream.wait(_LOOK_SECONDS):
            pass
        return
    # Drawn from this thread only, when it looks: no second thread competes with the sound.
    with Live(console=Console(stderr=True), transient=True, auto_refresh=False) as shown:
        while not stream.wait(_LOOK_SECONDS):
            shown.update(meters(stream.figures()), refresh=True)


def meters(figures: LiveFigures) -> Any:
    """Return what is shown while sound runs: levels, latency, drop-outs."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for title, level in (("in", figures.input_db), ("out", figures.output_db)):
        table.add_row(title, _bar(level), _db(level))
    table.add_row(
        "latency",
        f"{figures.latency_ms:.1f} ms: devices {figures.device_latency_ms:.1f} + board"
        f" {figures.board_latency_ms:.1f}",
    )
    lost = figures.overruns or figures.late_blocks
    table.add_row("drop-outs", Text(_drop_outs(figures), style="red" if lost else ""))
    table.add_row("load", _load(figures))
    return table


def _bar(level: float) -> Text:
    share = min(max(1 - level / _METER_FLOOR_DB, 0.0), 1.0)
    cells = round(share * _METER_CELLS)
    style = "red" if level >= 0 else "yellow" if level > _NEAR_CLIPPING_DB else "green"
    return Text("█" * cells, style=style) + Text("·" * (_METER_CELLS - cells), style="dim")


def _db(level: float) -> str:
    clipped = ", clipped" if level > 0 else ""
    return "silence" if level == float("-inf") else f"{level:.1f} dBFS{clipped}"


def _drop_outs(figures: LiveFigures) -> str:
    return (
        f"{figures.overruns} by the device, {figures.late_blocks} of {figures.blocks} blocks late"
    )


def _load(figures: LiveFigures) -> str:
    return f"{100 * figures.load:.0f} % of the time, worst block {100 * figures.worst_load:.0f} %"


def _summary(figures: LiveFigures) -> None:
    say(
        f"{figures.seconds:.1f} s played; peaks: in {_db(figures.input_db)}, out"
        f" {_db(figures.output_db)}; latency {figures.latency_ms:.1f} ms (devices"
        f" {figures.device_latency_ms:.1f}, board {figures.board_latency_ms:.1f})"
    )
    say(f"drop-outs: {_drop_outs(figures)}; load: {_load(figures)}")
    if figures.overruns or figures.late_blocks:
        say("note: a larger --block or --buffering high costs latency and drops out less", "yellow")
