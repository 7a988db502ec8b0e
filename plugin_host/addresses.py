# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters of a board by address: `box.parameter`, as in "compressor.threshold_db".

A box answers to its name where it has one (`compressor(ratio=3, name='a')` → "a.ratio"), else to
its name in chain text. Two boxes that answer to the same word are an error: a name tells them
apart.
"""

from __future__ import annotations

import numbers
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from neuralboard import natives, registry
from neuralboard.box import Box
from neuralboard.boxlist import BoxList
from neuralboard.effect import EffectBase
from neuralboard.errors import ParameterError, did_you_mean
from neuralboard.mix import Mix
from neuralboard.parameter import Parameter, Setting

__all__ = ["Address", "box_label", "find_parameter"]


@dataclass(frozen=True)
class Address:
    """Where a parameter lives.

    Attributes
    ----------
    box
        The object that has the attribute: a box of ours or one of pedalboard's effects.
    attribute : str
    place : int
        Index on the board of the item that is, or holds, the box.
    before : tuple of tuple
        Within that item: what sound goes through before it comes to the box, a tuple for each
        board inside.
    """

    box: Any
    attribute: str
    place: int
    before: tuple[tuple[Any, ...], ...] = ()

    @property
    def steps(self) -> bool:
        """True for words and switches, which can't move in a line."""
        if isinstance(self.box, EffectBase):
            return not isinstance(self.box.parameters[self.attribute], Parameter)
        return not _is_number(getattr(self.box, self.attribute))

    def check(self, value: Any) -> None:
        """Raise `ParameterError` for a value that the parameter can't have."""
        if self._waits:
            raise ParameterError(
                f"'{self.attribute}' of {box_label(self.box)} is set when a stream opens and can't"
                " move with time; use two boxes and automate their bypass or mix"
            )
        if isinstance(self.box, EffectBase):
            self.box.parameters[self.attribute].check(value, type(self.box).__name__)
            return
        twin = natives.clone(self.box) if not natives.is_hosted(self.box) else None
        if twin is None:
            return
        try:
            setattr(twin, self.attribute, value)
        except TypeError:  # the binding's own words are lines of C++ signatures
            reason = f"not of the kind of its value {getattr(twin, self.attribute)!r}"
        except ValueError as error:
            reason = str(error).partition("\n")[0]
        else:
            return
        owner = natives.native_class(self.box).__name__
        raise ParameterError(f"{owner}.{self.attribute} = {value!r}: {reason}")

    @property
    def _waits(self) -> bool:
        """Whether a change would take effect in the next stream only."""
        if isinstance(self.box, EffectBase):
            descriptor = self.box.parameters[self.attribute]
            return descriptor.next_stream or type(descriptor) is Setting
        return natives.waits_for_next_stream(self.box, self.attribute)

    def set(self, value: Any) -> None:
        """Turn the knob."""
        setattr(self.box, self.attribute, value)


def find_parameter(board: BoxList, address: str) -> Address:
    """Return the parameter that an address names.

    Raises
    ------
    ParameterError
        For an unknown box or parameter (with a did-you-mean), or one that is not unique.
    """
    word, dot, attribute = address.partition(".")
    if not dot or not word or not attribute:
        raise ParameterError(f"'{address}' is no address; write box.parameter")
    boxes = list(_walk(board))
    found = [one for one in boxes if box_label(one[1]) == word]
    if not found:
        words = sorted({box_label(box) for _, box, _ in boxes})
        raise ParameterError(
            f"'{address}': the chain has no box '{word}'{did_you_mean(word, words)}; it has"
            f" {', '.join(words) or 'none'}"
        )
    if len(found) > 1:
        raise ParameterError(
            f"'{address}': {len(found)} boxes answer to '{word}'; give one a name:"
            f" {word}(name='a'), then 'a.{attribute}'"
        )
    place, box, before = found[0]
    for owner in _owners(box):
        if attribute in _names(owner):
            return Address(owner, attribute, place, before)
    known = [name for owner in _owners(box) for name in _names(owner)]
    raise ParameterError(
        f"'{address}': {word} has no parameter '{attribute}'{did_you_mean(attribute, known)}; it"
        f" has {', '.join(known)}"
    )


def box_label(box: Any) -> str:
    """Return the word that a box answers to: its name, else its name in chain text."""
    if isinstance(box, EffectBase) and box.name:
        return str(box.name)
    inner = box.processor if isinstance(box, Box) else box
    if natives.is_native(inner):
        if natives.is_hosted(inner):
            return str(inner.name)
        return registry.snake_case(natives.native_class(inner).__name__)
    return registry.name_of(type(inner)) or registry.snake_case(type(inner).__name__)


Found = tuple[int, Any, tuple[tuple[Any, ...], ...]]


def _walk(board: BoxList) -> Iterator[Found]:
    for place, item in enumerate(board):
        yield from ((place, box, before) for box, before in _boxes(item, ()))


def _boxes(
    item: Any, before: tuple[tuple[Any, ...], ...]
) -> Iterator[tuple[Any, tuple[tuple[Any, ...], ...]]]:
    if item is None:
        return
    inner = item.processor if isinstance(item, Box) else item
    name = natives.native_class(inner).__name__ if natives.is_native(inner) else ""
    held = isinstance(inner, BoxList) or name in ("Mix", "Chain", "Pedalboard")
    if isinstance(item, Box) or not held:
        yield item, before
    if not held:
        return
    beside = isinstance(inner, Mix) or name == "Mix"
    for number, child in enumerate(inner):
        # Branches lie side by side: nothing of one is before another.
        yield from _boxes(child, before if beside else (*before, tuple(inner)[:number]))


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _owners(box: Any) -> list[Any]:
    """Return what may hold the parameter: a wrapped native's own words come first."""
    if isinstance(box, Box) and natives.is_native(box.processor):
        return [box.processor, box]
    return [box]


def _names(owner: Any) -> list[str]:
    if isinstance(owner, EffectBase):
        return [name for name in owner.parameters if name not in ("name", "processor")]
    if natives.is_hosted(owner):
        return list(owner.parameters)
    return list(natives.property_names(owner))
