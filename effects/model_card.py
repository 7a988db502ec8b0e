# SPDX-License-Identifier: GPL-3.0-or-later
"""The card of a model file, format 1: what a host must know to run the graph, and whose it is.

Frozen dataclasses that check themselves when made; `Card.to_json` and `Card.from_json` write and
read what stands in the file. docs/model-file.md explains each field.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from neuralboard.cpp_ext.windows import MAX_N_FFT, MIN_N_FFT, NAMES, window_pair
from neuralboard.effects import model_fields as check
from neuralboard.effects.model_fields import refuse

__all__ = ["FORMAT", "MAIN_OUTPUTS", "Card", "DataSource", "Golden", "ModelParameter", "State"]
__all__ += ["Stft"]

FORMAT = 1
DOMAINS = ("spectrum", "waveform", "labels")
CHANNELS = ("mono", "linked")
MAIN_OUTPUTS = {
    "spectrum": ("mask", "spectrum_out"),
    "waveform": ("audio_out",),
    "labels": ("probabilities",),
}
"""Domain → names that the graph's first output may have; the name says what it is."""

_MOST = {"states": 64, "parameters": 64, "data": 1_000}
_MOST_NAMES = {"inputs": 200, "outputs": 200, "stems": 16, "labels": 10_000}
_MOST_STATE_FLOATS = 1 << 22  # of all states of one channel: 16 MB
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclasses.dataclass(frozen=True)
class Stft:
    """The short-time Fourier transform that the graph was trained with (periodic windows).

    Attributes
    ----------
    n_fft, hop_length : int
        Samples at the model's rate; bins = n_fft / 2 + 1.
    window : str or tuple of float
        ``hann``, ``sqrt_hann``, ``hamming``, ``blackman``, ``rect``, or n_fft values.
    synthesis_window : str, tuple of float or None
        The same for the way back; None: as `window`.
    """

    n_fft: int
    hop_length: int
    window: str | tuple[float, ...] = "sqrt_hann"
    synthesis_window: str | tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        n_fft = check.integer("stft.n_fft", self.n_fft, MIN_N_FFT, MAX_N_FFT)
        if n_fft % 2:
            refuse("stft.n_fft", n_fft, "odd", f"use {n_fft + 1}")
        check.integer("stft.hop_length", self.hop_length, 1, n_fft)
        _window("stft.window", self.window, n_fft)
        if self.synthesis_window is not None:
            _window("stft.synthesis_window", self.synthesis_window, n_fft)
        try:
            window_pair(self.window, self.synthesis_window, n_fft, self.hop_length)
        except (TypeError, ValueError) as error:  # the two and the hop can't be undone
            refuse("stft", self.hop_length, str(error), "change hop_length or the windows")

    @property
    def bins(self) -> int:
        """Return the number of bins of a frame."""
        return self.n_fft // 2 + 1


def _window(field: str, value: Any, n_fft: int) -> None:
    if isinstance(value, str):
        check.one_of(field, value, NAMES)
    elif not isinstance(value, tuple) or len(value) != n_fft:
        refuse(field, value, "neither a name nor n_fft values", f"use one of {', '.join(NAMES)}")
    else:
        for index, sample in enumerate(value):
            check.number(f"{field}[{index}]", sample)


@dataclasses.dataclass(frozen=True)
class State:
    """Memory of the graph: an input and an output; starts at zero.

    Attributes
    ----------
    input, output : str
        Names in the graph.
    shape : tuple of int
        Without the batch, which leads in the graph: ``[batch, *shape]``.
    """

    input: str
    output: str
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        check.text("states.input", self.input)
        check.text("states.output", self.output)
        if not isinstance(self.shape, tuple) or not 0 < len(self.shape) <= 6:
            refuse("states.shape", self.shape, "not 1 to 6 sizes", "leave out the batch only")
        for size in self.shape:
            check.integer("states.shape", size, 1, _MOST_STATE_FLOATS)


