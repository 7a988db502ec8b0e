# SPDX-License-Identifier: GPL-3.0-or-later
"""The exported graph is made shorter without changing what it computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch", reason="training needs the [train] extra")

from neuralboard.effects.runtime import open_graph  # noqa: E402
from neuralboard.training import onnx_graph  # noqa: E402
from neuralboard.training.models.denoiser import Denoiser  # noqa: E402
from neuralboard.training.models.denoiser_card import denoiser_card  # noqa: E402


def test_weights_are_joined_before_and_a_layers_output_is_reshaped_once(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(3)
    network = Denoiser(channels=8, context=6, squeezed=4).eval()
    card = denoiser_card(network, name="denoiser", version="1", licence="CC0 1.0")
    short = onnx_graph.export_graph(network, card)
    monkeypatch.setattr(onnx_graph, "shorten", lambda data: data)
    raw = onnx_graph.export_graph(network, card)
    kinds = [node.op_type for node in onnx.load_from_string(short).graph.node]
    # The first maps are cut from two weights (Expand, Where and more in the raw graph) ...
    assert not {"Expand", "Where", "Constant", "Flatten"} & set(kinds)
    # ... and of four recurrent layers none has its axis of directions squeezed out by itself.
    assert "Squeeze" not in kinds
    feeds: dict[str, Any] = {
        "spectrum": rng.standard_normal((2, 7, 481, 2)).astype(np.float32),
        **{
            state.input: np.abs(rng.standard_normal((2, *state.shape))).astype(np.float32)
            for state in card.states
        },
    }
    for wanted, found in zip(open_graph(raw).run(feeds), open_graph(short).run(feeds), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)
