# SPDX-License-Identifier: GPL-3.0-or-later
"""pedalboard.io under our name, with our AudioStream in place of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pedalboard.io as _theirs

from neuralboard.compat import AudioStream

if TYPE_CHECKING:  # for editors and type checkers; at run time these are found when asked for
    from pedalboard_native.io import AudioFile as AudioFile
    from pedalboard_native.io import ReadableAudioFile as ReadableAudioFile
    from pedalboard_native.io import ResampledReadableAudioFile as ResampledReadableAudioFile
    from pedalboard_native.io import StreamResampler as StreamResampler
    from pedalboard_native.io import WriteableAudioFile as WriteableAudioFile
    from pedalboard_native.io import get_supported_read_formats as get_supported_read_formats
    from pedalboard_native.io import get_supported_write_formats as get_supported_write_formats

__all__ = ["AudioStream"]


def __getattr__(name: str) -> Any:
    return getattr(_theirs, name)


def __dir__() -> list[str]:
    return dir(_theirs)
