# SPDX-License-Identifier: GPL-3.0-or-later
"""pedalboard.midi_utils under our name, for scripts that play instruments."""

from __future__ import annotations

from pedalboard.midi_utils import normalize_midi_messages

__all__ = ["normalize_midi_messages"]
