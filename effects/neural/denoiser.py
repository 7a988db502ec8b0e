# SPDX-License-Identifier: GPL-3.0-or-later
"""Denoiser: takes noise out of speech by the model that ships with neuralboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from neuralboard.effects.model_file import ModelFile, load_model
from neuralboard.effects.neural.mask_shaper import NO_LIMIT_DB, MaskShaper
from neuralboard.effects.neural.model_box import ModelBox, check_path
from neuralboard.effects.shipped import FOLDER
from neuralboard.errors import ModelFileError
from neuralboard.parameter import Parameter, Setting

__all__ = ["Denoiser"]


class Denoiser(ModelBox):
    """Takes noise out of speech; the room stays, and silence stays silence.

    Parameters
    ----------
    strength : float
        Scales the suppression in dB: 1 is the model's own, 0 none.
    attenuation_limit_db : float
        The most that any part of the spectrum is turned down, dB; 100 is no limit.
    model : str or path, optional
        A denoiser of yours (domain spectrum, with a mask) in place of the shipped one.
    mix, bypass, name
        As every box has them; `mix` blends with the aligned dry sound.

    Raises
    ------
    ModelFileError
        When a stream opens: the model file is not there, or is no denoiser.

    Examples
    --------
    >>> box = Denoiser(strength=0.9, attenuation_limit_db=30)
    """

    strength = Parameter(
        1.0, 0.0, 1.0, doc="scales the suppression in dB: 1 the model's own, 0 none"
    )
    attenuation_limit_db = Parameter(
        NO_LIMIT_DB, 0.0, NO_LIMIT_DB, unit="dB", doc="the most that is taken away; 100: no limit"
    )
    model = Setting(
        None,
        check=check_path,
        expects="the path of a model file (.onnx), or None for the shipped one",
        doc="another denoiser's model file",
        next_stream=True,
    )
    neutral: ClassVar[dict[str, Any]] = {"strength": 0.0}

    _loaded: tuple[str | None, ModelFile] | None = None

    def _model(self) -> ModelFile:
        path = self.model
        if self._loaded is None or self._loaded[0] != path:
            self._loaded = (path, _load(path))
        return self._loaded[1]

    def mask_shaper(self) -> Callable[[Any, Any], Any]:
        return MaskShaper()

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in super().__getstate__().items() if key != "_loaded"}


def _load(path: str | None) -> ModelFile:
    shipped = FOLDER / "denoiser.onnx"
    if path is None and not shipped.is_file():
        raise ModelFileError(
            "the denoiser's model file (neuralboard/effects/models/denoiser.onnx) is missing from"
            " this installation; install neuralboard anew, or name one: Denoiser(model='my.onnx')"
        )
    model = load_model(shipped if path is None else path)
    card = model.card
    if model.output_kind not in ("mask", "gain") or card.parameters or card.stems:
        raise ModelFileError(
            f"{model.source} is no denoiser: it must be of the domain spectrum and give one mask,"
            " without parameters of its own; play it with NeuralEffect"
        )
    return model
