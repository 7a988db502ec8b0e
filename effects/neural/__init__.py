# SPDX-License-Identifier: GPL-3.0-or-later
"""Boxes that run a model: anybody's model file, and the ones that ship with neuralboard."""
