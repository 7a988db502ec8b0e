# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed parameters of a box: declared once as class attributes, checked whenever they are set.

Four kinds cover what boxes need. All are descriptors: `box.depth` is the target value, `p.depth`
(inside a box's process method) the value as heard, which for a `Parameter` ramps over 20 ms.

========== =================================================================================
Parameter  a number with a range and a unit; ramped, so that a change makes no click
Choice     one of several words; steps
Switch     on or off; steps
Setting    anything else (a file, an array); the box says how to check and store it
========== =================================================================================
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from neuralboard.errors import ParameterError, UnknownParameterError, did_you_mean
from neuralboard.processor import RUNNING

__all__ = ["Choice", "Configurable", "Descriptor", "Parameter", "Setting", "Switch"]


class Descriptor:
    """What all kinds of parameter share: a name, a default, a line of documentation.

    Parameters
    ----------
    default
        The value of a box that is made without naming this parameter.
    doc : str
        One line, shown by `neuralboard boxes`.
    next_stream : bool
        True where a change takes effect when the next stream opens (because it changes the
        latency, say), not in the running one.
    """

    kind = "setting"

    def __init__(self, default: Any, *, doc: str = "", next_stream: bool = False) -> None:
        self.default = default
        self.doc = doc
        self.next_stream = next_stream
        self.name = "?"

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.default = self.check(self.default, owner.__name__)

    def __get__(self, box: Any, owner: type | None = None) -> Any:
        return self if box is None else box._values[self.name]

    def __set__(self, box: Any, value: Any) -> None:
        box._store(self.name, self.check(value, type(box).__name__))

    def check(self, value: Any, owner: str) -> Any:
        """Return the value as it is stored, or raise `ParameterError`."""
        return value

    def encode(self, value: Any) -> Any:
        """Return the value as JSON can hold it."""
        return value

    def decode(self, value: Any) -> Any:
        """The inverse of `encode`; the result is checked afterwards."""
        return value

    def describe_range(self) -> str:
        """Return the allowed values in words."""
        return "any"

    @property
    def unit(self) -> str:
        """The unit of the value, "" where it has none."""
        return ""

    def _refuse(self, owner: str, value: Any, why: str) -> ParameterError:
        return ParameterError(
            f"{owner}.{self.name} = {_short(value)}: {why}; use {self.describe_range()}"
        )


class Parameter(Descriptor):
    """A number with a range.

    Parameters
    ----------
    default, minimum, maximum : float
        The default and the inclusive range.
    unit : str
        "Hz", "dB", "ms", "" for a ratio or a proportion.
    doc : str
        One line.
    next_stream : bool
        True where a change waits for the next stream.
    whole : bool
        True for a count; since whole numbers can't ramp, its changes wait for the next stream.
    """

    kind = "number"

    def __init__(
        self,
        default: float,
        minimum: float = -math.inf,
        maximum: float = math.inf,
        *,
        unit: str = "",
        doc: str = "",
        next_stream: bool = False,
        whole: bool = False,
    ) -> None:
        self.minimum, self.maximum, self._unit = float(minimum), float(maximum), unit
        self.whole = whole
        super().__init__(default, doc=doc, next_stream=next_stream or whole)

    @property
    def unit(self) -> str:
        return self._unit

    def check(self, value: Any, owner: str) -> float:
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise self._refuse(owner, value, "not a number")
        try:
            number = float(value)
        except OverflowError:  # an integer of hundreds of digits
            raise self._refuse(owner, value, "out of range") from None
        if math.isnan(number):
            raise self._refuse(owner, value, "not a number")
        if not self.minimum <= number <= self.maximum:
            raise self._refuse(owner, value, "out of range")
        if self.whole and number != int(number):
            raise self._refuse(owner, value, "not a whole number")
        return number

    def describe_range(self) -> str:
        unit = f" {self._unit}" if self._unit else ""
        whole = ", whole" if self.whole else ""
        return f"{self.minimum:g} to {self.maximum:g}{unit}{whole}"


class Choice(Descriptor):
    """One of several words, or of several whole numbers.

    Parameters
    ----------
    default : str or int
        What is chosen at first; None is allowed where `optional` is True.
    options : iterable of str or int
        All there is to choose from.
    optional : bool
        True where None is a value too.
    """

    kind = "choice"

    def __init__(
        self,
        default: str | int | None,
        options: Iterable[str | int],
        *,
        doc: str = "",
        optional: bool = False,
        next_stream: bool = False,
    ) -> None:
        self.options = tuple(options)
        self.optional = optional or default is None
        super().__init__(default, doc=doc, next_stream=next_stream)

    def check(self, value: Any, owner: str) -> str | int | None:
        if value is None and self.optional:
            return None
        if isinstance(value, (str, numbers.Real)) and not isinstance(value, bool):
            for option in self.options:
                if value == option:  # 24.0 is the choice 24
                    return option
        words = [option for option in self.options if isinstance(option, str)]
        hint = did_you_mean(value, words) if isinstance(value, str) else ""
        raise self._refuse(owner, value, f"no such choice{hint}")

    def describe_range(self) -> str:
        words = [repr(option) for option in self.options]
        return " or ".join([*words, "None"] if self.optional else words)


class Switch(Descriptor):
    """On or off."""

    kind = "switch"

    def check(self, value: Any, owner: str) -> bool:
        if isinstance(value, (numbers.Integral, np.bool_)) and value in (0, 1):
            return bool(value)
        raise self._refuse(owner, value, "neither on nor off")

    def describe_range(self) -> str:
        return "True or False"


class Setting(Descriptor):
    """Anything else, with the box's own check and its own form in presets.

    Parameters
    ----------
    default
        Usually None.
    check : callable, optional
        `check(value) -> value`; raises ValueError with the reason.
    encode, decode : callable, optional
        To and from what JSON can hold.
    expects : str
        The allowed values in words, for error messages and `neuralboard boxes`.
    """

    def __init__(
        self,
        default: Any = None,
        *,
        check: Callable[[Any], Any] | None = None,
        encode: Callable[[Any], Any] | None = None,
        decode: Callable[[Any], Any] | None = None,
        expects: str = "any value",
        doc: str = "",
        next_stream: bool = False,
    ) -> None:
        self._check, self._encode, self._decode = check, encode, decode
        self._expects = expects
        super().__init__(default, doc=doc, next_stream=next_stream)

    def check(self, value: Any, owner: str) -> Any:
        if value is None or self._check is None:
            return value
        try:
            return self._check(value)
        except ParameterError:
            raise
        except (ValueError, TypeError) as error:
            raise self._refuse(owner, value, str(error)) from None

    def encode(self, value: Any) -> Any:
        return value if value is None or self._encode is None else self._encode(value)

    def decode(self, value: Any) -> Any:
        return value if value is None or self._decode is None else self._decode(value)

    def describe_range(self) -> str:
        return self._expects


class Configurable:
    """A class whose parameters are declared as `Descriptor` attributes.

    Values live in one dict; a counter says that one of them changed, so that a running voice
    needs a single comparison per block to know.
    """

    _descriptors: ClassVar[dict[str, Descriptor]] = {}
    _shared_names: tuple[str, ...] = ("mix", "bypass", "name")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        found: dict[str, Descriptor] = {}
        # A class's own parameters come before inherited ones: position means them first.
        for base in cls.__mro__:
            for name, value in vars(base).items():
                if isinstance(value, Descriptor):
                    found.setdefault(name, value)
        shared = {name: found.pop(name) for name in cls._shared_names if name in found}
        cls._descriptors = found | shared

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        cls = type(self)
        names = [name for name in cls._descriptors if name not in cls._shared_names]
        if len(args) > len(names):
            raise ParameterError(
                f"{cls.__name__} takes at most {len(names)} values by position, not {len(args)};"
                f" its parameters are {', '.join(cls._descriptors) or 'none'}"
            )
        given = dict(zip(names, args, strict=False))
        for name, value in kwargs.items():
            if name in given:
                raise ParameterError(
                    f"{cls.__name__}.{name} was given twice, as {_short(given[name])} by position"
                    f" and as {_short(value)} by name; give it once"
                )
            if name not in cls._descriptors:
                raise _unknown(cls, name, value)
            given[name] = value
        self._version = 0
        self._values: dict[str, Any] = {n: d.default for n, d in cls._descriptors.items()}
        for name, value in given.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        # A misspelt parameter must not become a silent new attribute. Boxes keep attributes of
        # their own under names that start with an underscore or that the class declares.
        if not (name.startswith("_") or hasattr(type(self), name) or _annotated(self, name)):
            raise _unknown(type(self), name, value)
        object.__setattr__(self, name, value)

    def _store(self, name: str, value: Any) -> None:
        self._values[name] = value
        self._version += 1

    @property
    def parameters(self) -> dict[str, Descriptor]:
        """Name → descriptor (default, range, unit, doc) of every parameter of this box."""
        return dict(type(self)._descriptors)

    @classmethod
    def _descriptors_for(cls, values: dict[str, Any]) -> dict[str, Descriptor]:
        """Return the parameters of a box that is to have these values (a model brings its own)."""
        return cls._descriptors

    def __repr__(self) -> str:
        changed = (
            f"{name}={value!r}"
            for name, value in self._values.items()
            if not _same(value, type(self)._descriptors[name].default)
        )
        return f"{type(self).__name__}({', '.join(changed)})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        mine, theirs = self._values, other._values
        return all(_same(mine[name], theirs[name]) for name in mine)

    __hash__ = object.__hash__

    def __getstate__(self) -> dict[str, Any]:
        """Parameters only: what runs (streams, voices) is not copied, pickled or compared."""
        kept = {k: v for k, v in vars(self).items() if k not in RUNNING}
        return kept | {"_values": dict(self._values)}  # a copy turns knobs of its own

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)


def _annotated(box: Any, name: str) -> bool:
    return any(name in getattr(base, "__annotations__", {}) for base in type(box).__mro__)


def _same(a: Any, b: Any) -> bool:
    """Return whether two values are equal, arrays included."""
    if a is b:
        return True
    if hasattr(a, "shape") or hasattr(b, "shape"):
        return np.array_equal(a, b)
    return type(a) is type(b) and bool(a == b)


def _short(value: Any) -> str:
    try:
        text = " ".join(repr(value).split())
    except RecursionError:  # a container of pedalboard's that holds itself
        text = f"{type(value).__name__} without end"
    except ValueError:  # Python writes out no integer of thousands of digits
        text = f"an {type(value).__name__} too long to write out"
    return text if len(text) <= 60 else text[:57] + "..."


def _unknown(cls: type[Configurable], name: str, value: Any) -> UnknownParameterError:
    names = list(cls._descriptors)
    return UnknownParameterError(
        f"{cls.__name__} has no parameter '{name}' (= {_short(value)}){did_you_mean(name, names)};"
        f" it has {', '.join(names) or 'none'}"
    )
