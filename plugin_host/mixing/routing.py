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

    def audible(self) -> dict[str, bool]:
        """Return for every strip whether its output is heard, after mute and solo.

        A soloed bus makes what is routed into it heard; a bus is heard where anything that is heard
        reaches it.
        """
        routed = {n: s for n, s in self._strips.items() if isinstance(s, (Track, Bus))}
        soloed = {name for name, strip in routed.items() if strip.solo}
        chosen = {n for n in routed if not soloed or n in soloed or soloed & self._ahead(n)}
        heard = dict.fromkeys(self._strips, True)
        for name, strip in routed.items():
            reached = isinstance(strip, Bus) and bool(chosen & self._behind(name))
            heard[name] = (name in chosen or reached) and not strip.mute
        return heard

    def sends_open(self, name: str, bus: str, audible: Mapping[str, bool]) -> bool:
        """Return whether a send passes: a soloed return hears strips that are not."""
        strip = self._strips[name]
        muted = isinstance(strip, (Track, Bus)) and strip.mute
        target = self._strips[bus]
        wanted = isinstance(target, Bus) and target.solo
        return (audible[name] or wanted) and not muted

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

    def _ahead(self, name: str) -> set[str]:
        """Return the buses that a strip's output passes through."""
        found: set[str] = set()
        strip = self._strips[name]
        while isinstance(strip, (Track, Bus)) and strip.output != MASTER:
            found.add(strip.output)
            strip = self._strips[strip.output]
        return found

    def _behind(self, name: str) -> set[str]:
        """Return what reaches a bus by outputs and sends."""
        found: set[str] = set()
        waiting = [name]
        while waiting:
            for arrow in self.into(waiting.pop()):
                if arrow.part != "key" and arrow.source not in found:
                    found.add(arrow.source)
                    waiting.append(arrow.source)
        return found


def side_chains(chain: Any) -> set[str]:
    """Return the names of the strips that the boxes of a chain listen to."""
    found: set[str] = set()
    for item in chain:
        inner = getattr(item, "processor", None) or item
        if isinstance(inner, BoxList):
            found |= side_chains(inner)
        elif getattr(inner, "uses_sidechain", False) and getattr(inner, "sidechain", None):
            found.add(str(inner.sidechain))
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
    if not problems:
        _, circle = _sorted(strips, tuple(_arrows(strips)))
        if circle:
            way = " → ".join([*circle, circle[0]])
            problems.append((circle[0], f"the sound goes in a circle: {way}; take one arrow out"))
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
