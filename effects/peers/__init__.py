# SPDX-License-Identifier: GPL-3.0-or-later
"""Denoisers made by others as boxes: each wraps an installed package, or a public model file.

None is imported by `import neuralboard`; each imports its package when a stream opens, and says
what to install where that is missing (extra `[peers]`).
"""
