# SPDX-License-Identifier: GPL-3.0-or-later
"""The loudness of files, and what a lossy one became: an encoder may lift peaks by a dB."""

from __future__ import annotations

import math
import os
from typing import Any

from neuralboard.audio_reader import AudioReader
from neuralboard.loudness import Loudness, Meter
from neuralboard.render import BLOCK

__all__ = ["decoded_peak", "measure_file"]


def measure_file(
    path: str | os.PathLike[str],
    *,
    dual_mono: bool = False,
    oversampling: int = 8,
    channel_mask: int | None = None,
    progress: Any = None,
) -> tuple[dict[str, Any], Loudness]:
    """Return what a file is (seconds, sample_rate, channels) and how loud, in bounded memory.

    Parameters
    ----------
    path : path
    dual_mono, oversampling
        As for `Meter`.
    channel_mask : int, optional
        Loudspeaker positions; those that the file tells where not given.
    progress : callable (samples done, samples in all or None), optional

    Raises
    ------
    AudioFileError
    """
    with AudioReader(path) as reader:
        meter = Meter(
            reader.sample_rate,
            reader.channels,
            channel_mask=channel_mask or reader.channel_mask,
            dual_mono=dual_mono,
            oversampling=oversampling,
        )
        done = 0
        while (block := reader.read(BLOCK)).shape[1]:
            meter.push(block)
            done += block.shape[1]
            if progress is not None:
                progress(done, reader.num_samples)
        loudness = meter.result()
        facts = {"sample_rate": reader.sample_rate, "channels": reader.channels}
        return facts | {"seconds": loudness.seconds}, loudness


def decoded_peak(
    path: str | os.PathLike[str], ceiling_db: float | None, channel_mask: int | None = None
) -> tuple[str, bool]:
    """Return one line on the true peak that a lossy file decodes to, and whether it is too high.

    Parameters
    ----------
    path : path
    ceiling_db : float, optional
        DBTP before encoding.
    channel_mask : int, optional
    """
    _, loudness = measure_file(path, oversampling=16, channel_mask=channel_mask)
    peak, name = loudness.true_peak_db, os.fspath(path)
    if math.isinf(peak):
        return f"{name} decodes to silence", False
    text = f"{name} decodes to a true peak of {peak:.2f} dBTP"
    if ceiling_db is None or peak <= ceiling_db + 0.005:
        return text, False
    above = f"{peak - ceiling_db:.2f} dB above the {ceiling_db:g} dBTP before encoding"
    return f"{text}, {above}; a lower true peak or more kb/s leaves room", True
