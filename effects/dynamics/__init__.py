# SPDX-License-Identifier: GPL-3.0-or-later
"""Boxes that change levels and keep the stereo image: all channels get one gain."""
