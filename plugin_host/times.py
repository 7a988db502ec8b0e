# SPDX-License-Identifier: GPL-3.0-or-later
"""Places in a recording as people write them: 70, "70.5", "1:10", "0:01.2", "1:02:03"."""

from __future__ import annotations

import math
import re

from neuralboard.errors import ParameterError

__all__ = ["parse_range", "parse_seconds"]

_TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?|\.\d+)")


def parse_seconds(value: float | str, name: str) -> float:
    """Return seconds.

    Parameters
    ----------
    value : float or str
        Seconds, "minutes:seconds" or "hours:minutes:seconds".
    name : str
        What errors call it.
    """
    if isinstance(value, str):
        match = _TIME.fullmatch(value.strip())
        if match is None:
            raise ParameterError(f"{name} = {value!r} is no time; write 70, 1:10 or 1:02:03.5")
        hours, minutes, seconds = match.groups()
        if (minutes is not None and float(seconds) >= 60) or (hours and int(minutes) >= 60):
            raise ParameterError(f"{name} = {value!r} has 60 or more after a colon; carry it over")
        return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ParameterError(f"{name} = {value!r} is no time; use seconds or '1:10'")
    if not (math.isfinite(value) and value >= 0):
        raise ParameterError(f"{name} = {value!r} is outside the recording; use seconds from 0 on")
    return float(value)


def parse_range(value: str | tuple[float | str, float | str], name: str) -> tuple[float, float]:
    """Return (start, end) in seconds from a pair or from text as "0:01.2-0:03.5"."""
    if isinstance(value, str):
        parts = value.split("-")
        if len(parts) != 2:
            raise ParameterError(f"{name} = {value!r} is no range; write START-END, as 0:01.2-0:03")
        pair: tuple[float | str, float | str] = (parts[0], parts[1])
    else:
        pair = value
        if len(pair) != 2:
            raise ParameterError(f"{name} = {value!r} is no range; give (start, end)")
    start, end = (parse_seconds(part, name) for part in pair)
    if end <= start:
        raise ParameterError(f"{name} = {value!r} ends before it begins; give (start, end)")
    return start, end
