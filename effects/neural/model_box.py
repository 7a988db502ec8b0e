# SPDX-License-Identifier: GPL-3.0-or-later
"""ModelBox: what every box around a model file shares; and how a model's card makes parameters."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any

from neuralboard.effect import Core, EffectBase
from neuralboard.effects.model_file import Card, ModelFile
from neuralboard.effects.neural.spectrum_core import SpectrumCore
from neuralboard.effects.neural.waveform_core import WaveformCore
from neuralboard.errors import BoxError, ModelFileError
from neuralboard.parameter import Choice, Descriptor, Parameter
from neuralboard.voice import Voice

__all__ = ["CORES", "ModelBox", "check_path", "class_for", "descriptors_of"]

CORES: dict[str, Callable[..., Core]] = {"spectrum": SpectrumCore, "waveform": WaveformCore}
"""Domain of a card → what plays such a model in a stream."""


def check_path(value: Any) -> str:
    """Return the path of a model file as text."""
    if not isinstance(value, (str, os.PathLike)) or not os.fspath(value):
        raise ValueError("not the path of a model file")
    path = os.fspath(value)
    if not isinstance(path, str):
        raise ValueError("not the path of a model file")
    return path


class ModelBox(EffectBase):
    """Base of boxes that run a model; `_model()` says which."""

    def _model(self) -> ModelFile:
        raise BoxError(f"{type(self).__name__} has no model; write _model()")

    def mask_shaper(self) -> Callable[[Any, Any], Any] | None:
        """Return what a voice does to masks, `shaper(mask, p) -> mask`, or None."""
        return None

    def _open(self, sample_rate: int, channels: int) -> Voice:
        card = self._model().card
        self.model_rate = card.sample_rate
        self.links_channels = card.channels == "linked"
        return super()._open(sample_rate, channels)

    def _core(self, sample_rate: int, channels: int) -> Core:
        model = self._model()
        make = CORES.get(model.card.domain)
        if make is None:
            raise BoxError(
                f"{model.source} gives {model.card.domain}, no audio; {type(self).__name__} plays"
                f" models of the domains {' and '.join(CORES)}"
            )
        return make(self, model, sample_rate, channels)


def descriptors_of(card: Card, taken: type, source: str) -> dict[str, Descriptor]:
    """Return the parameters that a card asks for, and `stem` where it has several outputs."""
    found: dict[str, Descriptor] = {}
    for p in card.parameters:
        if hasattr(taken, p.name) or p.name.startswith("_") or p.name == "stem":
            raise ModelFileError(
                f"{source} has a parameter '{p.name}', a name that {taken.__name__} needs itself;"
                " rename it in the model and on its card"
            )
        found[p.name] = Parameter(p.default, p.min, p.max, unit=p.unit, doc=p.doc)
    if card.stems:
        found["stem"] = Choice(
            None, card.stems, doc="the one output to give; None: all of them", next_stream=True
        )
    return found


_classes: weakref.WeakValueDictionary[tuple[type, str], type] = weakref.WeakValueDictionary()


def class_for(base: type, model: ModelFile, first: dict[str, Descriptor]) -> type:
    """Return `base` with the parameters of a model: one class a file, named as `base`.

    Parameters
    ----------
    base : type
    model : ModelFile
    first : dict of str to Descriptor
        What comes before the model's parameters when values are given by position.
    """
    key = (base, model.graph.sha256)
    made = _classes.get(key)
    if made is None:
        card = model.card
        own = descriptors_of(card, base, model.source)
        names = {
            "__doc__": base.__doc__,
            "__module__": base.__module__,
            "__qualname__": base.__qualname__,
            "stems": card.stems,
            "model_rate": card.sample_rate,
            "links_channels": card.channels == "linked",
            "_base": base,
        }
        made = _classes[key] = type(base)(base.__name__, (base,), names | first | own)
    return made
