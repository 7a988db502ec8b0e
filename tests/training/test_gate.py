# SPDX-License-Identifier: GPL-3.0-or-later
"""The export gate: a sound model passes, and each check refuses a model that breaks its promise."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the [train] extra")
onnx = pytest.importorskip("onnx", reason="training needs the [train] extra")
pytest.importorskip("soundfile", reason="training needs the [train] extra")

from neuralboard.effects.model_file import ModelFile, add_card, load_model  # noqa: E402
from neuralboard.effects.runtime import open_graph  # noqa: E402
from neuralboard.training import onnx_graph  # noqa: E402
from neuralboard.training.export import Request, export_network  # noqa: E402
from neuralboard.training.gate import CHECKS, ExportError, Subject, run_check  # noqa: E402
from neuralboard.training.onnx_graph import export_graph, shorten  # noqa: E402
from tests.training import toys  # noqa: E402
from tests.training.toys import Toy, card_of, subject_of  # noqa: E402


@pytest.fixture(scope="module")
def sound_model(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """A model that keeps all promises."""
    return subject_of(Toy(), tmp_path_factory.mktemp("toy"))


@pytest.mark.parametrize("name", list(CHECKS))
def test_a_sound_model_passes(name: str, sound_model: Subject) -> None:
    finding = run_check(name, sound_model)
    assert finding.figure <= finding.bound


BROKEN: list[tuple[str, type[Toy], str]] = [
    ("same as PyTorch", toys.ExportsAnotherGain, "ONNX Runtime minus PyTorch is 0.0"),
    ("any chunks", toys.LevelsWholeCalls, "deviation between block schedules is 0"),
    ("causal", toys.LooksAhead, "change before the change of the input is"),
    ("reset and bounded states", toys.Drifts, "growth of the states.* at most 1.5"),
    ("hard signals", toys.BreaksOnLoud, "DC: the graph gives values that are not finite"),
    ("hard signals", toys.Shouts, "the peak is .* at most 4"),
    ("hard signals", toys.Hums, "peak in silence is"),
    ("any size", toys.MixesChannels, "deviation between lengths and channels"),
    ("any size", toys.EndsAfter64, "the graph can't run"),
    ("latency", toys.OpensLate, "the mask fits 2 frames late"),
    ("latency", toys.SoundsLate, "seconds off the declared 31 samples is 0.006"),
]


@pytest.mark.parametrize(("name", "broken", "why"), BROKEN)
def test_a_broken_model_is_refused(name: str, broken: type[Toy], why: str, tmp_path: Path) -> None:
    with pytest.raises(
        ExportError, match=rf"gate {list(CHECKS).index(name) + 1}/10, {name}: .*{why}"
    ):
        run_check(name, subject_of(broken(), tmp_path))


def test_every_check_has_a_model_that_must_fail_it() -> None:
    by_file = {"size and operators", "card", "no traces"}  # below
    assert {name for name, *_ in BROKEN} | by_file == set(CHECKS)


class Remembers(ModelFile):
    """A model whose memory no reset reaches."""

    def run(self, main: Any, *rest: Any) -> Any:
        vars(self)["calls"] = vars(self).get("calls", 0) + 1
        return super().run(main, *rest) + np.float32(1e-3 * vars(self)["calls"])


def test_memory_that_a_reset_leaves_is_refused(sound_model: Subject) -> None:
    fields = {f.name: getattr(sound_model.model, f.name) for f in dataclasses.fields(ModelFile)}
    broken = dataclasses.replace(sound_model, model=Remembers(**fields))
    with pytest.raises(ExportError, match=r"change after a reset is 0.001"):
        run_check("reset and bounded states", broken)


def test_a_file_that_is_too_large_is_refused(sound_model: Subject) -> None:
    with pytest.raises(ExportError, match=r"bytes of the file is .*, at most 100 is allowed"):
        run_check("size and operators", dataclasses.replace(sound_model, max_bytes=100))


def test_an_operator_that_the_loader_refuses_is_refused(
    sound_model: Subject, tmp_path: Path
) -> None:
    model = onnx.load(sound_model.path)
    for node in model.graph.node:
        if node.op_type == "Sigmoid":
            node.op_type = "Bernoulli"
    path = tmp_path / "other.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ExportError, match=r"size and operators: .*Bernoulli"):
        run_check("size and operators", dataclasses.replace(sound_model, path=path))


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"licence": "unknown"}, "licence"),
        ({"data": ()}, "data"),
        ({"metrics": {"split": "test"}}, "metrics"),
        ({"metrics": {"si_sdr_db": 1.0}}, "metrics"),
        ({"created": ""}, "created"),
    ],
)
def test_a_card_with_a_gap_is_refused(
    change: dict[str, Any], missing: str, sound_model: Subject
) -> None:
    card = dataclasses.replace(sound_model.model.card, **change)
    broken = toys.with_model(sound_model, card=card)
    with pytest.raises(ExportError, match=rf"1 missing on the card, 0 allowed: {missing}"):
        run_check("card", broken)


def test_a_golden_output_that_does_not_repeat_is_refused(sound_model: Subject) -> None:
    golden = sound_model.model.card.golden
    assert golden is not None
    other = dataclasses.replace(golden, output=tuple(v + 0.01 for v in golden.output))
    card = dataclasses.replace(sound_model.model.card, golden=other)
    with pytest.raises(ExportError, match=r"card: .*self-test"):
        run_check("card", toys.with_model(sound_model, card=card))


@pytest.mark.parametrize("place", ["doc_string", "metadata", "attribute", "value name", "card"])
def test_a_trace_of_the_machine_is_refused(
    place: str, sound_model: Subject, tmp_path: Path
) -> None:
    model = onnx.load(sound_model.path)
    secret = "/home/somebody/project/train.py"
    if place == "doc_string":
        model.graph.node[0].doc_string = "File train.py, line 3"
    elif place == "metadata":
        model.metadata_props.add(key="stack", value="line 3")
    elif place == "attribute":
        node = next(n for n in model.graph.node if n.op_type == "GRU")
        node.attribute.append(onnx.helper.make_attribute("note", secret))
    elif place == "value name":
        model.graph.node[0].name = secret
    else:
        card = dataclasses.replace(sound_model.model.card, trained_with=f"data in {secret}")
        model = onnx.load_from_string(add_card(sound_model.path.read_bytes(), card))
    path = tmp_path / "other.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ExportError, match=r"traces of this machine, 0 allowed"):
        run_check("no traces", dataclasses.replace(sound_model, path=path))


def test_the_file_takes_its_name_only_when_all_checks_passed(tmp_path: Path) -> None:
    target = tmp_path / "toy.onnx"
    said: list[str] = []
    request = Request(minutes=0.05)
    target.write_bytes(b"the old file")
    with pytest.raises(ExportError, match="gate 1/10, same as PyTorch"):
        export_network(toys.ExportsAnotherGain(), card_of(Toy()), target, request, said.append)
    assert target.read_bytes() == b"the old file"
    assert list(tmp_path.iterdir()) == [target]
    model = export_network(Toy(), card_of(Toy()), target, request, said.append)
    assert list(tmp_path.iterdir()) == [target]
    assert load_model(target, verify=True).card == model.card
    assert sum(line.startswith("gate") for line in said) == len(CHECKS)


def test_shortening_changes_no_result_and_leaves_no_constant_node(rng: np.random.Generator) -> None:
    class Cuts(Toy):
        """Two slices that meet, and a constant twice: what the exporter likes to write."""

        def bend(self, gain: Any, power: Any) -> Any:
            low, high = power[..., :5], power[..., 5:]
            return gain * torch.cat([low / (low + 1.0), high / (high + 1.0)], -1)

    toy = Cuts()
    card = card_of(toy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnx_graph, "shorten", lambda data: data)
        raw = export_graph(toy, card)
    short = shorten(raw)
    kinds = [node.op_type for node in onnx.load_from_string(short).graph.node]
    assert "Constant" not in kinds
    assert "Identity" not in kinds
    assert kinds.count("Split") == 1
    assert "Slice" not in kinds
    main = rng.standard_normal((2, 9, toys.BINS, 2)).astype(np.float32)
    feeds = {"spectrum": main, "state_0": np.zeros((2, toys.BINS), np.float32)}
    one, other = (open_graph(data).run(feeds) for data in (raw, short))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
