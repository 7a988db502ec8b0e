# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the denoiser.

    python -m neuralboard.training.train --corpus CORPUS --out RUN --minutes 60 [--resume]
    torchrun --nproc-per-node 2 -m neuralboard.training.train ...      # more devices or machines

One loop: AdamW; warm-up, a constant rate, and a fall to nothing over the last fifth of the time
(so that a run can be continued from ``steady.safetensors``, kept before the fall); an exponential
average of the weights (what is exported); a CSV log; checkpoints written whole or not at all.
"""

from __future__ import annotations

import argparse
import copy
import csv
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.utils.data import DataLoader

from neuralboard.training import checkpoint
from neuralboard.training.data import Corpus, Mixing, Mixtures
from neuralboard.training.losses import RESOLUTIONS, si_sdr, spectral_loss
from neuralboard.training.models.denoiser import Denoiser, enhance


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
    workers: int = 1
    seed: int = 1
    max_steps: int = 10**9
    seconds: float = 2.0
    long_every: int = 8  # each such batch holds few, long clips: states must not drift
    long_seconds: float = 10.0
    channels: int = 48
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


@torch.no_grad()
def validate(model: nn.Module, corpus: Corpus, count: int = 24) -> tuple[float, float, float]:
    """Give SI-SDR (dB) before and after, and the loss, on fixed mixtures of unseen voices."""
    mixing = Mixing(
        seconds=4.0, snr_db=(-5.0, 15.0), noise_only=0, clean_only=0, level_step=0, lead_silence=0
    )
    items = [Mixtures(corpus, mixing, 999, count)[i] for i in range(count)]
    noisy, target = (torch.stack([torch.as_tensor(item[k]) for item in items]) for k in (0, 1))
    bandwidth = torch.tensor([item[2] for item in items])
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


def run(settings: Settings, resume: bool = False) -> Path:
    """Train; gives the checkpoint's path."""
    fabric = Fabric(accelerator=settings.device, devices=settings.devices)
    if fabric.device.type == "cuda":
        fabric = Fabric(accelerator="cuda", devices=settings.devices, precision="bf16-mixed")
    fabric.launch()
    settings.out.mkdir(parents=True, exist_ok=True)
    path = settings.out / "last.safetensors"
    torch.manual_seed(settings.seed)
    training, held_out = Corpus(settings.corpus, "train"), Corpus(settings.corpus, "valid")
    network = Denoiser(channels=settings.channels)
    average = copy.deepcopy(network)
    trained = [p for p in network.parameters() if p.requires_grad]
    optimiser: Any = torch.optim.AdamW(
        trained, settings.learning_rate, weight_decay=settings.weight_decay
    )
    progress = checkpoint.Progress()
    if resume:
        progress = checkpoint.load(path, network, average, optimiser)
    first = progress.step
    model, optimiser = fabric.setup(network, optimiser)
    draw = torch.Generator().manual_seed(settings.seed + first)
    began, total, steady, broken = time.monotonic(), 0.0, False, 0

    def store(to: Path) -> None:
        if fabric.is_global_zero:
            checkpoint.save(to, network, average, optimiser, progress, network.settings)

    with (settings.out / "log.csv").open("a", newline="", encoding="utf-8") as file:
        log = csv.writer(file)
        for batch in batches(settings, training, first, fabric.global_rank):
            done = (time.monotonic() - began) / 60 / settings.minutes
            if fabric.world_size > 1:  # clocks differ a little, the step to stop at must not
                done = float(fabric.broadcast(done))
            if done >= 1 or progress.step - first >= settings.max_steps:
                break
            if done >= 1 - settings.fall and not steady:
                steady = True
                store(settings.out / "steady.safetensors")
            rate = rate_at(settings, progress.step - first, done)
            for group in optimiser.param_groups:
                group["lr"] = rate
            noisy, target, bandwidth = (x.to(fabric.device) for x in batch)
            two = [RESOLUTIONS[i] for i in torch.randperm(4, generator=draw)[:2].tolist()]
            loss = spectral_loss(
                enhance(model, noisy),
                target,
                bandwidth.float(),
                noisy.square().mean(-1).sqrt(),
                resolutions=tuple(two),
            )
            optimiser.zero_grad()
            fabric.backward(loss)
            norm = fabric.clip_gradients(
                model, optimiser, max_norm=1.0, error_if_nonfinite=False
            )
            # One broken batch (an overflow in a rare clip) must not end a night's run; many must.
            broken = 0 if torch.isfinite(norm) else broken + 1
            if broken > 10:
                raise RuntimeError(
                    f"gradients are not finite since step {progress.step - 10}; lower the rate"
                )
            if broken:
                torch.save([noisy, target, bandwidth], settings.out / "broken_batch.pt")
            else:
                optimiser.step()
            progress.step += 1
            progress.hours_seen += noisy.numel() / 48_000 / 3600 * fabric.world_size
            total += float(loss.detach()) if not broken else 0.0
            with torch.no_grad():
                share = 1 - min(settings.average, 1 - 1 / (progress.step + 1))
                for kept, new in zip(average.parameters(), network.parameters(), strict=True):
                    kept.lerp_(new.detach().to(kept.device), share)
            if progress.step % settings.every == 0 and fabric.is_global_zero:
                store(path)
                row: list[object] = [
                    progress.step, f"{total / settings.every:.5f}", f"{rate:.2e}",
                    f"{progress.hours_seen:.3f}",
                ]
                if progress.step % settings.valid_every == 0:
                    row += [f"{value:.4f}" for value in validate(average, held_out)]
                log.writerow(row)
                file.flush()
                left = settings.minutes * (1 - done)
                print(*row, f"{left:.1f} min left", flush=True)
                total = 0.0
    store(path)
    return path


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    settings = Settings(
        options.corpus,
        options.out,
        options.minutes,
        options.batch,
        options.learning_rate,
        seed=options.seed,
        device=options.device,
        devices=options.threads and 1 if options.device == "cpu" else "auto",
    )
    run(settings, options.resume)


if __name__ == "__main__":
    main()
