# SPDX-License-Identifier: GPL-3.0-or-later
"""Title, artist and the like: carried from one audio file to another.

Two families: ID3 frames (MP3, WAV, AIFF) and Vorbis comments (FLAC, Ogg, Opus). Within a family
all text is carried over; between them the fields that both know, and all pictures. What would be
wrong after processing (ReplayGain, the encoder's name, lengths) is left behind. A WAV's own list
(`LIST INFO`) becomes tags where the output is no WAV; between WAVs it is carried as it is.
"""

from __future__ import annotations

import os
import struct
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

from neuralboard.errors import AudioFileError

__all__ = ["Tags"]

# ID3 frame → Vorbis comment, for what both know.
_SAME = {
    "TIT2": "title", "TPE1": "artist", "TPE2": "albumartist", "TALB": "album", "TDRC": "date",
    "TCON": "genre", "TRCK": "tracknumber", "TPOS": "discnumber", "TCOM": "composer",
    "TCOP": "copyright", "TSRC": "isrc", "TBPM": "bpm", "TPUB": "organization", "COMM": "comment",
    "TIT1": "grouping", "TIT3": "subtitle", "TEXT": "lyricist", "TPE3": "conductor",
    "TLAN": "language", "TMOO": "mood", "TENC": "encodedby",
}  # fmt: skip
# RIFF INFO field → Vorbis comment; fields that are not here keep their four letters.
_INFO = {
    "INAM": "title", "IART": "artist", "IPRD": "album", "ICRD": "date", "IGNR": "genre",
    "ITRK": "tracknumber", "IPRT": "tracknumber", "ICMT": "comment", "ICOP": "copyright",
    "ISBJ": "subject", "IKEY": "keywords", "IENG": "engineer", "ITCH": "technician",
    "ISRC": "source", "IMED": "medium", "ILNG": "language", "IMUS": "composer", "IBPM": "bpm",
}  # fmt: skip
_STALE_INFO = ("ISFT",)
_STALE_COMMENTS = ("replaygain_", "r128_", "encoder", "waveformatextensible_")
_STALE_FRAMES = ("RVA2", "RGAD", "TLEN", "TSSE", "MLLT", "SEEK", "ASPI", "ETCO", "SYTC")
_PICTURE = "metadata_block_picture"
_CHAPTERS = ("CHAP", "CTOC")  # places in time that may have moved


