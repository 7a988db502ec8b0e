# SPDX-License-Identifier: GPL-3.0-or-later
"""PCM goes through files bit for bit; libsndfile is the second opinion."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from neuralboard.audio_reader import AudioReader
from neuralboard.audio_writer import AudioWriter
from neuralboard.files import process_file
from neuralboard.pcm import levels_to_float, regrid
from neuralboard.wav import read_header, write_header
from tests.plugin_host.file_helpers import Wire, float_wav, levels_of, write_levels


def _every_level(bits: int) -> np.ndarray:
    return np.arange(-(2 ** (bits - 1)), 2 ** (bits - 1), dtype=np.int64)


def _read_all(path: Path, block: int = 1 << 20) -> np.ndarray:
    with AudioReader(path) as reader:
        parts = [np.zeros((reader.channels, 0), np.float32)]
        while (part := reader.read(block)).shape[1]:
            parts.append(part)
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("bits", [8, 16, 24])
def test_every_level_survives_pedalboards_scaling(bits: int) -> None:
    levels = _every_level(bits)
    as_read = (levels / (2.0 ** (bits - 1) - 1)).astype(np.float32)
    exact = levels / 2.0 ** (bits - 1)
    assert np.array_equal(regrid(as_read, bits), exact)
    assert np.array_equal(levels_to_float(levels.astype(np.int32), bits), exact)


@pytest.mark.parametrize(
    ("bits", "extension"),
    [(8, "wav"), (8, "aiff"), (8, "flac"), (16, "wav"), (16, "flac"), (16, "aiff")],
)
def test_every_level_is_read_exactly(tmp_path: Path, bits: int, extension: str) -> None:
    levels = _every_level(bits)[np.newaxis]
    path = tmp_path / f"in.{extension}"
    write_levels(path, levels, bits)
    assert np.array_equal(_read_all(path), levels / 2.0 ** (bits - 1))


@pytest.mark.parametrize("extension", ["wav", "flac", "aiff"])
def test_all_levels_of_24_bits_come_back(tmp_path: Path, extension: str) -> None:
    levels = _every_level(24)[np.newaxis]
    source, copy = tmp_path / f"in.{extension}", tmp_path / f"out.{extension}"
    write_levels(source, levels, 24)
    audio = _read_all(source)
    assert np.array_equal(audio * np.float32(2**23), levels)
    with AudioWriter(copy, 48_000, 1, 24) as writer:
        writer.write(audio)
    assert np.array_equal(levels_of(copy, 24), levels)


@pytest.mark.parametrize("extension", ["wav", "flac", "aiff"])
@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("latency", [0, 777, 20_001])
def test_a_do_nothing_copy_is_bit_exact(
    tmp_path: Path, rng: np.random.Generator, extension: str, bits: int, latency: int
) -> None:
    levels = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (2, 40_001))
    levels[:, 5000:6000] = 0
    source, copy = tmp_path / f"in.{extension}", tmp_path / f"out.{extension}"
    write_levels(source, levels, bits)
    report = process_file(Wire(latency), source, copy)
    assert (report.bit_depth, report.samples, report.clipped) == (bits, 40_001, 0)
    assert report.notes == ()
    assert np.array_equal(levels_of(copy, bits), levels)


def test_float_wav_is_copied_bit_for_bit(tmp_path: Path, rng: np.random.Generator) -> None:
    audio = (rng.standard_normal((3, 30_011)) * 2).astype(np.float32)
    (tmp_path / "in.wav").write_bytes(float_wav(audio))
    report = process_file(Wire(100), tmp_path / "in.wav", tmp_path / "out.wav")
    assert (report.bit_depth, report.clipped) == (32, 0)
    copied, rate = soundfile.read(tmp_path / "out.wav", dtype="float32", always_2d=True)
    assert rate == 48_000
    assert np.array_equal(copied.T, audio)


def test_double_and_integers_of_32_bits_keep_24_bits(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    audio = rng.uniform(-1, 1, (2, 1000))
    (tmp_path / "double.wav").write_bytes(float_wav(audio, width=8))
    assert np.array_equal(_read_all(tmp_path / "double.wav"), audio.astype(np.float32))
    levels = rng.integers(-(2**31), 2**31, (2, 1000))
    for name in ("int.wav", "int.aiff"):
        write_levels(tmp_path / name, levels, 32)
        expected = (levels / 2.0**31).astype(np.float32)
        assert np.array_equal(_read_all(tmp_path / name), expected)
    report = process_file(Wire(), tmp_path / "int.wav", tmp_path / "out.wav")
    assert report.bit_depth == 32
    assert "32-bit float" in report.notes[0]


def test_reading_is_the_same_for_any_blocks_and_seeks(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    levels = rng.integers(-(2**15), 2**15, (2, 20_000))
    for extension in ("wav", "flac", "aiff"):
        path = tmp_path / f"in.{extension}"
        write_levels(path, levels, 16)
        assert np.array_equal(_read_all(path, 777), levels / 2.0**15)
        with AudioReader(path) as reader:
            reader.seek(12_345)
            assert np.array_equal(reader.read(100), levels[:, 12_345:12_445] / 2.0**15)
            reader.seek(3)
            assert np.array_equal(reader.read(5), levels[:, 3:8] / 2.0**15)
            reader.seek(20_000)
            assert reader.read(5).shape == (2, 0)


@pytest.mark.parametrize("extension", ["wav", "flac", "aiff", "ogg", "mp3"])
def test_a_file_without_samples_gives_one_without_samples(tmp_path: Path, extension: str) -> None:
    write_levels(tmp_path / "in.wav", np.zeros((2, 0), np.int64), 16)
    report = process_file(Wire(9), tmp_path / "in.wav", tmp_path / f"out.{extension}")
    assert report.samples == 0


def test_kept_bit_depths(tmp_path: Path) -> None:
    audio = np.linspace(-0.9, 0.9, 5000, dtype=np.float32)[np.newaxis]
    (tmp_path / "float.wav").write_bytes(float_wav(audio))
    report = process_file(Wire(), tmp_path / "float.wav", tmp_path / "out.flac")
    assert report.bit_depth == 24
    assert report.notes == ("float became 24 bit: flac holds no more",)
    process_file(Wire(), tmp_path / "float.wav", tmp_path / "lossy.ogg")
    report = process_file(Wire(), tmp_path / "lossy.ogg", tmp_path / "back.wav")
    assert (report.bit_depth, report.samples) == (24, 5000)
    assert soundfile.info(tmp_path / "back.wav").subtype == "PCM_24"


def test_headers_beyond_4_gb_read_back() -> None:
    """RF64 takes the place of the reserved chunk, byte for byte as long."""
    samples = 2**31
    short = write_header(48_000, 2, 24, num_samples=1000, reserve=True)
    long = write_header(48_000, 2, 24, num_samples=samples, reserve=True)
    assert len(short) == len(long)
    assert (short[:4], long[:4]) == (b"RIFF", b"RF64")
    header = read_header(io.BytesIO(long), "x")
    assert header.data_bytes == samples * 6
    assert header.data_offset == len(long)
    assert read_header(io.BytesIO(short), "x").data_bytes == 6000


@pytest.mark.parametrize(("bits", "channels"), [(8, 1), (16, 1), (24, 3), (32, 2), (32, 6)])
def test_written_wavs_are_read_by_others(tmp_path: Path, bits: int, channels: int) -> None:
    """An odd number of bytes is padded; more than two channels are EXTENSIBLE."""
    audio = np.linspace(-1, 0.5, 33 * channels, dtype=np.float32).reshape(channels, 33)
    with AudioWriter(tmp_path / "a.wav", 44_100, channels, bits) as writer:
        writer.write(audio)
    info = soundfile.info(tmp_path / "a.wav")
    assert (info.channels, info.frames, info.samplerate) == (channels, 33, 44_100)
    read, _ = soundfile.read(tmp_path / "a.wav", dtype="float32", always_2d=True)
    tolerance = 0 if bits == 32 else 2.0 ** (1 - bits) * (2 if bits <= 16 else 0.51)
    assert np.max(np.abs(read.T - audio)) <= tolerance
    raw = (tmp_path / "a.wav").read_bytes()
    assert len(raw) % 2 == 0
    assert int.from_bytes(raw[4:8], "little") == len(raw) - 8


def test_channel_positions_are_kept(tmp_path: Path) -> None:
    audio = np.zeros((4, 50), np.float32)
    for mask in (0, 0x107):
        with AudioWriter(tmp_path / f"{mask}.wav", 48_000, 4, 24, channel_mask=mask) as writer:
            writer.write(audio)
        process_file(Wire(), tmp_path / f"{mask}.wav", tmp_path / f"copy{mask}.wav")
        with AudioReader(tmp_path / f"copy{mask}.wav") as reader:
            assert reader.channel_mask == mask
