# SPDX-License-Identifier: GPL-3.0-or-later
"""Timecode, take data, markers and tags of a WAV go with its sound; what is lost is named."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import mutagen.flac
import mutagen.mp3
import mutagen.wave
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from neuralboard.board import Board
from neuralboard.files import process_file
from neuralboard.wav import Chunk
from neuralboard.wav_metadata import carried_over, info_fields
from neuralboard.wav_times import TimeMap
from tests.plugin_host.file_helpers import Wire, int_wav, levels_of
from tests.plugin_host.test_cli_process import run
from tests.plugin_host.wav_chunks import (
    MIDNIGHT,
    Chunks,
    adtl,
    bext,
    chunks_of,
    cue,
    info,
    ixml,
    packed,
    region,
    smpl,
    sync_point,
    with_chunks,
)

RATE = 48_000
FLAC: Any = mutagen.flac.FLAC
WAVE: Any = mutagen.wave.WAVE
MP3: Any = mutagen.mp3.MP3
LEVELS = np.random.default_rng(1).integers(-3000, 3000, (2, RATE))  # a second

LABELS = adtl(
    (b"labl", 1, b"intro\0"), (b"labl", 2, b"verse\0"), (b"note", 2, b"odd\0\0"),
    (b"ltxt", 2, region(4800)), (b"labl", 3, b"end\0"),
)  # fmt: skip
BEFORE: Chunks = [(b"bext", bext()), (b"iXML", ixml())]
AFTER: Chunks = [
    (b"cue ", cue((1, 0), (2, 12_000), (3, 47_999))),
    (b"LIST", LABELS),
    (b"smpl", smpl(RATE, (5, 1000, 8999), (6, 20_000, 29_999))),
    (b"LIST", info(INAM="Öde", IART="Anna", ISFT="Recorder 1.0")),
    (b"inst", bytes([60, 0, 0, 0, 127, 1, 127])),
]
CARRIED = [kind for kind, _ in BEFORE + AFTER]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.wav"
    path.write_bytes(with_chunks(int_wav(LEVELS, 24), BEFORE, AFTER))
    return path


def _carried(path: Path) -> Chunks:
    return [chunk for chunk in chunks_of(path) if chunk[0] in CARRIED]


def test_nothing_changed_so_every_byte_comes_back(tmp_path: Path, source: Path) -> None:
    report = process_file(Board([]), source, tmp_path / "out.wav")
    assert _carried(tmp_path / "out.wav") == BEFORE + AFTER
    assert np.array_equal(levels_of(tmp_path / "out.wav", 24), LEVELS)
    assert report.notes == ()
    # And what was written is read again in the same way.
    process_file(Board([]), tmp_path / "out.wav", tmp_path / "again.wav")
    assert (tmp_path / "again.wav").read_bytes() == (tmp_path / "out.wav").read_bytes()


def test_a_change_of_the_sound_makes_its_measured_loudness_unknown(
    tmp_path: Path, source: Path
) -> None:
    process_file(Wire(gain=0.5), source, tmp_path / "out.wav")
    unknown = bext(levels=(0x7FFF,) * 5)
    assert _carried(tmp_path / "out.wav") == [(b"bext", unknown), *BEFORE[1:], *AFTER]


def test_a_loudness_that_was_asked_for_is_written_into_bext(tmp_path: Path, source: Path) -> None:
    report = process_file(Wire(), source, tmp_path / "out.wav", loudness=-23)
    assert report.loudness is not None
    loudness = report.loudness
    levels = (
        round(100 * loudness.integrated_lufs), 0x7FFF, round(100 * loudness.true_peak_db),
        round(100 * loudness.momentary_max_lufs), 0x7FFF,
    )  # fmt: skip
    assert levels[0] == -2300
    assert _carried(tmp_path / "out.wav")[0] == (b"bext", bext(levels=levels))


def test_version_1_has_no_loudness(tmp_path: Path) -> None:
    old = bext(version=1, levels=(0,) * 5)
    (tmp_path / "in.wav").write_bytes(with_chunks(int_wav(LEVELS, 16), [(b"bext", old)]))
    process_file(Wire(gain=0.5), tmp_path / "in.wav", tmp_path / "out.wav")
    assert _carried(tmp_path / "out.wav") == [(b"bext", old)]


def test_a_cut_moves_timecode_and_markers(tmp_path: Path, source: Path) -> None:
    process_file(Board([]), source, tmp_path / "out.wav", start=0.2, end=0.9)
    later = MIDNIGHT + 9600
    labels = adtl((b"labl", 2, b"verse\0"), (b"note", 2, b"odd\0\0"), (b"ltxt", 2, region(4800)))
    assert _carried(tmp_path / "out.wav") == [
        (b"bext", bext(later)),
        (b"iXML", ixml(reference=later)),
        (b"cue ", cue((2, 2400))),
        (b"LIST", labels),
        (b"smpl", smpl(RATE, (6, 10_400, 20_399))),
        *AFTER[3:],
    ]


@pytest.mark.parametrize("rate", [96_000, 44_100, 24_000])
def test_another_rate_scales_them(tmp_path: Path, source: Path, rate: int) -> None:
    process_file(Board([]), source, tmp_path / "out.wav", sample_rate=rate)

    def at(sample: int) -> int:
        return (sample * rate * 2 + RATE) // (2 * RATE)

    labels = adtl(
        (b"labl", 1, b"intro\0"), (b"labl", 2, b"verse\0"), (b"note", 2, b"odd\0\0"),
        (b"ltxt", 2, region(at(4800))), (b"labl", 3, b"end\0"),
    )  # fmt: skip
    loops = [(5, at(1000), at(9000) - 1), (6, at(20_000), at(30_000) - 1)]
    assert _carried(tmp_path / "out.wav") == [
        (b"bext", bext(at(MIDNIGHT), levels=(0x7FFF,) * 5)),
        (b"iXML", ixml(rate=rate, reference=at(MIDNIGHT))),
        (b"cue ", cue((1, 0), (2, at(12_000)), (3, at(47_999)))),
        (b"LIST", labels),
        (b"smpl", smpl(rate, *loops)),
        *AFTER[3:],
    ]
    assert at(MIDNIGHT) / rate == pytest.approx(36_000)


def test_a_cut_and_another_rate_together(tmp_path: Path, source: Path) -> None:
    process_file(Board([]), source, tmp_path / "out.wav", start=0.2, sample_rate=24_000)
    found = dict(_carried(tmp_path / "out.wav"))
    assert struct.unpack_from("<Q", found[b"bext"], 338)[0] == (MIDNIGHT + 9600) // 2
    assert found[b"cue "] == cue((2, 1200), (3, 19_200))


def test_timecode_beyond_32_bits(tmp_path: Path) -> None:
    late = 86_399 * 192_000  # a second before midnight
    chunks: Chunks = [(b"bext", bext(late)), (b"iXML", ixml(192_000, late, bits=16))]
    quiet = np.zeros((1, 192), np.int64)
    (tmp_path / "in.wav").write_bytes(with_chunks(int_wav(quiet, 16, 192_000), chunks))
    process_file(Board([]), tmp_path / "in.wav", tmp_path / "out.wav", sample_rate=96_000)
    found = dict(_carried(tmp_path / "out.wav"))
    assert struct.unpack_from("<Q", found[b"bext"], 338)[0] == late // 2
    assert found[b"iXML"] == ixml(96_000, late // 2, bits=16)


def test_sync_points_of_ixml(tmp_path: Path) -> None:
    points = [sync_point("RELATIVE", 4800, 960), sync_point("RELATIVE", 24_000, 480)]
    points.append(sync_point("ABSOLUTE", MIDNIGHT))
    chunks: Chunks = [(b"iXML", ixml(points="".join(points), bits=16))]
    (tmp_path / "in.wav").write_bytes(with_chunks(int_wav(LEVELS, 16), chunks))
    process_file(
        Board([]), tmp_path / "in.wav", tmp_path / "out.wav", start=0.25, sample_rate=24_000
    )
    left = sync_point("RELATIVE", 6000, 240) + sync_point("ABSOLUTE", MIDNIGHT // 2)
    expected = ixml(24_000, (MIDNIGHT + 12_000) // 2, bits=16, points=left)
    assert _carried(tmp_path / "out.wav") == [(b"iXML", expected)]


def test_the_bit_depth_of_ixml(tmp_path: Path, source: Path) -> None:
    process_file(Board([]), source, tmp_path / "out.wav", bit_depth=16)
    assert dict(_carried(tmp_path / "out.wav"))[b"iXML"] == ixml(bits=16)


def test_a_loudness_in_ixml_goes_when_the_sound_changes(tmp_path: Path) -> None:
    measured = b"<LOUDNESS><LOUDNESS_VALUE>-23.0</LOUDNESS_VALUE></LOUDNESS>"
    plain = ixml(bits=16)
    chunks: Chunks = [(b"iXML", plain.replace(b"<BEXT>", measured + b"<BEXT>"))]
    (tmp_path / "in.wav").write_bytes(with_chunks(int_wav(LEVELS, 16), chunks))
    process_file(Board([]), tmp_path / "in.wav", tmp_path / "same.wav")
    assert _carried(tmp_path / "same.wav") == chunks
    process_file(Wire(gain=0.5), tmp_path / "in.wav", tmp_path / "out.wav")
    assert _carried(tmp_path / "out.wav") == [(b"iXML", plain)]


@given(
    kind=st.sampled_from([b"bext", b"iXML", b"cue ", b"plst", b"smpl", b"LIST", b"inst"]),
    body=st.binary(min_size=1, max_size=700),
    head=st.sampled_from([b"", b"adtl", b"INFO", b"\x01\0\0\0", ixml()[:300]]),
    first=st.integers(0, 10**6),
    length=st.none() | st.integers(0, 10**6),
    rates=st.tuples(st.sampled_from([8000, 48_000]), st.sampled_from([8000, 44_100])),
)
def test_any_bytes_may_stand_in_a_chunk(
    kind: bytes,
    body: bytes,
    head: bytes,
    first: int,
    length: int | None,
    rates: tuple[int, int],
) -> None:
    times = TimeMap(*rates, first, None if length is None else first + length)
    chunk = Chunk(kind, head + body)
    for out in carried_over([chunk], times, changed=True, bit_depth=16):
        assert out.kind == kind
        assert len(out.packed()) % 2 == 0
    info_fields([chunk])
    if times.identity:
        assert carried_over([chunk], times, changed=False) == [chunk]


def test_a_playlist_follows_its_markers(tmp_path: Path) -> None:
    plays = struct.pack("<I6I", 2, 1, 4800, 1, 2, 9600, 2)
    chunks: Chunks = [(b"cue ", cue((1, 100), (2, 30_000))), (b"plst", plays)]
    (tmp_path / "in.wav").write_bytes(with_chunks(int_wav(LEVELS, 16), chunks))
    process_file(
        Board([]), tmp_path / "in.wav", tmp_path / "out.wav", start=0.5, sample_rate=24_000
    )
    found = dict(chunks_of(tmp_path / "out.wav"))
    assert found[b"cue "] == cue((2, 3000))
    assert found[b"plst"] == struct.pack("<I3I", 1, 2, 4800, 2)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"cue ", struct.pack("<I", 900) + bytes(24)),  # promises more than there is
        (b"cue ", b"\x01"),
        (b"smpl", bytes(20)),
        (b"smpl", struct.pack("<9I", 1, 2, 3, 4, 5, 6, 7, 1000, 0)),
        (b"LIST", b"adtl" + struct.pack("<4sI", b"labl", 5000)),
        (b"plst", b"\xff\xff\xff\xff"),
    ],
)
def test_broken_chunks_do_no_harm(tmp_path: Path, kind: bytes, body: bytes) -> None:
    data = with_chunks(int_wav(LEVELS, 16), [(kind, body)])
    (tmp_path / "in.wav").write_bytes(data)
    process_file(Board([]), tmp_path / "in.wav", tmp_path / "same.wav")
    assert (kind, body) in chunks_of(tmp_path / "same.wav")  # as it was
    report = process_file(Board([]), tmp_path / "in.wav", tmp_path / "cut.wav", start=0.5)
    assert kind not in dict(chunks_of(tmp_path / "cut.wav"))
    name = kind.decode().strip() + (" adtl" if kind == b"LIST" else "")
    assert report.notes == (f"not carried over from {tmp_path / 'in.wav'}: {name}",)
    assert np.array_equal(levels_of(tmp_path / "cut.wav", 16), LEVELS[:, RATE // 2 :])


def test_a_pipe_carries_what_stands_before_the_sound(tmp_path: Path) -> None:
    data = with_chunks(int_wav(LEVELS, 24), BEFORE + AFTER)
    done = run("process", "-", "-o", "-", "--chain", "", folder=tmp_path, stdin=data)
    assert done.returncode == 0, done.stderr
    for chunk in BEFORE + AFTER:
        assert packed([chunk]) in done.stdout


def test_info_becomes_tags_where_the_output_is_no_wav(tmp_path: Path, source: Path) -> None:
    report = process_file(Board([]), source, tmp_path / "out.flac")
    tags = FLAC(tmp_path / "out.flac")
    assert (tags["title"], tags["artist"]) == (["Öde"], ["Anna"])
    assert "isft" not in tags
    lost = "LIST adtl, bext, cue, iXML, inst, smpl"
    assert report.notes == (f"not carried over from {source}: {lost}",)


def test_id3_tags_come_beside_the_chunks(tmp_path: Path, source: Path) -> None:
    import mutagen.id3

    id3: Any = mutagen.id3
    tagged = WAVE(source)
    tagged.add_tags()
    tagged.tags.add(id3.TIT2(encoding=3, text=["Title"]))
    tagged.save()
    process_file(Wire(), source, tmp_path / "out.wav")
    assert str(WAVE(tmp_path / "out.wav").tags["TIT2"]) == "Title"
    assert _carried(tmp_path / "out.wav") == BEFORE + AFTER
    process_file(Wire(), source, tmp_path / "out.flac")
    tags = FLAC(tmp_path / "out.flac")
    assert (tags["title"], tags["artist"]) == (["Title"], ["Anna"])  # ID3 first, INFO for the rest
    process_file(Wire(), source, tmp_path / "out.mp3")
    frames = MP3(tmp_path / "out.mp3").tags
    assert (str(frames["TIT2"]), str(frames["TPE1"])) == ("Title", "Anna")


def test_other_programs_read_the_result(tmp_path: Path, source: Path) -> None:
    process_file(Wire(gain=0.5), source, tmp_path / "out.wav", sample_rate=44_100)
    with soundfile.SoundFile(tmp_path / "out.wav") as file:
        assert (file.samplerate, file.frames, file.title) == (44_100, 44_100, "Öde")


def test_standard_output_into_a_file(tmp_path: Path, source: Path) -> None:
    """The beginning can be written again there, and says the same as in a pipe."""
    import subprocess
    import sys

    command = [sys.executable, "-m", "neuralboard.main", "process", str(source), "-o", "-", "-q"]
    with (tmp_path / "out.wav").open("wb") as file:
        subprocess.run([*command, "--chain", "gain(-6)"], stdout=file, check=True)
    piped = subprocess.run([*command, "--chain", "gain(-6)"], capture_output=True, check=True)
    unknown = [(b"bext", bext(levels=(0x7FFF,) * 5)), *BEFORE[1:], *AFTER]
    assert _carried(tmp_path / "out.wav") == unknown
    assert packed(unknown) in piped.stdout
