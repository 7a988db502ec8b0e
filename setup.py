# SPDX-License-Identifier: GPL-3.0-or-later
"""Build hook of neuralboard; everything but the C++ extension is in pyproject.toml."""

from setuptools import setup

setup()