@dataclasses.dataclass(frozen=True)
class ModelParameter:
    """A knob: a graph input ``[batch, frames, 1]`` (waveform: one value per block).

    Attributes
    ----------
    name : str
        Of the graph's input and of the box's parameter: a Python name.
    default, min, max : float
        The default and the inclusive range.
    unit, doc : str
        "dB", "Hz", "" for a ratio; one line.
    """

    name: str
    default: float
    min: float
    max: float
    unit: str = ""
    doc: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            refuse("parameters.name", self.name, "not a Python name", "use letters, digits and _")
        where = f"parameters.{self.name}"
        least, most = check.number(f"{where}.min", self.min), check.number(f"{where}.max", self.max)
        if not least < most:
            refuse(f"{where}.max", most, f"not above min {least:g}", "swap or widen them")
        if not least <= check.number(f"{where}.default", self.default) <= most:
            refuse(f"{where}.default", self.default, "out of range",
                   f"give one from {least:g} to {most:g}")  # fmt: skip
        check.text(f"{where}.unit", self.unit, empty=True)
        check.text(f"{where}.doc", self.doc, empty=True)


@dataclasses.dataclass(frozen=True)
class Golden:
    """The self-test: what the graph gave for a known signal when it was written.

    Attributes
    ----------
    signal : str
        The generator: ``lcg`` (docs/model-file.md).
    seed : int
        Where it starts.
    output : tuple of float
        Values of the main output, at evenly spread places.
    """

    signal: str
    seed: int
    output: tuple[float, ...]

    def __post_init__(self) -> None:
        check.one_of("golden.signal", self.signal, ("lcg",))
        check.integer("golden.seed", self.seed, 0, 2**32 - 1)
        if not isinstance(self.output, tuple) or not 0 < len(self.output) <= 1024:
            refuse("golden.output", self.output, "not 1 to 1024 values", "embed it with add_golden")
        for index, value in enumerate(self.output):
            check.number(f"golden.output[{index}]", value)


@dataclasses.dataclass(frozen=True)
class DataSource:
    """A data set that the model was trained on, and its licence."""

    name: str
    licence: str

    def __post_init__(self) -> None:
        check.text("data.name", self.name)
        check.text("data.licence", self.licence)


