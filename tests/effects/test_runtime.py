# SPDX-License-Identifier: GPL-3.0-or-later
"""One session per file, any number of threads; errors of ONNX Runtime are ours."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx.helper import make_node

from neuralboard import cpp_ext
from neuralboard.effects import runtime
from neuralboard.effects.model_file import State, Stft, add_card, add_golden, load_model
from neuralboard.effects.runtime import GraphError, Limits, open_graph
from neuralboard.errors import ModelFileError
from tests.effects import graphs

Floats = NDArray[np.float32]
SMALLEST = np.float32(1e-40)  # subnormal


def test_the_same_bytes_share_one_session() -> None:
    data = graphs.spectrum_file()
    one, two = load_model(data, trust=True), load_model(data, trust=True)
    assert one.graph is two.graph
    assert load_model(graphs.waveform_file(), trust=True).graph is not one.graph


def test_a_graph_that_nobody_uses_is_freed() -> None:
    kept = []
    for version in range(8):
        card = graphs.spectrum_card(version=str(version))
        data = add_card(graphs.spectrum_model().SerializeToString(), card)
        kept.append(load_model(data, trust=True).graph.sha256)
    gc.collect()
    assert sum(sha256 in runtime._open for sha256 in kept) == 4  # the latest few


def test_a_stream_keeps_its_graph_shared() -> None:
    model = load_model(graphs.spectrum_file(), trust=True)
    sha256, runner = model.graph.sha256, model.runner(1)
    del model
    for version in range(8):
        card = graphs.spectrum_card(version=str(version))
        load_model(add_card(graphs.spectrum_model().SerializeToString(), card), trust=True)
    gc.collect()
    assert sha256 in runtime._open
    del runner


def test_threads_with_states_of_their_own_give_what_one_gives(rng: np.random.Generator) -> None:
    model = load_model(graphs.spectrum_file(), trust=True)
    spectra = [graphs.noise(rng, 1, 200, graphs.BINS, 2) for _ in range(4)]

    def stream(spectrum: Floats) -> Floats:
        states = model.start_states(1)
        parts = np.split(spectrum, 40, axis=1)
        return np.concatenate([model.run(np.ascontiguousarray(p), states) for p in parts], 1)

    alone = [stream(spectrum) for spectrum in spectra]
    together: dict[int, Floats] = {}
    threads = [
        threading.Thread(target=lambda i=i: together.__setitem__(i, stream(spectra[i])))
        for i in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(4):
        np.testing.assert_array_equal(together[i], alone[i])


def test_a_waveform_graph_runs_in_blocks_as_at_once(rng: np.random.Generator) -> None:
    model = load_model(graphs.waveform_file(), trust=True)
    assert model.output_kind == "audio"
    audio = graphs.noise(rng, 2, 10 * graphs.BLOCK)
    knob = np.linspace(0.1, 10, 20, dtype=np.float32).reshape(2, 10, 1)
    whole = model.run(audio, model.start_states(2), {"drive": knob})
    taps = np.linspace(0.1, 0.5, 5, dtype=np.float32)
    filtered = np.stack([np.correlate(np.pad(x, (4, 0)), taps, "valid") for x in audio])
    wanted = np.tanh(filtered * np.repeat(knob[..., 0], graphs.BLOCK, axis=1))
    np.testing.assert_allclose(whole, wanted, atol=1e-6)
    states, parts = model.start_states(2), []
    for start, stop in ((0, 1), (1, 4), (4, 10)):
        cut = np.ascontiguousarray(audio[:, start * graphs.BLOCK : stop * graphs.BLOCK])
        parts.append(model.run(cut, states, {"drive": knob[:, start:stop]}))
    np.testing.assert_allclose(np.concatenate(parts, 1), whole, atol=1e-6)


def test_a_runner_resets_and_takes_states_over(rng: np.random.Generator) -> None:
    model = load_model(graphs.spectrum_file(), trust=True)
    runner = model.runner(batch=1, frames=1)
    runner.inputs["strength"].fill(1.0)
    frames = graphs.noise(rng, 6, 1, 1, graphs.BINS, 2)

    def play(some: Floats) -> list[Floats]:
        out = []
        for frame in some:
            runner.inputs["spectrum"][...] = frame
            out.append(runner.run()["mask"].copy())
        return out

    first = play(frames[:3])
    halfway = runner.states()
    second = play(frames[3:])
    assert np.any(halfway["h"] != 0)
    runner.load_states(halfway)
    np.testing.assert_array_equal(play(frames[3:]), second)
    runner.reset()
    np.testing.assert_array_equal(play(frames[:3]), first)


def test_a_runners_outputs_lie_in_one_piece(rng: np.random.Generator) -> None:
    runner = load_model(graphs.spectrum_file(), trust=True).runner(batch=2, frames=1)
    runner.inputs["spectrum"][...] = graphs.noise(rng, 2, 1, graphs.BINS, 2)
    for number in range(3):
        outputs = runner.run()
        assert np.isfinite(runner.latest).all()
        for array in outputs.values():
            assert np.shares_memory(array, runner.latest)
            assert array.flags.c_contiguous
            before = array.flat[-1]
            array.flat[-1] = np.nan
            assert np.isnan(runner.latest).sum() == 1, number
            array.flat[-1] = before


def test_wrong_shapes_are_our_error_in_one_line() -> None:
    model = load_model(graphs.spectrum_file(), trust=True)
    with pytest.raises(GraphError, match="the graph can't run") as caught:
        model.run(np.zeros((1, 3, 5, 2), np.float32), model.start_states(1))
    assert isinstance(caught.value, ModelFileError)
    assert "\n" not in str(caught.value)
    with pytest.raises(GraphError):
        model.graph.run({})


def test_subnormals_are_off_inside_and_back_outside() -> None:
    if not cpp_ext.HAVE_EXTENSION:
        pytest.skip("the NumPy twin can't switch them off")
    model = graphs.model(
        [make_node("Mul", ["x", "one"], ["y"])],
        [graphs.floats("x", ["n"])],
        [graphs.floats("y", ["n"])],
        [graphs.tensor("one", [1.0])],
    )
    graph = open_graph(model.SerializeToString())
    x = np.full(8, SMALLEST)
    (y,) = graph.run({"x": x})
    assert np.all(y == 0)
    assert np.all(x * np.float32(1) == SMALLEST)
    runner = graph.runner({"x": (8,)})
    runner.inputs["x"][...] = x
    assert np.all(runner.run()["y"] == 0)
    assert np.all(x * np.float32(1) == SMALLEST)


def test_a_graph_without_a_card_runs_under_wider_limits() -> None:
    node = make_node("Neg", ["x"], ["y"])
    old = graphs.model([node], [graphs.floats("x", ["n"])], [graphs.floats("y", ["n"])], opset=11)
    with pytest.raises(ModelFileError, match="operator set is 11"):
        open_graph(old.SerializeToString())
    graph = open_graph(old.SerializeToString(), Limits(oldest_opset=7))
    assert [port.name for port in graph.inputs] == ["x"]
    np.testing.assert_array_equal(graph.run({"x": np.ones(3, np.float32)})[0], -np.ones(3))


# -- what the probe run finds ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"parameters": (), "inputs": ("spectrum", "h")}, "inputs are spectrum, strength, h"),
        ({"outputs": ("spectrum_out", "h_out")}, "outputs are mask, h_out"),
        ({"states": (State("h", "h_out", (8,)),)}, "must have 2 axes"),
        ({"stft": Stft(64, 16)}, "has the size 17 at axis 2; by its card it must be 33"),
        ({"stems": ("voice", "rest")}, r"'mask' is float32\[1, 2, 17\]"),
    ],
)
def test_a_card_that_doesn_t_fit_its_graph_is_refused(
    changes: dict[str, object], said: str
) -> None:
    data = add_card(graphs.spectrum_model().SerializeToString(), graphs.spectrum_card(**changes))
    with pytest.raises(ModelFileError, match=said):
        load_model(data, trust=True)


def test_a_fixed_number_of_frames_is_refused() -> None:
    model = graphs.spectrum_model()
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 4
    data = add_card(model.SerializeToString(), graphs.spectrum_card())
    with pytest.raises(ModelFileError, match=r"fixed size 4 at axis 1; .*dynamic_axes"):
        load_model(data, trust=True)


def test_a_graph_that_breaks_on_silence_is_refused() -> None:
    nodes = [
        make_node("Div", ["spectrum", "spectrum"], ["one"]),
        make_node("Identity", ["one"], ["mask"]),
    ]
    shape: graphs.Shape = ["batch", "frames", graphs.BINS, 2]
    model = graphs.model(nodes, [graphs.floats("spectrum", shape)], [graphs.floats("mask", shape)])
    card = graphs.spectrum_card(inputs=("spectrum",), outputs=("mask",), states=(), parameters=())
    with pytest.raises(ModelFileError, match="not finite when zeros come in"):
        load_model(add_card(model.SerializeToString(), card), trust=True)


# -- the self-test --------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [graphs.spectrum_file, graphs.waveform_file])
def test_the_self_test_passes_on_the_same_graph(make: graphs.Maker) -> None:
    data = add_golden(make(), seed=5)
    model = load_model(data, trust=True, verify=True)
    assert model.verify() < 1e-6
    assert model.card.golden is not None
    assert len(set(model.card.golden.output)) > 32
    with pytest.raises(ModelFileError, match="no golden output"):
        load_model(make(), trust=True, verify=True)


def test_the_self_test_notices_other_weights() -> None:
    card = load_model(add_golden(graphs.spectrum_file()), trust=True).card
    other = graphs.spectrum_model(rng=np.random.default_rng(8)).SerializeToString()
    with pytest.raises(ModelFileError, match="fails its self-test"):
        load_model(add_card(other, card), trust=True, verify=True)


def test_the_self_test_notices_another_state() -> None:
    """The second call starts from the first one's states: swapping in zeros shows."""
    model = load_model(add_golden(graphs.spectrum_file()), trust=True)

    class Forgetful(type(model)):  # type: ignore[misc]
        def run(self, main, states, parameters=None):  # type: ignore[no-untyped-def]
            return super().run(main, self.start_states(len(main)), parameters)

    forgetful = Forgetful(**{name: getattr(model, name) for name in model.__dataclass_fields__})
    with pytest.raises(ModelFileError, match="fails its self-test"):
        forgetful.verify()
