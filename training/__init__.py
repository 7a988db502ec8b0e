# SPDX-License-Identifier: GPL-3.0-or-later
"""Training: data, losses, models, one loop, the export gate, recipes."""

if not __name__.startswith("neuralboard."):
    raise ImportError(
        f"this folder was imported as '{__name__}', but it is 'neuralboard.training': "
        "install the project (pip install -e .) and import it under that name"
    )