@dataclasses.dataclass(frozen=True)
class Card:
    """All that a host knows of a model beside its graph.

    Raises
    ------
    ModelFileError
        A field is wrong: the message names it, its value and the cure.
    """

    name: str
    version: str
    task: str
    domain: Literal["spectrum", "waveform", "labels"]
    sample_rate: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    licence: str
    channels: Literal["mono", "linked"] = "mono"
    block: int = 1
    stft: Stft | None = None
    lookahead_frames: int = 0
    latency: int = 0
    stems: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    states: tuple[State, ...] = ()
    parameters: tuple[ModelParameter, ...] = ()
    golden: Golden | None = None
    sha256: str = ""
    data: tuple[DataSource, ...] = ()
    metrics: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    trained_with: str = ""
    created: str = ""
    format: int = FORMAT

    _PARTS: ClassVar[dict[str, type]] = {
        "stft": Stft,
        "golden": Golden,
        "states": State,
        "parameters": ModelParameter,
        "data": DataSource,
    }

    def __post_init__(self) -> None:
        if type(self.format) is not int or self.format != FORMAT:
            refuse("format", self.format, f"not {FORMAT}, which this version reads",
                   "upgrade neuralboard (docs/model-file.md has a table)")  # fmt: skip
        for field in ("name", "version", "task", "licence"):
            check.text(field, getattr(self, field))
        check.text("trained_with", self.trained_with, empty=True)
        check.one_of("domain", self.domain, DOMAINS)
        check.one_of("channels", self.channels, CHANNELS)
        check.integer("sample_rate", self.sample_rate, 8_000, 192_000)
        check.integer("block", self.block, 1, 1 << 16)
        check.integer("lookahead_frames", self.lookahead_frames, 0, 1_000)
        check.integer("latency", self.latency, 0, 10 * self.sample_rate)
        for field, most in _MOST_NAMES.items():
            check.names(field, getattr(self, field), most)
        self._check_parts()
        self._check_domain()
        self._check_wiring()
        self._check_provenance()

    def _check_parts(self) -> None:
        for field in ("states", "parameters", "data"):
            values, kind = getattr(self, field), self._PARTS[field]
            if not isinstance(values, tuple) or not all(isinstance(v, kind) for v in values):
                refuse(field, values, "wrong type", f"give a tuple of {kind.__name__}")
            if len(values) > _MOST[field]:
                refuse(field, len(values), "too many", f"give at most {_MOST[field]}")
        for field in ("stft", "golden"):
            value, kind = getattr(self, field), self._PARTS[field]
            if value is not None and not isinstance(value, kind):
                refuse(field, value, "wrong type", f"give a {kind.__name__} or None")
        floats = sum(math.prod(state.shape) for state in self.states)
        if floats > _MOST_STATE_FLOATS:
            refuse("states", floats, "too many floats", f"use at most {_MOST_STATE_FLOATS}")

    def _check_domain(self) -> None:
        spectral = self.stft is not None
        if self.domain == "spectrum" and not spectral:
            refuse("stft", None, "missing", "a model of the domain spectrum needs it")
        if self.domain == "waveform" and spectral:
            refuse("stft", self.stft, "a waveform model has none", "leave it out")
        if spectral and self.block != 1:
            refuse("block", self.block, "only waveform graphs have blocks", "leave it at 1")
        if self.lookahead_frames and not spectral:
            refuse("lookahead_frames", self.lookahead_frames, "there are no frames",
                   "give the delay in samples as latency")  # fmt: skip
        if self.latency and self.outputs[:1] == ("mask",):
            refuse("latency", self.latency, "a mask belongs to a frame", "use lookahead_frames")
        if (self.domain == "labels") != bool(self.labels):
            refuse("labels", self.labels, "wanted by the domain labels, and by no other",
                   "name the labels, or change the domain")  # fmt: skip
        if self.stems and self.domain == "labels":
            refuse("stems", self.stems, "a model that gives labels has none", "leave them out")

    def _check_wiring(self) -> None:
        main = "spectrum" if self.stft is not None else "audio"
        wanted = [main, *(p.name for p in self.parameters), *(s.input for s in self.states)]
        if self.inputs[:1] != (main,):
            refuse("inputs", self.inputs, f"'{main}' doesn't come first", "rename or reorder them")
        self._same("inputs", self.inputs, wanted, "the main one, each parameter and each state")
        options = MAIN_OUTPUTS[self.domain]
        if self.outputs[:1] not in [(name,) for name in options]:
            refuse("outputs", self.outputs, "the first one's name says what it is",
                   f"call it {' or '.join(options)}")  # fmt: skip
        wanted = [self.outputs[0], *(state.output for state in self.states)]
        self._same("outputs", self.outputs, wanted, "the main one and each state's")

    @staticmethod
    def _same(field: str, given: tuple[str, ...], wanted: list[str], what: str) -> None:
        if sorted(given) != sorted(wanted):
            refuse(field, given, f"not {what}", f"give {', '.join(wanted)}")

    def _check_provenance(self) -> None:
        if self.sha256 and not re.fullmatch(r"[0-9a-f]{64}", str(self.sha256)):
            refuse("sha256", self.sha256, "not 64 hexadecimal digits", "let add_card compute it")
        if not isinstance(self.sha256, str) or not isinstance(self.created, str):
            refuse("created", self.created, "not a text", "give a date, as 2026-01-31")
        if self.created:
            try:
                dt.datetime.fromisoformat(self.created)
            except ValueError:
                refuse("created", self.created, "not a date", "give one as 2026-01-31")
        if not isinstance(self.metrics, Mapping):
            refuse("metrics", self.metrics, "not a table", "give name → value")
        try:
            json.dumps(dict(self.metrics), allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            refuse("metrics", self.metrics, f"not JSON ({error})", "use texts and finite numbers")

    @property
    def total_latency(self) -> int:
        """Return the latency at the model's rate under any block schedule, in samples."""
        if self.stft is None:
            return self.block - 1 + self.latency
        lookahead = self.lookahead_frames * self.stft.hop_length
        return self.stft.n_fft - 1 + lookahead + self.latency

    def to_json(self) -> str:
        """Return the card as it stands in the file."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Card:
        """Read and check a card."""
        from neuralboard.effects.model_json import read_card

        return read_card(text)
