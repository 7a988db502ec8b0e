# SPDX-License-Identifier: GPL-3.0-or-later
"""Boxes of classic signal processing: what neural ones are judged against."""
