# SPDX-License-Identifier: GPL-3.0-or-later
"""The boxes of neuralboard: classic, neural and peers, one file a box."""

if not __name__.startswith("neuralboard."):
    raise ImportError(
        f"this folder was imported as '{__name__}', but it is 'neuralboard.effects': "
        "install the project (pip install -e .) and import it under that name"
    )
