# SPDX-License-Identifier: GPL-3.0-or-later
"""Small processors and files for the tests of files and of the command line."""

from __future__ import annotations

import struct
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class _Line:
    """A stream that delays by `latency` samples and applies `gain`."""

    def __init__(self, channels: int, latency: int, gain: float) -> None:
        self.latency, self.gain = latency, np.float32(gain)
        self.held = np.zeros((channels, latency), np.float32)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def process(self, block: Array) -> Array:
        joined = np.concatenate([self.held, block * self.gain], axis=1)
        self.held = joined[:, block.shape[1] :]
        return joined[:, : block.shape[1]]


class Wire:
    """A processor that changes nothing but the level, with a latency of its own."""

    def __init__(self, latency: int = 0, gain: float = 1.0, streamable: bool = True) -> None:
        self.latency_samples, self.gain, self.streamable = latency, gain, streamable

    def stream(self, sample_rate: int, channels: int) -> _Line:
        assert self.streamable
        return _Line(channels, self.latency_samples, self.gain)

    def __call__(self, audio: Array, sample_rate: int) -> Array:
        return np.asarray(audio * np.float32(self.gain))


def int_wav(levels: Array, bits: int, rate: int = 48_000, data_size: int | None = None) -> bytes:
    """Return a WAV of `[channels, samples]` integer levels, built byte by byte."""
    channels = levels.shape[0]
    if bits == 8:
        raw = (levels.T + 128).astype(np.uint8).tobytes()
    else:
        wide = np.ascontiguousarray(levels.T).astype("<i4")
        raw = wide.view(np.uint8).reshape(-1, 4)[:, : bits // 8].tobytes()
    align = channels * bits // 8
    fmt = struct.pack("<HHIIHH", 1, channels, rate, rate * align, align, bits)
    size = len(raw) if data_size is None else data_size
    body = b"WAVEfmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", size) + raw
    return b"RIFF" + struct.pack("<I", min(len(body), 0xFFFFFFFF)) + body


def float_wav(audio: Array, rate: int = 48_000, width: int = 4) -> bytes:
    """Return a float WAV, WAVE_FORMAT_EXTENSIBLE."""
    channels = audio.shape[0]
    raw = np.ascontiguousarray(audio.T).astype(f"<f{width}").tobytes()
    align = channels * width
    guid = struct.pack("<H", 3) + bytes.fromhex("000000001000800000aa00389b71")
    fmt = struct.pack("<HHIIHH", 0xFFFE, channels, rate, rate * align, align, width * 8)
    fmt += struct.pack("<HHI", 22, width * 8, 0) + guid
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt
    body += b"data" + struct.pack("<I", len(raw)) + raw
    return b"RIFF" + struct.pack("<I", len(body)) + body


def levels_of(path: Path, bits: int) -> Array:
    """Return the integer levels of a file, read by libsndfile: not by the code under test."""
    import soundfile

    read, _ = soundfile.read(path, dtype="int32", always_2d=True)
    return np.asarray(read.T.astype(np.int64) >> (32 - bits))


def write_levels(path: Path, levels: Array, bits: int, rate: int = 48_000) -> None:
    """Write integer levels by libsndfile."""
    import soundfile

    kind = "PCM_S8" if bits == 8 and path.suffix != ".wav" else f"PCM_{bits}"
    kind = "PCM_U8" if bits == 8 and path.suffix == ".wav" else kind
    data = (levels.T.astype(np.int64) << (32 - bits)).astype(np.int32)
    soundfile.write(path, data, rate, subtype=kind)
