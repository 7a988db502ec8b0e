# SPDX-License-Identifier: GPL-3.0-or-later
"""A causal 48 kHz denoiser: a complex mask on fine low bins, gains on wide high bands.

Frames of 960 samples every 480 (sqrt-Hann): 20 ms of algorithmic latency, no look-ahead.
The spectrum is compressed (power 0.3) and divided by its own running level, so that a whisper
and a shout look alike. 44 bands pass three dual-path blocks: a GRU over time whose weights all
bands share, then a linear mixing across bands (after Quan & Li's SpatialNet, 2024). All memory
is in the GRUs and the running level: explicit states, batch leading, zero at the start.
Standard operators only; nothing looks at a neighbouring frame except through a state.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

N_FFT, HOP_LENGTH, BINS = 960, 480, 481
LOW_BINS, LOW_WIDTH = 128, 4  # 0-6.4 kHz in 32 bands of 4 bins (200 Hz), complex
HIGH_BANDS = 12  # 6.4-24 kHz, widths growing with frequency, real gains
BANDS = LOW_BINS // LOW_WIDTH + HIGH_BANDS
LEVEL_DECAY = 0.99  # of the running level per 10 ms frame: about 1 s
FLOOR = 0.02  # of the compressed level; about -120 dBFS, far under any speech


def high_band_matrix() -> Tensor:
    """Build the [353, 12] triangular bands; rows sum to 1, so the transpose interpolates."""
    count = BINS - LOW_BINS
    centres = torch.linspace(math.log(LOW_BINS), math.log(BINS - 1), HIGH_BANDS).exp() - LOW_BINS
    bins = torch.arange(count, dtype=torch.float32)
    matrix = torch.zeros(count, HIGH_BANDS)
    right = torch.bucketize(bins, centres).clamp(1, HIGH_BANDS - 1)
    share = ((bins - centres[right - 1]) / (centres[right] - centres[right - 1])).clamp(0, 1)
    rows = torch.arange(count)
    matrix[rows, right - 1] = 1 - share
    matrix[rows, right] = share
    return matrix


def running_mean(values: Tensor, start: Tensor, decay: float) -> tuple[Tensor, Tensor]:
    """Smooth [batch, frames, n] exponentially from the state [batch, n], in closed form.

    A matrix product instead of a loop, so that the exported graph needs no subgraph.
    """
    time = torch.arange(values.shape[1], device=values.device, dtype=values.dtype)
    age = time[:, None] - time[None, :]
    weights = (1 - decay) * torch.exp(math.log(decay) * age.clamp(min=0)) * (age >= 0)
    faded = torch.exp(math.log(decay) * (time + 1))[None, :, None] * start[:, None, :]
    mean = torch.matmul(weights, values) + faded
    return mean, mean[:, -1]


class DualPath(nn.Module):
    """One block: time by a shared GRU, then frequency by a linear map per squeezed channel."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.norm_time = nn.LayerNorm(channels)
        self.time = nn.GRU(channels, channels, batch_first=False)
        self.out_time = nn.Linear(channels, channels)
        self.norm_band = nn.LayerNorm(channels)
        self.squeeze = nn.Linear(channels, squeezed)
        self.across = nn.Parameter(torch.randn(squeezed, BANDS, BANDS) / math.sqrt(BANDS))
        self.expand = nn.Linear(squeezed, channels)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Take [batch, frames, bands, channels] and the state [batch, bands, channels]."""
        batch, frames, bands, channels = x.shape
        y = self.norm_time(x).transpose(0, 1).reshape(frames, batch * bands, channels)
        y, last = self.time(y, state.reshape(1, batch * bands, channels))
        y = self.out_time(y).reshape(frames, batch, bands, channels).transpose(0, 1)
        x = x + y
        z = nn.functional.silu(self.squeeze(self.norm_band(x))).permute(0, 3, 1, 2)
        z = nn.functional.silu(torch.matmul(z, self.across)).permute(0, 2, 3, 1)
        return x + self.expand(z), last.reshape(batch, bands, channels)


class Denoiser(nn.Module):
    """The network: ``spectrum [batch, frames, 481, 2]`` and states to a mask of that shape.

    Parameters
    ----------
    channels : features of each band.
    blocks : dual-path blocks.
    squeezed : channels of the mixing across bands.
    context : units of the full-band GRU that sees all bands at once.
    """

    def __init__(
        self, channels: int = 48, blocks: int = 3, squeezed: int = 12, context: int = 128
    ) -> None:
        super().__init__()
        self.settings = {
            "channels": channels,
            "blocks": blocks,
            "squeezed": squeezed,
            "context": context,
        }
        self.high: Tensor
        self.register_buffer("high", high_band_matrix(), persistent=False)
        self.encode_low = nn.Linear(LOW_WIDTH * 3 + 1, channels)
        self.encode_high = nn.Linear(2, channels)
        self.place = nn.Parameter(torch.randn(BANDS, channels) * 0.1)
        self.to_context = nn.Linear(BANDS * 8, context)
        self.pick = nn.Linear(channels, 8)
        self.context = nn.GRU(context, context, batch_first=False)
        self.from_context = nn.Linear(context, BANDS * 8)
        self.merge = nn.Linear(8, channels)
        self.blocks = nn.ModuleList(DualPath(channels, squeezed) for _ in range(blocks))
        self.norm = nn.LayerNorm(channels)
        self.decode_low = nn.Linear(channels, LOW_WIDTH * 2)
        self.decode_high = nn.Linear(channels, 1)
        with torch.no_grad():  # start near "pass": mask 0.6 + 0j, gains 0.73
            self.decode_low.bias.copy_(torch.tensor([0.5, 0.0] * LOW_WIDTH))
            self.decode_high.bias.fill_(1.0)

    def start_states(self, batch: int) -> list[Tensor]:
        """Give the zero states: running level, context, one per block."""
        like = self.place
        channels, context = self.settings["channels"], self.settings["context"]
        return [
            like.new_zeros(batch, 1 + BANDS),
            like.new_zeros(batch, context),
            *(like.new_zeros(batch, BANDS, channels) for _ in self.blocks),
        ]

    def features(self, spectrum: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        """Encode to [batch, frames, bands, channels]; level-invariant down to ``FLOOR``."""
        batch, frames = spectrum.shape[0], spectrum.shape[1]
        power = spectrum.square().sum(-1) + 1e-12
        compressed = power.pow(0.15)  # |X| ** 0.3
        low = compressed[..., :LOW_BINS]
        low_bands = low.reshape(batch, frames, -1, LOW_WIDTH).mean(-1)
        weights = self.high / self.high.sum(0)
        bands = torch.cat([low_bands, torch.matmul(compressed[..., LOW_BINS:], weights)], -1)
        now = torch.cat([bands.mean(-1, keepdim=True), bands], -1)
        mean, level = running_mean(now, level, LEVEL_DECAY)
        # The present frame's share bounds the ratio at 10 after a lead of silence.
        reference = mean[..., :1] + 0.1 * now[..., :1] + FLOOR
        own = torch.log((bands + FLOOR) / (mean[..., 1:] + 0.1 * bands + FLOOR))
        scaled = spectrum[..., :LOW_BINS, :] * power[..., :LOW_BINS, None].pow(-0.35)
        scaled = scaled / reference[..., None]
        split = LOW_BINS // LOW_WIDTH
        fine = torch.cat(
            [
                scaled.reshape(batch, frames, split, LOW_WIDTH * 2),
                (low / reference).reshape(batch, frames, split, LOW_WIDTH),
                own[..., :split, None],
            ],
            -1,
        )
        wide = torch.stack([bands[..., split:] / reference, own[..., split:]], -1)
        x = torch.cat([self.encode_low(fine), self.encode_high(wide)], 2)
        return x + self.place, level

    def forward(self, spectrum: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Give the mask [batch, frames, 481, 2] (imaginary part 0 above 6.4 kHz) and states."""
        batch, frames = spectrum.shape[0], spectrum.shape[1]
        x, level = self.features(spectrum, states[0])
        seen = nn.functional.silu(self.to_context(self.pick(x).reshape(batch, frames, BANDS * 8)))
        seen, context = self.context(seen.transpose(0, 1), states[1][None])
        x = x + self.merge(self.from_context(seen.transpose(0, 1)).reshape(batch, frames, BANDS, 8))
        after = [level, context[0]]
        for block, state in zip(self.blocks, states[2:], strict=True):
            x, last = block(x, state)
            after.append(last)
        x = self.norm(x)
        split = LOW_BINS // LOW_WIDTH
        low = 1.25 * torch.tanh(self.decode_low(x[:, :, :split]))
        low = low.reshape(batch, frames, LOW_BINS, 2)
        gain = torch.sigmoid(self.decode_high(x[:, :, split:]))[..., 0]
        gain = torch.matmul(gain, self.high.transpose(0, 1))
        high = torch.stack([gain, torch.zeros_like(gain)], -1)
        return torch.cat([low, high], 2), after


def enhance(model: Denoiser, audio: Tensor) -> Tensor:
    """Run the model over [batch, samples] at 48 kHz; aligned, same length."""
    window = torch.hann_window(N_FFT, device=audio.device).sqrt()
    spectrum = torch.stft(audio, N_FFT, HOP_LENGTH, window=window, return_complex=True)
    pairs = torch.view_as_real(spectrum.transpose(1, 2).contiguous())
    mask, _ = model(pairs, model.start_states(len(audio)))
    masked = torch.view_as_complex(pairs) * torch.view_as_complex(mask.contiguous())
    return torch.istft(
        masked.transpose(1, 2), N_FFT, HOP_LENGTH, window=window, length=audio.shape[-1]
    )
