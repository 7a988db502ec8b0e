# SPDX-License-Identifier: GPL-3.0-or-later
"""Who hears whom: outputs, sends and side chains as arrows, in an order that sound can flow in.

track ──output──▶ bus ──output──▶ master        parts: "out" what is heard of it,
  └─────send────▶ bus                                  "post" after the fader, "pre" before it,
  └─────key─────▶ chain of another strip               "key" before the pan
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from neuralboard.boxlist import BoxList
from neuralboard.effect import UNNAMED, EffectBase
from neuralboard.errors import did_you_mean
from neuralboard.mixing.strips import MASTER, Bus, Strip, Track

__all__ = ["Arrow", "Routing", "find_problems", "side_chains"]

Part = Literal["out", "post", "pre", "key"]


@dataclass(frozen=True)
class Arrow:
    """One path between two strips.

    Attributes
    ----------
    source, target : str
        Names of strips.
    part : "out", "post", "pre" or "key"
        Where the sound is taken.
    db : float
        Level of a send.
    """

    source: str
    target: str
    part: Part
    db: float = 0.0


class Routing:
    """All arrows between the strips of a mixer.

    Parameters
    ----------
    strips : mapping of str to Strip
        The master included; checked by `find_problems` before.

    Attributes
    ----------
    arrows : tuple of Arrow
    order : tuple of str
        Every strip behind all that it hears.
    """

    def __init__(self, strips: Mapping[str, Strip]) -> None:
        self._strips = strips
        self.arrows = tuple(_arrows(strips))
        order, _ = _sorted(strips, self.arrows)
        self.order = tuple(order)

    def into(self, name: str) -> list[Arrow]:
        """Return the arrows that end at a strip, in the mixer's order."""
        return [arrow for arrow in self.arrows if arrow.target == name]

    def passes(self, arrow: Arrow) -> bool:
        """Return whether sound goes along an arrow, after mute and solo.

        Where anything is soloed, only what comes to a soloed strip or from one is heard. What is
        routed into a soloed bus counts as soloed too, its sends included; what only sends to it is
        heard through it alone. Keys are always heard.
        """
        if arrow.part == "key":
            return True
        source = self._strips[arrow.source]
        if isinstance(source, (Track, Bus)) and source.mute:
            return False
        soloed = {n for n in self._strips if self._counts_as_soloed(n)}
        if not soloed:
            return True
        return arrow.source in self._reached(soloed, 1) or arrow.target in self._reached(soloed, -1)

    def _counts_as_soloed(self, name: str) -> bool:
        strip = self._strips[name]
        while isinstance(strip, (Track, Bus)) and not strip.solo:
            strip = self._strips[strip.output]
        return isinstance(strip, (Track, Bus))

    def _reached(self, names: set[str], direction: int) -> set[str]:
        """Return these strips and all that their sound comes to (1) or comes from (-1)."""
        found, waiting = set(names), list(names)
        while waiting:
            name = waiting.pop()
            for arrow in self.arrows:
                start, end = (arrow.source, arrow.target)[::direction]
                if arrow.part != "key" and start == name and end not in found:
                    found.add(end)
                    waiting.append(end)
        return found

    def longest(self, lengths: Mapping[str, float]) -> float:
        """Return the greatest sum of the strips' lengths along any way that sound can go."""
        sums: dict[str, float] = {}
        for name in self.order:
            before = [sums[a.source] for a in self.into(name) if a.part != "key"]
            sums[name] = lengths[name] + max(before, default=0.0)
        return max(sums.values(), default=0.0)

    def upstream(self, names: Iterable[str]) -> set[str]:
        """Return these strips and all that they hear."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(arrow.source for arrow in self.into(name))
        return found


def side_chains(chain: Any) -> set[str]:
    """Return the names of the strips that the boxes of a chain listen to."""
    found: set[str] = set()
    for item in chain:
        inner = getattr(item, "processor", None) or item
        if isinstance(inner, BoxList):
            found |= side_chains(inner)
        elif isinstance(inner, EffectBase) and inner.side_chain() not in (None, UNNAMED):
            found.add(str(inner.side_chain()))
    return found


def find_problems(strips: Mapping[str, Strip]) -> list[tuple[str, str]]:
    """Return (strip, what is wrong) for outputs, sends and keys that lead nowhere or in circles."""
    problems: list[tuple[str, str]] = []
    buses = [name for name, strip in strips.items() if isinstance(strip, Bus)]
    keys = [name for name in strips if name != MASTER]
    for name, strip in strips.items():
        for key in sorted(side_chains(strip.chain)):
            if key not in keys:
                problems.append(
                    (name, f"a box listens to '{key}', and there is no such track or bus"
                    f"{did_you_mean(key, keys)}; there are {', '.join(keys)}")
                )  # fmt: skip
            elif key == name:
                problems.append((name, f"a box listens to '{key}', the strip that it is on"))
        if not isinstance(strip, (Track, Bus)):
            continue
        if strip.output != MASTER and strip.output not in buses:
            problems.append((name, _no_bus("output", strip.output, [*buses, MASTER])))
        problems += [
            (name, _no_bus("send to", bus, buses)) for bus in strip.all_sends() if bus not in buses
        ]
    whole = tuple(a for a in _arrows(strips) if a.source in strips and a.target in strips)
    _, circle = _sorted(strips, tuple(a for a in whole if a.source != a.target))
    circle = circle or [a.source for a in whole if a.source == a.target and a.part != "key"][:1]
    if circle:
        way = " → ".join([*circle, circle[0]])
        problems.append(
            (circle[0], f"the sound goes in a circle: {way}; change an output, send or side chain")
        )
    return problems


def _no_bus(what: str, name: str, buses: list[str]) -> str:
    return (
        f"{what} '{name}': there is no such bus{did_you_mean(name, buses)}; there are"
        f" {', '.join(buses) or 'none'}"
    )


def _arrows(strips: Mapping[str, Strip]) -> Iterable[Arrow]:
    for name, strip in strips.items():
        if isinstance(strip, (Track, Bus)):
            yield Arrow(name, strip.output, "out")
            for bus, send in strip.all_sends().items():
                yield Arrow(name, bus, "pre" if send.pre else "post", send.db)
        for key in sorted(side_chains(strip.chain)):
            yield Arrow(key, name, "key")


def _sorted(strips: Mapping[str, Strip], arrows: tuple[Arrow, ...]) -> tuple[list[str], list[str]]:
    """Return the strips in the order of flow, and a circle where there is one."""
    hears = {name: [a.source for a in arrows if a.target == name] for name in strips}
    order: list[str] = []
    done: set[str] = set()
    way: list[str] = []

    def visit(name: str) -> list[str]:
        if name in done:
            return []
        if name in way:
            return way[way.index(name) :][::-1]
        way.append(name)
        for source in hears[name]:
            circle = visit(source)
            if circle:
                return circle
        way.pop()
        done.add(name)
        order.append(name)
        return []

    for name in strips:
        circle = visit(name)
        if circle:
            return order, circle
    return order, []
