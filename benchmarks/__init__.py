# SPDX-License-Identifier: GPL-3.0-or-later
"""Benchmarks: metrics, measuring, reports."""

if not __name__.startswith("neuralboard."):
    raise ImportError(
        f"this folder was imported as '{__name__}', but it is 'neuralboard.benchmarks': "
        "install the project (pip install -e .) and import it under that name"
    )
