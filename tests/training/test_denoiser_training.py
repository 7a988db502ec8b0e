# SPDX-License-Identifier: GPL-3.0-or-later
"""The denoiser's training: corpus, repeatable mixtures, causal model, a loop that resumes."""

from pathlib import Path

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch", reason="training needs the [train] extra")
soundfile = pytest.importorskip("soundfile", reason="training needs the [train] extra")

from neuralboard.training import data_prepare  # noqa: E402
from neuralboard.training.data import Corpus, Mixing, Mixtures, codec, rumble  # noqa: E402
from neuralboard.training.losses import si_sdr, spectral_loss  # noqa: E402
from neuralboard.training.models.denoiser import Denoiser, enhance  # noqa: E402
from neuralboard.training.models.denoiser_card import denoiser_card  # noqa: E402
from neuralboard.training.onnx_graph import export_graph  # noqa: E402
from neuralboard.training.train import Settings, run  # noqa: E402


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two synthetic voices and a noise, prepared as real ones are."""
    raw, rng = tmp_path_factory.mktemp("raw"), np.random.default_rng(3)
    time = np.arange(24_000) / 16_000
    for who in (0, 1):
        voice = sum(np.sin(2 * np.pi * (120 + 60 * who) * k * time) / k for k in range(1, 20))
        gate = (np.sin(2 * np.pi * 3 * time) > 0) * (0.4 + 0.4 * time)
        soundfile.write(raw / f"voice{who}.wav", 0.2 * voice * gate, 16_000)
    soundfile.write(raw / "hiss.wav", 0.1 * rng.standard_normal(48_000), 48_000)
    rows = ["path,kind,split,speaker_or_source,licence"]
    rows += [f"voice{who}.wav,speech,train,v{who},CC0" for who in (0, 1)]
    rows += ["hiss.wav,noise,train,hiss,CC0", "absent.wav,speech,test,x,CC0"]
    (raw / "manifest.csv").write_text("\n".join(rows), encoding="utf-8")
    out = raw / "corpus"
    data_prepare.main(["--manifest", str(raw / "manifest.csv"), "--out", str(out)])
    return out


def test_preparation_measures_bandwidth_before_resampling(corpus: Path) -> None:
    speech = Corpus(corpus).clips["speech"]
    assert set(speech) == {"manifest_speech/v0", "manifest_speech/v1"}  # the test split is left out
    assert all(clips[0][3] <= 8000 for clips in speech.values())
    assert Corpus(corpus).clips["noise"]["manifest_noise/hiss"][0][3] > 20_000


def test_same_seed_and_index_give_the_same_mixture(corpus: Path) -> None:
    once, again = (Mixtures(Corpus(corpus), Mixing(), 7, 20) for _ in range(2))
    for index in range(20):
        for first, second in zip(once[index], again[index], strict=True):
            np.testing.assert_array_equal(np.asarray(first), np.asarray(second))
        assert once[index][0].isfinite().all()
        assert once[index][0].abs().max() <= 1


def test_frame_by_frame_equals_all_at_once() -> None:
    torch.manual_seed(0)
    model = Denoiser(channels=8, blocks=1, squeezed=2, context=8).eval()
    spectrum = torch.randn(2, 12, 481, 2)
    with torch.no_grad():
        whole, last = model(spectrum, model.start_states(2))
        states, parts = model.start_states(2), []
        for frame in range(12):
            mask, states = model(spectrum[:, frame : frame + 1], states)
            parts.append(mask)
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-5, rtol=0)
    for one, other in zip(states, last, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


def test_quiet_input_gets_nearly_the_mask_of_loud_input() -> None:
    torch.manual_seed(0)
    model = Denoiser(channels=8, blocks=1, squeezed=2, context=8).eval()
    spectrum = torch.randn(1, 30, 481, 2)
    with torch.no_grad():
        loud, _ = model(spectrum, model.start_states(1))
        quiet, _ = model(spectrum * 0.03, model.start_states(1))
    assert (loud - quiet).abs().mean() < 0.02
    assert enhance(model, torch.zeros(1, 4800)).abs().max() == 0


def test_loss_ignores_what_lies_above_the_bandwidth_and_counts_loss_of_speech_more() -> None:
    generator = torch.Generator().manual_seed(0)
    time = torch.arange(24_000) / 48_000
    low = torch.sin(2 * torch.pi * 1000 * time)[None] * 0.1
    high = torch.sin(2 * torch.pi * 15_000 * time)[None] * 0.1
    narrow, full = torch.tensor([8000.0]), torch.tensor([24_000.0])
    # Not 0 below 8 kHz: the ends of the tone click.
    assert spectral_loss(low + high, low, full) > 5 * spectral_loss(low + high, low, narrow)
    target = torch.randn(1, 24_000, generator=generator) * 0.1
    assert spectral_loss(target * 0.5, target, full) > spectral_loss(target * 1.5, target, full)


def test_si_sdr_of_a_known_mixture() -> None:
    target, noise = torch.zeros(1, 1000), torch.zeros(1, 1000)
    target[:, ::2], noise[:, 1::2] = 1.0, 0.1
    assert float(si_sdr(3 * (target + noise), target)) == pytest.approx(20.0, abs=0.01)


def test_training_runs_and_resumes(corpus: Path, tmp_path: Path) -> None:
    settings = {"batch": 2, "workers": 0, "seconds": 1.0, "channels": 8, "every": 2}
    path = run(Settings(corpus, tmp_path, max_steps=2, **settings))  # type: ignore[arg-type]
    before = path.read_bytes()
    run(Settings(corpus, tmp_path, max_steps=2, **settings), resume=True)  # type: ignore[arg-type]
    assert path.read_bytes() != before
    steps = [line.split(",")[0] for line in (tmp_path / "log.csv").read_text().split()]
    assert steps == ["2", "4"]


# Blocks of 4 from 16 features can be folded, of 16 from 8 cannot; the decoders (13) likewise.
@pytest.mark.parametrize(("channels", "squeezed", "gone"), [(16, 4, 4), (8, 16, 0), (8, 4, 2)])
def test_folding_keeps_the_mask_and_shortens_the_graph(
    channels: int, squeezed: int, gone: int
) -> None:
    torch.manual_seed(0)
    network = Denoiser(channels=channels, context=8, squeezed=squeezed).eval()
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if "bias" in name:
                weight.normal_()
    folded = network.folded()
    spectrum = torch.randn(2, 5, 481, 2)
    with torch.no_grad():
        wanted, _ = network(spectrum, network.start_states(2))
        found, _ = folded(spectrum, folded.start_states(2))
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)
    card = denoiser_card(network, name="denoiser", version="1", licence="CC0 1.0")
    nodes = [len(onnx.load_from_string(export_graph(each, card)).graph.node) for each in
             (network, folded)]  # fmt: skip
    assert nodes[1] == nodes[0] - gone


def test_codecs_change_little_and_keep_their_place() -> None:
    rng = np.random.default_rng(3)
    time = np.arange(48_000) / 48_000
    voice = (0.3 * np.sin(2 * np.pi * 300 * time) * (time > 0.3)).astype(np.float32)
    for _ in range(4):
        coded = codec(rng)(voice)
        assert coded.shape == voice.shape
        lag = np.argmax(np.correlate(coded[14_000:18_000], voice[14_000:18_000], "full")) - 3_999
        assert abs(int(lag)) <= 1
        assert 0 < np.sqrt(np.mean((coded - voice) ** 2)) < 0.02


def test_rumble_is_low_and_steady() -> None:
    rng = np.random.default_rng(7)
    for _ in range(6):
        noise = rumble(2 * 48_000, rng)
        power = np.abs(np.fft.rfft(noise)) ** 2
        below = np.fft.rfftfreq(len(noise), 1 / 48_000) < 2_000
        assert power[below].sum() > 0.6 * power.sum()
        halves = [float(np.std(half)) for half in np.split(noise, 2)]
        assert 0.7 < halves[0] / halves[1] < 1.4


def test_a_low_bin_swallowed_costs_more_than_a_high_one() -> None:
    time = torch.arange(9600) / 48_000
    full = torch.tensor([24_000.0])
    low, high = (0.1 * torch.sin(2 * torch.pi * f * time)[None] for f in (150.0, 6_000.0))
    both = low + high
    lost = [float(spectral_loss(both - part * 0.7, both, full)) for part in (low, high)]
    assert lost[0] > 2 * lost[1]
