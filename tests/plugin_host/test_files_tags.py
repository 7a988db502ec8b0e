# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags and pictures go from format to format; what is lost is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mutagen.flac
import mutagen.mp3
import numpy as np
import soundfile

from neuralboard.files import process_file
from tests.plugin_host.file_helpers import Wire, int_wav

FLAC: Any = mutagen.flac.FLAC
MP3: Any = mutagen.mp3.MP3


def test_tags_and_pictures_are_carried_over(tmp_path: Path) -> None:
    source = tmp_path / "in.flac"
    soundfile.write(source, np.zeros((16_000, 2)), 48_000)
    tagged = FLAC(source)
    tagged["title"], tagged["artist"], tagged["mood2"] = "Öde", ["A", "B"], "blue"
    tagged["replaygain_track_gain"] = "-7 dB"  # no longer true
    picture: Any = mutagen.flac.Picture()
    picture.data, picture.mime, picture.type = b"\x89PNG", "image/png", 3
    tagged.add_picture(picture)
    tagged.save()

    process_file(Wire(), source, tmp_path / "copy.flac")
    copy = FLAC(tmp_path / "copy.flac")
    assert copy["title"] == ["Öde"]
    assert copy["artist"] == ["A", "B"]
    assert "replaygain_track_gain" not in copy
    assert copy.pictures[0].data == b"\x89PNG"
    for name in ("copy.mp3", "copy.wav", "copy.aiff"):
        process_file(Wire(), source, tmp_path / name)
        process_file(Wire(), tmp_path / name, tmp_path / f"back-{name}.flac")
        back = FLAC(tmp_path / f"back-{name}.flac")
        assert (back["title"], back["artist"], back["mood2"]) == (["Öde"], ["A", "B"], ["blue"])
        assert [each.data for each in back.pictures] == [b"\x89PNG"]
    assert str(MP3(tmp_path / "copy.mp3")["TIT2"]) == "Öde"
    process_file(Wire(), source, tmp_path / "copy.ogg")
    process_file(Wire(), tmp_path / "copy.ogg", tmp_path / "back.flac")
    (kept,) = FLAC(tmp_path / "back.flac").pictures
    assert (kept.data, kept.mime, kept.type) == (b"\x89PNG", "image/png", 3)
    assert soundfile.info(tmp_path / "copy.wav").frames == 16_000


def test_chapters_are_named_as_lost(tmp_path: Path) -> None:
    import mutagen.id3

    id3: Any = mutagen.id3
    source = tmp_path / "in.mp3"
    soundfile.write(source, np.zeros((16_000, 2)), 48_000)
    tagged = MP3(source)
    tagged.add_tags()
    tagged.tags.add(id3.TIT2(encoding=3, text=["Talk"]))
    tagged.tags.add(id3.CHAP(element_id="one", start_time=0, end_time=300))
    tagged.tags.add(id3.CTOC(element_id="all", flags=3, child_element_ids=["one"]))
    tagged.save()
    report = process_file(Wire(), source, tmp_path / "out.mp3", start=0.1)
    assert report.notes == (f"not carried over from {source}: chapters",)
    assert [frame.FrameID for frame in MP3(tmp_path / "out.mp3").tags.values()] == ["TIT2"]


def test_chunks_that_are_lost_are_named(tmp_path: Path) -> None:
    data = int_wav(np.zeros((1, 100), np.int64), 16)
    cue = b"cue \x04\0\0\0\0\0\0\0"
    (tmp_path / "in.wav").write_bytes(data[:12] + b"bext\x03\0\0\0abc\0" + data[12:] + cue)
    report = process_file(Wire(), tmp_path / "in.wav", tmp_path / "out.flac")
    assert report.notes == (f"not carried over from {tmp_path / 'in.wav'}: bext, cue",)
