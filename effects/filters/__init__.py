# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that a mix needs and pedalboard lacks: steep Butterworth slopes, notches for hum."""
