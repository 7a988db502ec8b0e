# SPDX-License-Identifier: GPL-3.0-or-later
"""What Board and Mix share: a list of boxes with the whole list protocol, checked on entry."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, MutableSequence
from typing import Any

from neuralboard import natives
from neuralboard.errors import BoardError, BoxError
from neuralboard.processor import RUNNING, Processor
from neuralboard.series import structure_changed

__all__ = ["BoxList"]


class BoxList(Processor, MutableSequence[Any]):
    """A list of boxes, pedalboard's effects, boards and None, checked when put in."""

    def __init__(self, plugins: Iterable[Any] | None = None) -> None:
        self._items: list[Any] = []
        if plugins is not None and not isinstance(plugins, Iterable):
            raise BoxError(
                f"{type(self).__name__}({plugins!r}): {type(plugins).__name__} is no list; write"
                f" {type(self).__name__}([box, ...])"
            )
        self.extend([] if plugins is None else plugins)

    # ------------------------------------------------------------------ list protocol
    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(self._items[index])
        return self._items[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self._items[index] = [self._admit(item) for item in value]
        else:
            self._items[index] = self._admit(value)
        structure_changed()

    def __delitem__(self, index: Any) -> None:
        del self._items[index]
        structure_changed()

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._items))

    def __contains__(self, item: object) -> bool:
        return any(mine is item or mine == item for mine in self._items)

    def insert(self, index: int, value: Any) -> None:
        """Put a box before position `index`."""
        self._items.insert(index, self._admit(value))
        structure_changed()

    def remove(self, value: Any) -> None:
        """Take a box off; ValueError where it is not there."""
        for number, mine in enumerate(self._items):
            if mine is value:
                del self[number]
                return
        del self[self._items.index(value)]

    def copy(self) -> Any:
        """Return a new list of the same boxes."""
        return self[:]

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, Iterable):
            return NotImplemented
        joined = self[:]
        joined.extend(other)
        return joined

    def _admit(self, item: Any) -> Any:
        if item is None or natives.is_native(item):
            natives.check_nesting(item)
            return item
        if isinstance(item, Processor):
            if _holds(item, self):
                raise BoardError(
                    f"a {type(self).__name__} can't be put into itself, directly or inside another;"
                    " put a copy in: copy.deepcopy(board)"
                )
            return item
        raise BoxError(
            f"{item!r} of type {type(item).__name__} is no box; put neuralboard's or pedalboard's"
            " effects, boards, mixes or None here"
        )

    # ------------------------------------------------------------------ identity
    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        from neuralboard.presets import describe_box

        return bool(describe_box(self) == describe_box(other))

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        inside = ", ".join(repr(item) for item in self._items)
        plugins = "plugin" if len(self) == 1 else "plugins"
        return (
            f"<{type(self).__module__.split('.')[0]}.{type(self).__name__} with {len(self)}"
            f" {plugins}: [{inside}] at {hex(id(self))}>"
        )

    def __getstate__(self) -> dict[str, Any]:
        from neuralboard.presets import describe_item

        state = {k: v for k, v in vars(self).items() if k not in (*RUNNING, "_items")}
        return state | {"_described": [_pickled(item, describe_item) for item in self._items]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        from neuralboard.presets import build_item

        state = dict(state)
        described = state.pop("_described")
        vars(self).update(state)
        self._items = [
            build_item(item, allow_vst3=True) if kind == "native" else item
            for kind, item in described
        ]

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        twin: Any = type(self).__new__(type(self))
        memo[id(self)] = twin
        for name, value in vars(self).items():
            if name not in (*RUNNING, "_items"):
                setattr(twin, name, copy.deepcopy(value, memo))
        twin._items = [_deep(item, memo) for item in self._items]
        return twin

    @property
    def streamable(self) -> bool:
        return all(
            item is None
            or (item.streamable if isinstance(item, Processor) else _native_streams(item))
            for item in self._items
        )

    def to_json(self) -> str:
        """Return a preset; `from_json` reads it."""
        from neuralboard.presets import to_json

        return to_json(self)

    @classmethod
    def from_json(cls, text: str, *, allow_vst3: bool = False) -> Any:
        """Return what `to_json` wrote."""
        from neuralboard.presets import from_json

        return from_json(text, allow_vst3=allow_vst3)

    def to_chain(self) -> str:
        """Return the chain text that makes this board."""
        from neuralboard.chain import chain_text

        return chain_text(self)


def _pickled(item: Any, describe: Any) -> tuple[str, Any]:
    return ("native", describe(item)) if natives.is_native(item) else ("box", item)


def _deep(item: Any, memo: dict[int, Any]) -> Any:
    if not natives.is_native(item):
        return copy.deepcopy(item, memo)
    if id(item) not in memo:
        from neuralboard.presets import build_item, describe_item

        memo[id(item)] = build_item(describe_item(item), allow_vst3=True)
    return memo[id(item)]


def _native_streams(item: Any) -> bool:
    if natives.native_class(item).__name__ in ("Mix", "Chain", "Pedalboard"):
        return all(child is None or _native_streams(child) for child in item)
    return natives.recipe(item) != "whole"


def _holds(thing: Any, wanted: Any) -> bool:
    """Return whether a container is, or holds at any depth, another."""
    if thing is wanted:
        return True
    inner = getattr(thing, "processor", None)
    if inner is not None:
        return _holds(inner, wanted)
    return isinstance(thing, BoxList) and any(_holds(item, wanted) for item in thing._items)
