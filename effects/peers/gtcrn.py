# SPDX-License-Identifier: GPL-3.0-or-later
"""GTCRN: grouped temporal convolutions and recurrences, 24 k parameters, 16 kHz.

Source: X. Rong et al., "GTCRN: a speech enhancement model requiring ultralow computational
resources", 2024; the public file is its streaming export, trained on DNS3.
"""

from __future__ import annotations

from neuralboard.effects.peers.spectrum_peer import SpectrumPeer

__all__ = ["GTCRN"]


class GTCRN(SpectrumPeer):
    """GTCRN from the path of its public ONNX file. Everything above 8 kHz goes."""

    window = "sqrt_hann"
    box_name = "gtcrn"
    source = "stream/onnx_models/gtcrn_simple.onnx of github.com/Xiaobin-Rong/gtcrn"