class Tags:
    """What a file says about itself.

    Attributes
    ----------
    comments : dict of str to list of str
        Vorbis comments, lower-case names.
    frames : list
        ID3 frames; empty unless the source had ID3.
    pictures : list
        Cover and others, as FLAC pictures; ID3's are among the frames too.
    lost : set of str
        What the source had and no output gets: "chapters".
    """

    def __init__(self) -> None:
        self.comments: dict[str, list[str]] = {}
        self.frames: list[Any] = []
        self._from_info: dict[str, list[str]] = {}
        self.pictures: list[Any] = []
        self.lost = set[str]()

    def __bool__(self) -> bool:
        return bool(self.comments or self.frames or self.pictures)

    @classmethod
    def read(cls, path: Path) -> Tags:
        """Return the tags of a file; empty where it has none or mutagen does not know it."""
        import mutagen

        tags = cls()
        try:
            file = mutagen.File(path)
        except (mutagen.MutagenError, OSError, ValueError):
            return tags  # the sound may be fine all the same
        if file is None or file.tags is None:
            return tags
        if hasattr(file.tags, "getall"):  # ID3
            tags._take_frames(file.tags)
        elif hasattr(file.tags, "as_dict"):  # Vorbis comments
            tags._take_comments(file.tags.as_dict())
            tags.pictures += list(getattr(file, "pictures", []))
        else:
            tags._take_mp4(file.tags)
        return tags

    def take_info(self, fields: dict[str, str]) -> None:
        """Take what a WAV's `LIST INFO` says, where nothing else said it."""
        for name, text in fields.items():
            comment = _INFO.get(name, name.lower())
            if name not in _STALE_INFO and comment not in self.comments:
                self.comments[comment] = self._from_info[comment] = [text]

    def _take_frames(self, id3: Any) -> None:
        for frame in id3.values():
            stale = frame.FrameID in _STALE_FRAMES
            if stale or (frame.FrameID == "TXXX" and _is_stale(frame.desc)):
                continue
            if frame.FrameID in _CHAPTERS:
                self.lost.add("chapters")
                continue
            self.frames.append(frame)
            if frame.FrameID == "APIC":
                self.pictures.append(_picture(frame.type, frame.mime, frame.desc, frame.data))
            name = _SAME.get(frame.FrameID)
            if frame.FrameID == "TXXX":
                name = frame.desc.lower()
            if name:
                self.comments.setdefault(name, []).extend(str(text) for text in frame.text)

    def _take_comments(self, comments: dict[str, list[str]]) -> None:
        for name, values in comments.items():
            if name.lower() == _PICTURE:  # in Ogg
                self.pictures += [found for value in values if (found := _decoded(value))]
            elif not _is_stale(name):
                self.comments.setdefault(name.lower(), []).extend(values)

    def _take_mp4(self, atoms: Any) -> None:
        names = {"\xa9nam": "title", "\xa9ART": "artist", "\xa9alb": "album", "\xa9day": "date"}
        names |= {"aART": "albumartist", "\xa9gen": "genre", "\xa9wrt": "composer"}
        for atom, name in names.items():
            if values := list(atoms.get(atom, []) if hasattr(atoms, "get") else []):
                self.comments[name] = [str(value) for value in values]

    def write(self, path: Path, kind: str) -> None:
        """Write the tags into a complete file of `kind` ("wav", "flac", "aiff", "ogg", "mp3").

        Raises
        ------
        AudioFileError
            Where the file can't take them, or the disk is full.
        """
        import mutagen

        if not self:
            return
        try:
            self._write(path, kind)
            with path.open("rb+") as file:
                os.fsync(file.fileno())
        except mutagen.MutagenError as error:
            raise AudioFileError(f"the tags can't be written: {error}") from None

    def _write(self, path: Path, kind: str) -> None:
        from mutagen.aiff import AIFF
        from mutagen.flac import FLAC
        from mutagen.mp3 import MP3
        from mutagen.oggvorbis import OggVorbis
        from mutagen.wave import WAVE

        known: dict[str, Any] = {
            "wav": WAVE,
            "flac": FLAC,
            "aiff": AIFF,
            "ogg": OggVorbis,
            "mp3": MP3,
        }
        file: Any = known[kind](path)
        if file.tags is None:
            file.add_tags()
        if kind in ("flac", "ogg"):
            for name, values in self.comments.items():
                if name.isascii() and name.isprintable() and "=" not in name:
                    file.tags[name] = values
            if kind == "flac":
                for picture in self.pictures:
                    file.add_picture(picture)
            elif self.pictures:
                pictures = [b64encode(picture.write()).decode() for picture in self.pictures]
                file.tags[_PICTURE] = pictures
        else:
            for frame in self.frames or self._pictures_as_frames():
                file.tags.add(frame)
            new = self._from_info if self.frames else self.comments
            for frame in _as_frames(new):
                file.tags.add(frame)
        file.save()

    def _pictures_as_frames(self) -> list[Any]:
        import mutagen.id3

        id3: Any = mutagen.id3
        frames = list[Any]()
        for picture in self.pictures:
            frames.append(
                id3.APIC(
                    encoding=3,
                    mime=picture.mime,
                    type=picture.type,
                    desc=picture.desc,
                    data=picture.data,
                )
            )
        return frames


def _picture(kind: int, mime: str, description: str, data: bytes) -> Any:
    import mutagen.flac

    flac: Any = mutagen.flac
    picture = flac.Picture()
    picture.type, picture.mime, picture.desc, picture.data = kind, mime, description, data
    return picture


def _as_frames(comments: dict[str, list[str]]) -> list[Any]:
    import mutagen.id3

    id3: Any = mutagen.id3
    frames = list[Any]()
    back = {name: frame for frame, name in _SAME.items()}
    for name, values in comments.items():
        if name == "comment":
            frames.append(id3.COMM(encoding=3, lang="eng", desc="", text=values))
        elif name in back:
            frames.append(getattr(id3, back[name])(encoding=3, text=values))
        else:
            frames.append(id3.TXXX(encoding=3, desc=name, text=values))
    return frames


def _decoded(text: str) -> Any:
    """Return a picture out of an Ogg's comment, or None for what is none."""
    import mutagen
    import mutagen.flac

    flac: Any = mutagen.flac
    try:
        return flac.Picture(b64decode(text, validate=True))
    except (ValueError, struct.error, mutagen.MutagenError):
        return None


def _is_stale(name: str) -> bool:
    return name.lower().startswith(_STALE_COMMENTS)
