# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the denoiser.

    python -m neuralboard.training.train --corpus CORPUS --out RUN --minutes 60 [--resume]

One loop: AdamW, warm-up, cosine over the minutes given, an exponential average of the weights
(what is exported), a CSV log and checkpoints written whole or not at all.
"""

from __future__ import annotations

import argparse
import copy
import csv
import json
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch.utils.data import DataLoader

from neuralboard.training.data import Corpus, Mixing, Mixtures
from neuralboard.training.losses import si_sdr, spectral_loss
from neuralboard.training.models.denoiser import Denoiser, enhance


@dataclass(frozen=True)
class Settings:
    """The run; each value with its reason."""

    corpus: Path
    out: Path
    minutes: float = 60.0
    batch: int = 4  # small: on a CPU more steps beat larger ones
    learning_rate: float = 2e-3
    warm_up: int = 50  # steps
    average: float = 0.99  # of the weights; about the last 100 steps
    every: int = 50  # steps between log lines and checkpoints
    workers: int = 1
    seed: int = 1
    max_steps: int = 10**9
    seconds: float = 2.0
    channels: int = 48


def save(
    path: Path,
    model: Denoiser,
    average: Denoiser,
    optimiser: torch.optim.AdamW,
    step: int,
    settings: Settings,
) -> None:
    """Write weights, averaged weights and what resuming needs, atomically."""
    tensors = {f"model.{k}": v.contiguous() for k, v in model.state_dict().items()}
    tensors |= {f"average.{k}": v.contiguous() for k, v in average.state_dict().items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{k}": v.contiguous() for k, v in state.items()}
    about = {
        "step": str(step),
        "model": json.dumps(model.settings),
        "seed": str(settings.seed),
        "seconds_seen": str(step * settings.batch * settings.seconds),
    }
    temporary = path.with_suffix(".part")
    save_file(tensors, temporary, metadata=about)
    os.replace(temporary, path)


def load(path: Path, model: Denoiser, average: Denoiser, optimiser: torch.optim.AdamW) -> int:
    """Read a checkpoint back; gives its step."""
    with safe_open(path, framework="pt") as file:
        step = int(file.metadata()["step"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator)
    for prefix, part in (("model.", model), ("average.", average)):
        part.load_state_dict(
            {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        )
    whole = optimiser.state_dict()
    for name, value in tensors.items():
        if name.startswith("optimiser."):
            _, index, key = name.split(".")
            whole["state"].setdefault(int(index), {})[key] = value
    optimiser.load_state_dict(whole)
    return step


@torch.no_grad()
def validate(model: Denoiser, corpus: Corpus, count: int = 16) -> tuple[float, float]:
    """Give SI-SDR of noisy and enhanced on fixed mixtures at 0 to 10 dB, in dB."""
    mixing = Mixing(
        seconds=3.0, snr_db=(0.0, 10.0), noise_only=0, clean_only=0, level_step=0, lead_silence=0
    )
    items = [Mixtures(corpus, mixing, 999, count)[i] for i in range(count)]
    noisy, target = (torch.stack([torch.as_tensor(item[k]) for item in items]) for k in (0, 1))
    model.eval()
    result = enhance(model, noisy)
    model.train()
    return float(si_sdr(noisy, target).mean()), float(si_sdr(result, target).mean())


def run(settings: Settings, resume: bool = False) -> Path:
    """Train; gives the checkpoint's path."""
    settings.out.mkdir(parents=True, exist_ok=True)
    path = settings.out / "last.safetensors"
    torch.manual_seed(settings.seed)
    corpus = Corpus(settings.corpus)
    model = Denoiser(channels=settings.channels)
    average = copy.deepcopy(model)
    optimiser = torch.optim.AdamW(model.parameters(), settings.learning_rate, weight_decay=1e-4)
    step = first = load(path, model, average, optimiser) if resume else 0
    mixtures = Mixtures(
        corpus, Mixing(seconds=settings.seconds), settings.seed, 10**7, first * settings.batch
    )
    loader = DataLoader(mixtures, settings.batch, num_workers=settings.workers)
    began, total = time.monotonic(), 0.0
    with (settings.out / "log.csv").open("a", newline="", encoding="utf-8") as file:
        log = csv.writer(file)
        for noisy, target, bandwidth in loader:
            done = (time.monotonic() - began) / 60 / settings.minutes
            if done >= 1 or step - first >= settings.max_steps:
                break
            slope = min(1, (step - first + 1) / settings.warm_up)
            rate = settings.learning_rate * slope * (0.02 + 0.49 * (1 + math.cos(math.pi * done)))
            for group in optimiser.param_groups:
                group["lr"] = rate
            loss = spectral_loss(enhance(model, noisy), target, bandwidth.float())
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            step, total = step + 1, total + float(loss.detach())
            with torch.no_grad():
                for kept, new in zip(average.parameters(), model.parameters(), strict=True):
                    kept.lerp_(new, 1 - min(settings.average, 1 - 1 / (step + 1)))
            if step % settings.every == 0:
                save(path, model, average, optimiser, step, settings)
                log.writerow([step, f"{total / settings.every:.5f}", f"{rate:.2e}"])
                file.flush()
                left = settings.minutes * (1 - done)
                print(
                    f"step {step} loss {total / settings.every:.5f} {left:.1f} min left", flush=True
                )
                total = 0.0
    save(path, model, average, optimiser, step, settings)
    return path


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    run(Settings(options.corpus, options.out, options.minutes, options.batch), options.resume)


if __name__ == "__main__":
    main()
