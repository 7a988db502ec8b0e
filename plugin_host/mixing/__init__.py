# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracks, buses and boxes: a mix, from Python or from one text file."""
