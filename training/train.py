# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the denoiser.

    neuralboard train denoiser --speech DIR --noise DIR --out RUN --minutes 60 [--resume]
    python -m neuralboard.training.train --corpus CORPUS --out RUN --minutes 60 [--resume]
    torchrun --nproc-per-node 2 -m neuralboard.training.train ...      # more devices or machines

One loop: Muon and AdamW; warm-up, a constant rate, and a fall to nothing over the last fifth of the
time (so that a run can be continued from ``steady.safetensors``, kept before the fall); an
exponential average of the weights (what is exported); a CSV log; checkpoints written whole or not
at all.

In the run folder: ``last.safetensors`` (to go on from), ``best.safetensors`` (the averaged weights
that did best on voices kept back; what is exported), ``steady.safetensors``, ``log.csv``,
``metrics.json``, ``data.json`` and, at the end, ``curves.png`` and ``spectrograms.png``.
"""

from __future__ import annotations

import argparse
import copy
import csv
import dataclasses
import itertools
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.utils.data import DataLoader

from neuralboard.training import checkpoint, plots, provenance
from neuralboard.training.data import Corpus, Mixing, Mixtures
from neuralboard.training.losses import RESOLUTIONS, si_sdr, spectral_loss
from neuralboard.training.models.denoiser import Denoiser, enhance
from neuralboard.training.optimiser import MuonAdamW
from neuralboard.training.recipe import apply_recipe


@dataclass(frozen=True)
class Settings:
    """The run; each value with its reason."""

    corpus: Path
    out: Path
    minutes: float = 60.0
    batch: int = 8  # per device; more steps beat larger batches on a CPU
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    warm_up: int = 200  # steps
    fall: float = 0.2  # last share of the time, in which the rate falls to nothing
    average: float = 0.995  # of the weights; about the last 200 steps
    every: int = 100  # steps between log lines and checkpoints
    valid_every: int = 500
    valid_count: int = 24  # mixtures of four seconds, always the same
    workers: int = 1
    seed: int = 1
    max_steps: int = 10**9
    seconds: float = 2.0
    long_every: int = 8  # each such batch holds few, long clips: states must not drift
    long_seconds: float = 10.0
    over_attenuation: float = 1.2  # how much worse swallowed speech is than noise left
    channels: int = 48
    context: int = 96
    device: str = "auto"
    devices: int | str = "auto"


def batches(settings: Settings, corpus: Corpus, first: int, rank: int) -> Iterator[list[Tensor]]:
    """Yield batches of short clips and now and then of long ones, from step `first` on."""
    seed = settings.seed + 1000 * rank  # every device its own mixtures
    few = max(1, round(settings.batch * settings.seconds / settings.long_seconds))
    loaders = [
        iter(
            DataLoader(
                Mixtures(corpus, Mixing(seconds=seconds), seed + kind, 10**7, first * batch),
                batch,
                num_workers=settings.workers,
            )
        )
        for kind, (seconds, batch) in enumerate(
            [(settings.seconds, settings.batch), (settings.long_seconds, few)]
        )
    ]
    for step in itertools.count(first):
        yield next(loaders[step % settings.long_every == settings.long_every - 1])


def valid_mixtures(corpus: Corpus, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Draw the fixed mixtures: noisy and target [count, samples], bandwidth in Hz [count]."""
    mixing = Mixing(
        seconds=4.0,
        snr_db=(-5.0, 15.0),
        noise_only=0,
        clean_only=0,
        level_step=0,
        lead_silence=0,
        faint=0,
    )
    items = [Mixtures(corpus, mixing, 999, count)[i] for i in range(count)]
    noisy, target = (torch.stack([torch.as_tensor(item[k]) for item in items]) for k in (0, 1))
    return noisy, target, torch.tensor([item[2] for item in items])


@torch.no_grad()
def validate(model: nn.Module, corpus: Corpus, count: int = 24) -> tuple[float, float, float]:
    """Give SI-SDR (dB) before and after, and the loss, on fixed mixtures of unseen voices."""
    noisy, target, bandwidth = valid_mixtures(corpus, count)
    model.eval()
    result = enhance(model, noisy)
    model.train()
    loss = spectral_loss(result, target, bandwidth, noisy.square().mean(-1).sqrt())
    before, after = si_sdr(noisy, target).mean(), si_sdr(result, target).mean()
    return float(before), float(after), float(loss)


def rate_at(settings: Settings, step: int, done: float) -> float:
    """Give the learning rate after `step` steps of this run and a share `done` of its time."""
    slope = min(1.0, (step + 1) / settings.warm_up, (1 - done) / settings.fall)
    return settings.learning_rate * max(slope, 0.0)


