# SPDX-License-Identifier: GPL-3.0-or-later
"""NeuralEffect: anybody's model file as a box. Its card says what it is, docs/model-file.md how."""

from __future__ import annotations

import copy
from typing import Any, Self

from neuralboard.effects.model_file import ModelFile, load_model
from neuralboard.effects.neural.model_box import ModelBox, check_path, class_for
from neuralboard.errors import ParameterError
from neuralboard.parameter import Descriptor, Setting

__all__ = ["NeuralEffect"]


class _ModelPath(Setting):
    """The path that a NeuralEffect was made with: its parameters depend on it."""

    def __set__(self, box: Any, value: Any) -> None:
        if box._values[self.name] not in (None, value):
            raise ParameterError(
                f"{type(box).__name__}.{self.name} = {value!r}: a box keeps its model, which makes"
                f" its parameters; make another one, NeuralEffect({value!r})"
            )
        super().__set__(box, value)


def _path() -> _ModelPath:
    return _ModelPath(
        None,
        check=check_path,
        expects="the path of a model file (.onnx)",
        doc="the model file; its card brings further parameters",
    )


class NeuralEffect(ModelBox):
    """A neural effect from a model file (`.onnx`): any rate, any blocks, latency from its card.

    Parameters
    ----------
    model : str or path
        The model file, format 1.
    **parameters : float
        Those of the model (`box.parameters` lists them with unit and range); `stem` picks one
        output of a model that gives several.
    mix, bypass, name
        As every box has them.

    Raises
    ------
    ModelFileError
        No model file, or one that is broken or forbidden.
    ParameterError
        A parameter that the model doesn't have, or a value out of its range.

    Examples
    --------
    >>> amp = NeuralEffect("my_model.onnx", drive=0.7)  # doctest: +SKIP
    >>> amp.latency(44_100)  # doctest: +SKIP
    """

    model = _path()
    _base: type
    _file: ModelFile

    def __new__(cls, model: Any = None, *args: Any, **kwargs: Any) -> Self:
        if model is None:
            raise ParameterError(
                f"{cls.__name__} needs a model file: {cls.__name__}('my_model.onnx')"
            )
        file = load_model(cls.model.check(model, cls.__name__))
        base = getattr(cls, "_base", cls)
        self: Self = super().__new__(class_for(base, file, {"model": _path()}))
        self._file = file
        return self

    def _model(self) -> ModelFile:
        return self._file

    @classmethod
    def _descriptors_for(cls, values: dict[str, Any]) -> dict[str, Descriptor]:
        path = values.get("model")
        return dict(cls._descriptors) if path is None else cls(path).parameters

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self)._base, self.__getstate__())

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in super().__getstate__().items() if key != "_file"}

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # The loaded file is shared, so that a copy is cheap and has the same model for certain.
        twin = super().__new__(type(self))
        memo[id(self)] = twin
        twin._file = self._file
        twin.__setstate__(copy.deepcopy(self.__getstate__(), memo))
        return twin

    def __copy__(self) -> Self:
        return copy.deepcopy(self)


def _rebuild(base: type, state: dict[str, Any]) -> Any:
    box: Any = base(state["_values"]["model"])
    box.__setstate__(state)
    return box
