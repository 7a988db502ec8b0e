# SPDX-License-Identifier: GPL-3.0-or-later
"""UL-UNAS: a U-Net found by architecture search, 171 k parameters, 16 kHz.

Source: X. Rong et al., "UL-UNAS: ultra-lightweight U-Nets for real-time speech enhancement via
network architecture search", 2025; the public file is its streaming export, trained on DNS3.
"""

from __future__ import annotations

from neuralboard.effects.peers.spectrum_peer import SpectrumPeer

__all__ = ["ULUNAS"]


class ULUNAS(SpectrumPeer):
    """UL-UNAS from the path of its public ONNX file. Everything above 8 kHz goes."""

    window = "hann"  # twice, as its authors do; the overlap is normalised
    box_name = "ul_unas"
    source = "ulunas_onnx/onnx_models/ulunas_stream_simple.onnx of github.com/Xiaobin-Rong/ul-unas"