def start_fabric(settings: Settings) -> Fabric:
    """Find the devices; under torchrun one process each, as it says."""
    devices = int(os.environ.get("LOCAL_WORLD_SIZE", 0)) or settings.devices
    nodes = int(os.environ.get("GROUP_WORLD_SIZE", 1))
    options: dict[str, Any] = {"devices": devices, "num_nodes": nodes}
    fabric = Fabric(accelerator=settings.device, **options)
    if fabric.device.type == "cuda":
        fabric = Fabric(accelerator="cuda", precision="bf16-mixed", **options)
    fabric.launch()
    return fabric


class Training:
    """One run: what is trained, and how far it has come."""

    def __init__(self, settings: Settings, resume: bool) -> None:
        self.settings, self.fabric = settings, start_fabric(settings)
        settings.out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(settings.seed)
        self.corpus = Corpus(settings.corpus, "train")
        self.held_out = Corpus(settings.corpus, "valid")
        self.network = Denoiser(channels=settings.channels, context=settings.context)
        self.average = copy.deepcopy(self.network)
        optimiser = MuonAdamW(
            self.network.named_parameters(), settings.learning_rate, settings.weight_decay
        )
        self.progress = checkpoint.Progress()
        if resume:
            last = settings.out / "last.safetensors"
            self.progress = checkpoint.load(last, self.network, self.average, optimiser)
        self.first = self.progress.step
        self.model: Any
        self.optimiser: Any
        self.model, self.optimiser = self.fabric.setup(self.network, optimiser)
        self.draw = torch.Generator().manual_seed(settings.seed + self.first)
        self.began, self.total, self.broken = time.monotonic(), 0.0, 0

    def store(self, name: str, optimiser: bool = True) -> None:
        """Write a checkpoint into the run folder."""
        if self.fabric.is_global_zero:
            checkpoint.save(
                self.settings.out / f"{name}.safetensors",
                self.network,
                self.average,
                self.optimiser if optimiser else None,
                self.progress,
                self.network.settings,
            )

    def share_done(self) -> float:
        """Give the share of the time that is over, the same on all devices."""
        done = (time.monotonic() - self.began) / 60 / self.settings.minutes
        if self.fabric.world_size > 1:  # clocks differ a little, the step to stop at must not
            done = float(self.fabric.broadcast(done))
        return done

    def loop(self, moved: Callable[[int, int | None], None] | None) -> None:
        """Train until the time, or the number of steps, is up."""
        settings, steady = self.settings, False
        for batch in batches(settings, self.corpus, self.first, self.fabric.global_rank):
            done = self.share_done()
            if done >= 1 or self.progress.step - self.first >= settings.max_steps:
                return
            if moved is not None:
                moved(round(60 * settings.minutes * done), round(60 * settings.minutes))
            if done >= 1 - settings.fall and not steady:
                steady = True
                self.store("steady")
            rate = rate_at(settings, self.progress.step - self.first, done)
            self.step(batch, rate)
            if self.progress.step % settings.every == 0 and self.fabric.is_global_zero:
                self.store("last")
                self.report(rate, done)

    def step(self, batch: list[Tensor], rate: float) -> None:
        """Take one step."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        noisy, target, bandwidth = (x.to(self.fabric.device) for x in batch)
        two = [RESOLUTIONS[i] for i in torch.randperm(4, generator=self.draw)[:2].tolist()]
        settings = self.settings
        loss = spectral_loss(
            enhance(self.model, noisy),
            target,
            bandwidth.float(),
            noisy.square().mean(-1).sqrt(),
            over_attenuation=settings.over_attenuation,
            resolutions=tuple(two),
        )
        self.optimiser.zero_grad()
        self.fabric.backward(loss)
        norm: Any = self.fabric.clip_gradients(
            self.model, self.optimiser, max_norm=1.0, error_if_nonfinite=False
        )
        # One broken batch (an overflow in a rare clip) must not end a night's run; many must.
        self.broken = 0 if torch.isfinite(norm) else self.broken + 1
        if self.broken > 10:
            raise RuntimeError(
                f"gradients are not finite since step {self.progress.step - 10}; lower the rate"
            )
        if self.broken:
            torch.save([noisy, target, bandwidth], self.settings.out / "broken_batch.pt")
        else:
            self.optimiser.step()
            self.total += float(loss.detach())
        self.progress.step += 1
        self.progress.hours_seen += noisy.numel() / 48_000 / 3600 * self.fabric.world_size
        self.follow()

    @torch.no_grad()
    def follow(self) -> None:
        """Move the averaged weights towards the present ones."""
        share = 1 - min(self.settings.average, 1 - 1 / (self.progress.step + 1))
        for kept, new in zip(self.average.parameters(), self.network.parameters(), strict=True):
            kept.lerp_(new.detach().to(kept.device), share)

    def report(self, rate: float, done: float) -> None:
        """Write a line of the log; now and then with what voices kept back say."""
        settings, step = self.settings, self.progress.step
        row: list[object] = [
            step, f"{self.total / settings.every:.5f}", f"{rate:.2e}",
            f"{self.progress.hours_seen:.3f}",
        ]  # fmt: skip
        if step % settings.valid_every == 0 and self.can_validate:
            row += [f"{value:.4f}" for value in self.judge()]
        with (settings.out / "log.csv").open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(row)
        print(*row, f"{settings.minutes * (1 - done):.1f} min left", flush=True)
        self.total = 0.0

    @property
    def can_validate(self) -> bool:
        """Whether a voice and a noise were kept back (a corpus of one has none to spare)."""
        return {"speech", "noise"} <= set(self.held_out.names)

    def judge(self) -> tuple[float, float, float]:
        """Validate the averaged weights, and keep them where they are the best so far."""
        before, after, loss = validate(self.average, self.held_out, self.settings.valid_count)
        path = self.settings.out / "metrics.json"
        best = json.loads(path.read_text("utf-8"))["loss"] if path.is_file() else float("inf")
        if loss <= best:
            self.store("best", optimiser=False)
            metrics = {
                "split": "speakers and noises of the corpus that were kept back from training",
                "mixtures": self.settings.valid_count,
                "snr_db": [-5, 15],
                "si_sdr_noisy_db": round(before, 3),
                "si_sdr_db": round(after, 3),
                "loss": round(loss, 5),
                "step": self.progress.step,
            }
            path.write_text(json.dumps(metrics, indent=1) + "\n", encoding="utf-8")
        return before, after, loss

    def finish(self) -> None:
        """Judge the end of the run, and draw it."""
        if not self.fabric.is_global_zero:
            return
        if self.can_validate:
            self.judge()
            noisy, target, _ = valid_mixtures(self.held_out, 1)
            with torch.no_grad():
                result = enhance(self.average.eval(), noisy)
            sounds = {"noisy": noisy[0], "denoised": result[0], "target": target[0]}
            plots.spectrograms(
                {name: audio.numpy() for name, audio in sounds.items()},
                self.settings.out / "spectrograms.png",
            )
        plots.curves(self.settings.out / "log.csv", self.settings.out / "curves.png")

    def leave(self) -> None:
        """End together: a process that left before the others has aborted in its last moments."""
        if self.fabric.world_size > 1:
            self.fabric.barrier()
            torch.distributed.destroy_process_group()


def run(
    settings: Settings,
    resume: bool = False,
    moved: Callable[[int, int | None], None] | None = None,
) -> Path:
    """Train; gives the path of the last checkpoint.

    Parameters
    ----------
    settings : Settings
    resume : bool
        Go on from the ``last.safetensors`` in the run folder.
    moved : callable, optional
        Is told (seconds done, seconds in all): a progress bar.

    Interrupted (Ctrl-C, a kill), it writes ``last.safetensors`` once more before it leaves.
    """
    training = Training(settings, resume)
    if training.fabric.is_global_zero:
        provenance.write_data(settings.corpus, settings.out)
    try:
        training.loop(moved)
    except (KeyboardInterrupt, SystemExit):
        training.store("last")
        raise
    training.store("last")
    training.finish()
    training.leave()
    return settings.out / "last.safetensors"


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    given = Settings(Path(), Path())
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--recipe", type=Path, help="TOML file of settings; options come after it")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--fall", type=float, help="share of the time, at its end")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--max-steps", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", help="auto, cpu, cuda, mps")
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args(arguments)
    prepare_torch(options.threads)
    settings = dataclasses.replace(given, corpus=options.corpus, out=options.out)
    if options.recipe:
        settings = apply_recipe(settings, options.recipe)
    names = ("minutes", "batch", "learning_rate", "fall", "seed", "max_steps", "device")
    said = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    run(dataclasses.replace(settings, **said), options.resume)


def prepare_torch(threads: int = 1) -> None:
    """Let torch use so many threads, and no denormal numbers, which are slow."""
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)


if __name__ == "__main__":
    main()
