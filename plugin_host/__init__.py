# SPDX-License-Identifier: GPL-3.0-or-later
"""neuralboard: neural audio effects that behave like pedals."""

from __future__ import annotations

if __name__ != "neuralboard":
    raise ImportError(f"import this folder as 'neuralboard', not as {__name__!r}")

__version__ = "0.1.0"

from neuralboard import early_stop as _early_stop  # noqa: F401 - first: what follows takes time

# isort: split
from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from neuralboard.board import Board
from neuralboard.box import Box
from neuralboard.chain import parse_chain
from neuralboard.effect import Effect
from neuralboard.errors import (
    AudioError,
    AudioFileError,
    BoxError,
    BrokenSamplesWarning,
    ChainError,
    LatencyChangeWarning,
    MixError,
    ModelFileError,
    NeuralboardError,
    NeuralboardWarning,
    ParameterError,
    PresetError,
    StreamError,
    StreamingNotSupported,
)
from neuralboard.mix import Mix
from neuralboard.parameter import Choice, Parameter, Setting, Switch
from neuralboard.presets import from_json
from neuralboard.processor import Processor
from neuralboard.spectral import SpectralEffect
from neuralboard.stream import Stream

if _TYPE_CHECKING:  # for editors and type checkers; at run time these are found when asked for
    from pedalboard import (
        Bitcrush,
        BrickwallLimiter,
        Chorus,
        Clipping,
        Compressor,
        Convolution,
        Delay,
        Distortion,
        ExternalPlugin,
        ExternalPluginReloadType,
        Gain,
        GSMFullRateCompressor,
        HighpassFilter,
        HighShelfFilter,
        IIRFilter,
        Invert,
        LadderFilter,
        Limiter,
        LowpassFilter,
        LowShelfFilter,
        MP3Compressor,
        NoiseGate,
        PeakFilter,
        Phaser,
        PitchShift,
        Plugin,
        PluginContainer,
        Resample,
        Reverb,
        VST3Plugin,
        time_stretch,
    )
    from pedalboard._pedalboard import AudioProcessorParameter, load_plugin

    from neuralboard import io, midi_utils, testing
    from neuralboard.automated import Automated
    from neuralboard.batching.batch import batch
    from neuralboard.compat import AudioStream, process
    from neuralboard.files import process_file
    from neuralboard.live_stream import LiveStream, live
    from neuralboard.loudness import Loudness, Meter, measure_loudness
    from neuralboard.mixing.mix_file import read_mix
    from neuralboard.mixing.mixer import Mixer
    from neuralboard.mixing.outputs import render_mix
    from neuralboard.mixing.settings import OutputSettings
    from neuralboard.separating import separate_file
    from neuralboard.separator import Separator

Pedalboard = Board
Chain = Board

# Loaded when first asked for: our boxes, files, live sound, the test suite.
_LAZY = {
    "process_file": "neuralboard.files:process_file",
    # No module may be called neuralboard.batch: its import would hide the function.
    "batch": "neuralboard.batching.batch:batch",
    # No module may be called neuralboard.separate_file either.
    "separate_file": "neuralboard.separating:separate_file",
    "Separator": "neuralboard.separator:Separator",
    "process": "neuralboard.compat:process",
    "AudioStream": "neuralboard.compat:AudioStream",
    "Automated": "neuralboard.automated:Automated",
    "Mixer": "neuralboard.mixing.mixer:Mixer",
    "OutputSettings": "neuralboard.mixing.settings:OutputSettings",
    "read_mix": "neuralboard.mixing.mix_file:read_mix",
    "render_mix": "neuralboard.mixing.outputs:render_mix",
    # No module may be called neuralboard.live: its import would hide the function.
    "live": "neuralboard.live_stream:live",
    "LiveStream": "neuralboard.live_stream:LiveStream",
    "Loudness": "neuralboard.loudness:Loudness",
    "Meter": "neuralboard.loudness:Meter",
    "measure_loudness": "neuralboard.loudness:measure_loudness",
}
_MODULES = ("io", "midi_utils", "testing", "registry", "cpp_ext", "effects")

__all__ = [
    "AudioError",
    "AudioFileError",
    "Board",
    "Box",
    "BoxError",
    "BrokenSamplesWarning",
    "Chain",
    "ChainError",
    "Choice",
    "Effect",
    "LatencyChangeWarning",
    "Mix",
    "MixError",
    "ModelFileError",
    "NeuralboardError",
    "NeuralboardWarning",
    "Parameter",
    "ParameterError",
    "Pedalboard",
    "PresetError",
    "Processor",
    "Setting",
    "SpectralEffect",
    "Stream",
    "StreamError",
    "StreamingNotSupported",
    "Switch",
    "from_json",
    "parse_chain",
]

# What is found when asked for: the names above that only checkers import.
__all__ += [
    "AudioProcessorParameter",
    "AudioStream",
    "Automated",
    "Bitcrush",
    "BrickwallLimiter",
    "Chorus",
    "Clipping",
    "Compressor",
    "Convolution",
    "Delay",
    "Distortion",
    "ExternalPlugin",
    "ExternalPluginReloadType",
    "GSMFullRateCompressor",
    "Gain",
    "HighShelfFilter",
    "HighpassFilter",
    "IIRFilter",
    "Invert",
    "LadderFilter",
    "Limiter",
    "LiveStream",
    "Loudness",
    "LowShelfFilter",
    "LowpassFilter",
    "MP3Compressor",
    "Meter",
    "Mixer",
    "NoiseGate",
    "OutputSettings",
    "PeakFilter",
    "Phaser",
    "PitchShift",
    "Plugin",
    "PluginContainer",
    "Resample",
    "Reverb",
    "Separator",
    "VST3Plugin",
    "batch",
    "io",
    "live",
    "load_plugin",
    "measure_loudness",
    "midi_utils",
    "process",
    "process_file",
    "read_mix",
    "render_mix",
    "separate_file",
    "testing",
    "time_stretch",
]


def __getattr__(name: str) -> _Any:
    """Give our boxes and files, then pedalboard's own names, when they are first asked for."""
    if name.startswith("__"):
        raise AttributeError(name)
    if name in _MODULES:
        return _import_module(f"neuralboard.{name}")
    if name in _LAZY:
        module, _, attribute = _LAZY[name].partition(":")
        return getattr(_import_module(module), attribute)
    for where in _import_module("neuralboard.effects").BOXES.values():
        module, _, attribute = where.partition(":")
        if attribute == name:
            return getattr(_import_module(module), attribute)
    import pedalboard

    try:
        if name == "version":  # theirs under our name would be mistaken for ours
            raise AttributeError
        return getattr(pedalboard, name)
    except AttributeError:
        from neuralboard.errors import did_you_mean

        raise AttributeError(
            f"neuralboard has no '{name}'{did_you_mean(name, __dir__())}"
        ) from None


def __dir__() -> list[str]:
    import pedalboard

    boxes = _import_module("neuralboard.effects").BOXES
    ours = [where.partition(":")[2] for where in boxes.values()]
    theirs = [name for name in dir(pedalboard) if not name.startswith("_")]
    return sorted({*globals(), *_LAZY, *_MODULES, *ours, *theirs})
