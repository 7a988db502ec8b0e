# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m neuralboard ...`: the command line of this very Python."""

from __future__ import annotations

import sys

from neuralboard.main import main

if __name__ == "__main__":
    sys.exit(main())
