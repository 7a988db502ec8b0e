# SPDX-License-Identifier: GPL-3.0-or-later
"""Score anything that takes a noisy recording and gives a clean one: boxes, boards, checkpoints.

    rows = score(my_function, DenoiseSet(sources))       # one dict a recording
    summarise(rows)["pesq_wb"]                           # mean and 95 % interval

A process is called as `process(audio, sample_rate)` with float32 `[samples]` and gives as many
samples, its latency removed: a box's one-shot call does that by contract.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard.benchmarks import metrics
from neuralboard.benchmarks.metrics.common import MissingPackageError, Mono
from neuralboard.benchmarks.metrics.dnsmos import LEVEL_DB
from neuralboard.benchmarks.metrics.speech_level import (
    active_frames,
    level_within,
    projection_gain,
)
from neuralboard.benchmarks.pairs import Pair
from neuralboard.benchmarks.statistics import Estimate, mean_interval

__all__ = [
    "METRICS",
    "VERSION",
    "Metric",
    "Process",
    "column",
    "counted",
    "judge",
    "judge_blind",
    "metrics_in",
    "run_one",
    "score",
    "summarise",
]

Process = Callable[[NDArray[np.float32], int], Any]
Row = dict[str, Any]

VERSION = 1
"""Of the judging: one more whenever `judge` gives other figures, so that kept rows are not used."""

LAG_REACH_MS = 50.0
SPEECHLESS_DB = -40.0
BLIND_WINDOWS = 5  # of DNSMOS: recordings of one's own are few and long
BLIND_ACTIVE_DB = 20.0  # without a reference: frames so far below the loudest hold noise as well


@dataclass(frozen=True)
class Metric:
    """How a column is shown: its heading, digits, which way is better, what it can hear."""

    name: str
    heading: str
    digits: int
    higher_is_better: bool | None
    bandwidth: str


METRICS: dict[str, Metric] = {
    m.name: m
    for m in (
        Metric("pesq_wb", "PESQ-WB", 2, True, "8 kHz"),
        Metric("stoi", "STOI", 3, True, "5 kHz"),
        Metric("estoi", "ESTOI", 3, True, "5 kHz"),
        Metric("si_sdr", "SI-SDR, declared latency, dB", 1, True, "full"),
        Metric("si_sdr_aligned", "SI-SDR, best within ±1 ms, dB", 1, True, "full"),
        Metric("dnsmos_sig", "DNSMOS SIG", 2, True, "8 kHz"),
        Metric("dnsmos_bak", "DNSMOS BAK", 2, True, "8 kHz"),
        Metric("dnsmos_ovrl", "DNSMOS OVRL", 2, True, "8 kHz"),
        Metric("lsd", "LSD to 24 kHz, dB", 1, False, "full"),
        Metric("speech_level", "speech level, dB", 1, None, "full"),
        Metric("input_level", "level in loud frames, dB", 1, None, "full"),
    )
}


def judge(clean: Mono, out: Mono, sample_rate: int) -> dict[str, float]:
    """Return every metric of one output, and what the box did to time and level.

    Returns
    -------
    dict
        The names of `METRICS`; "lag_ms", by which the output is late after its declared latency
        was removed (±50 ms); "speech_gain_db", the level of the clean speech inside it.
    """
    rate = sample_rate
    aligned = metrics.align(clean, out, rate)
    dnsmos = metrics.dnsmos(clean, out, rate, aligned=aligned)
    return {
        "pesq_wb": metrics.pesq_wb(clean, out, rate),
        "stoi": metrics.stoi(clean, out, rate),
        "estoi": metrics.estoi(clean, out, rate),
        "si_sdr": metrics.si_sdr(clean, out),
        "si_sdr_aligned": metrics.si_sdr_aligned(clean, out, rate, aligned=aligned),
        "dnsmos_sig": dnsmos.sig,
        "dnsmos_bak": dnsmos.bak,
        "dnsmos_ovrl": dnsmos.ovrl,
        "lsd": metrics.lsd(clean, out, rate),
        "speech_level": metrics.speech_level(clean, out, rate),
        **_faithfulness(clean, out, rate),
    }


def judge_blind(noisy: Mono, out: Mono, sample_rate: int) -> dict[str, float]:
    """Return what can be said without a reference: DNSMOS, lag and level against the input.

    The loud frames of the input are brought to -26 dBFS in every output, so that none gains by
    turning down.
    """
    active = active_frames(noisy, sample_rate, BLIND_ACTIVE_DB)
    level = level_within(active, out, sample_rate)
    gain = 10.0 ** (min(LEVEL_DB - level, 60.0) / 20.0)
    dnsmos = metrics.dnsmos_of(np.asarray(out, np.float64) * gain, sample_rate, BLIND_WINDOWS)
    return {
        "dnsmos_sig": dnsmos.sig,
        "dnsmos_bak": dnsmos.bak,
        "dnsmos_ovrl": dnsmos.ovrl,
        "input_level": level - level_within(active, noisy, sample_rate),
        **_faithfulness(noisy, out, sample_rate),
    }


def _faithfulness(source: Mono, out: Mono, rate: int) -> dict[str, float]:
    part = abs(projection_gain(source, out))
    return {
        "lag_ms": metrics.best_lag(source, out, rate, LAG_REACH_MS) * 1e3 / rate,
        "speech_gain_db": 20.0 * float(np.log10(part)) if part > 0 else -200.0,
    }


def run_one(process: Process, pair: Pair) -> Row:
    """Process and judge one pair; a process that raises gives a row with "failed".

    "cpu_seconds" is the processor time of the call: told, not judged.
    """
    rate = pair.sample_rate
    row: Row = {"pair": pair.name, "seconds": len(pair.noisy) / rate, **pair.facts}
    try:
        started = time.process_time()
        out = np.asarray(process(pair.noisy.copy(), rate))
        row["cpu_seconds"] = time.process_time() - started
        if out.shape != pair.noisy.shape:
            raise ValueError(f"gave shape {out.shape} for {pair.noisy.shape}")
        if pair.blind:
            row |= judge_blind(pair.noisy, out, rate)
        else:
            row |= judge(pair.clean, out, rate)
    except MissingPackageError:
        raise  # the judge is missing, not the box at fault
    except Exception as error:  # the run goes on; the table marks the box
        row["failed"] = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return row
    if row["speech_gain_db"] < SPEECHLESS_DB:
        row["speechless"] = True
    return row


def score(
    process: Process,
    items: Iterable[Pair],
    *,
    name: str = "",
    progress: Callable[[Row], None] | None = None,
) -> list[Row]:
    """Judge a process on every item.

    Parameters
    ----------
    process : callable
        `process(audio, sample_rate) -> audio`, float32 `[samples]`, latency removed.
    items : iterable of Pair
        A `DenoiseSet`, `FolderPairs` or a list.
    name : str
        Stored as "box" in each row.
    progress : callable, optional
        Called with each finished row.

    Returns
    -------
    list of dict
        Per item: the pair's name and facts, every metric; "failed" with the reason where the
        process raised.
    """
    rows = []
    for pair in items:
        row = {"box": name, **run_one(process, pair)}
        rows.append(row)
        if progress is not None:
            progress(row)
    return rows


def metrics_in(rows: Iterable[Mapping[str, Any]]) -> list[Metric]:
    """Return the metrics that at least one row has."""
    there = {name for row in rows for name in row}
    return [metric for name, metric in METRICS.items() if name in there]


def counted(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the rows that are compared: neither failed nor without speech."""
    return [row for row in rows if "failed" not in row and not row.get("speechless")]


def summarise(rows: Sequence[Mapping[str, Any]]) -> dict[str, Estimate]:
    """Return mean and 95 % interval of each metric over the rows that are compared."""
    ranked = counted(rows)
    return {name: mean_interval(column(ranked, name)) for name in METRICS}


def column(rows: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    """Return one metric of each row, NaN where it has none."""
    values = (row.get(name) for row in rows)
    return [float("nan") if value is None else float(value) for value in values]
