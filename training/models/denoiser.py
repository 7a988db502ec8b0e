# SPDX-License-Identifier: GPL-3.0-or-later
"""The denoiser: a causal network that looks at one frame of 48 kHz spectrum after the other.

Four ideas, each with its source:

* full resolution and complex masks where the voice's harmonics are (0-4.8 kHz), few wide bands with
  real gains above (DeepFilterNet, Schroeter 2022; GTCRN, Rong 2024);
* two paths: a GRU over time with weights shared by all bands, then a linear map over the bands per
  channel (Dual-path RNN, Luo 2020), so that few weights learn from many bands;
* one GRU that sees all bands at once, for what only the whole spectrum tells (voice or not);
* levels are divided by their own running mean (about a second), so that quiet speech is speech.

It looks one frame (10 ms) ahead: mask `t` belongs to frame ``t - 1``. All memory is explicit:
states go in and come out, and nothing looks at a neighbouring frame except through a state. Tensors
run time first, [frames, batch, ...], as GRUs want them, and reshapes name no length (`reshape`), so
that the exported graph is short and serves any number of frames and channels.
"""

from __future__ import annotations

import copy
import math
from typing import Any, cast

import torch
from torch import Tensor, nn

from neuralboard.training.fast_gru import FastGRU
from neuralboard.training.fast_linear import FastLinear, fast_linear

N_FFT, HOP_LENGTH, BINS = 960, 480, 481
LOOKAHEAD_FRAMES = 1
WIDTH = 4  # bins in a low band: 200 Hz
LOW_BANDS, HIGH_BANDS = 24, 12  # 0-4.8 kHz in bands of 4 bins; 4.8-24 kHz in growing widths
LOW_BINS, BANDS = LOW_BANDS * WIDTH, LOW_BANDS + HIGH_BANDS
LEVEL_DECAY = 0.99  # of the running level per 10 ms frame: about 1 s
FLOOR = 0.02  # of the compressed level; about -120 dBFS, far under any speech


class _Reshape(torch.autograd.Function):
    """Reshape as ONNX does: 0 keeps a length, -1 is what remains. One node in the graph."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, shape: tuple[int, ...]) -> Tensor:
        ctx.shape = x.shape
        return x.reshape([n if n else x.shape[i] for i, n in enumerate(shape)])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return grads[0].reshape(ctx.shape), None

    @staticmethod
    def symbolic(g: Any, x: Any, shape: tuple[int, ...]) -> Any:
        return g.op("Reshape", x, g.op("Constant", value_t=torch.tensor(shape)))


def reshape(x: Tensor, *shape: int) -> Tensor:
    """Reshape with ONNX's rules (0 keeps a length), without lengths baked into a graph."""
    apply: Any = _Reshape.apply
    found: Tensor = apply(x, shape)
    return found


def high_band_matrix() -> Tensor:
    """Build the [385, 12] triangular bands; rows sum to 1, so the transpose interpolates."""
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


class RunningMean(nn.RNN):
    """An exponential mean of values >= 0: a recurrence with fixed weights.

    ReLU is the identity on what is never negative, and an RNN is one node of the graph, where a
    formula over all frames would need a matrix of their number.
    """

    def __init__(self, count: int, decay: float) -> None:
        super().__init__(count, count, nonlinearity="relu", bias=False)
        with torch.no_grad():
            weight_in, weight = cast(Any, self._flat_weights)
            weight_in.copy_(torch.eye(count) * (1 - decay))
            weight.copy_(torch.eye(count) * decay)
        self.requires_grad_(False)


class DualPath(nn.Module):
    """One block: time by a shared GRU, then frequency by a linear map per squeezed channel."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.squeezed = squeezed
        self.norm_time = nn.LayerNorm(channels)
        self.time = FastGRU(channels, channels)
        self.out_time = FastLinear(channels, channels, bias=False)
        self.norm_band = nn.LayerNorm(channels)
        self.squeeze = FastLinear(channels, squeezed)
        self.across = nn.Parameter(torch.randn(squeezed, BANDS, BANDS) / math.sqrt(BANDS))
        self.expand = FastLinear(squeezed, channels, bias=False)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Take x [frames, batch, bands, channels] and the state [1, batch * bands, channels]."""
        channels = x.shape[-1]
        y, state = self.time(reshape(self.norm_time(x), 0, -1, channels), state)
        x = x + self.out_time(reshape(y, 0, -1, BANDS, channels))
        z = torch.relu(self.squeeze(self.norm_band(x))).permute(0, 3, 1, 2)
        z = torch.relu(torch.matmul(z, self.across)).permute(0, 2, 3, 1)
        return x + self.expand(z), state


class Denoiser(nn.Module):
    """The network: ``spectrum [batch, frames, 481, 2]`` and states to a mask of that shape.

    Parameters
    ----------
    channels : features of each band.
    blocks : dual-path blocks.
    squeezed : channels of the mixing across bands.
    context : units of the GRU that sees all bands at once.
    """

    def __init__(
        self, channels: int = 48, blocks: int = 2, squeezed: int = 16, context: int = 96
    ) -> None:
        super().__init__()
        self.settings = {
            "channels": channels,
            "blocks": blocks,
            "squeezed": squeezed,
            "context": context,
        }
        matrix = high_band_matrix()
        self.spread: Tensor  # bands to bins, each with a 0 as imaginary part [770, 12]
        self.gather: Tensor  # bins to bands, a weighted mean [481, 36]
        pairs = torch.stack([matrix, torch.zeros_like(matrix)], 1).flatten(0, 1)
        self.register_buffer("spread", pairs, persistent=False)
        low = torch.eye(LOW_BANDS).repeat_interleave(WIDTH, 0) / WIDTH
        gather = torch.zeros(BINS, BANDS)
        gather[:LOW_BINS, :LOW_BANDS], gather[LOW_BINS:, LOW_BANDS:] = low, matrix / matrix.sum(0)
        self.register_buffer("gather", gather, persistent=False)
        self.level = RunningMean(BANDS, LEVEL_DECAY)
        self.encode_low = FastLinear(WIDTH * 3 + 1, channels, bias=False)
        self.encode_high = FastLinear(2, channels, bias=False)
        self.place = nn.Parameter(torch.randn(BANDS, channels) * 0.1)
        self.pick = FastLinear(channels, 8, bias=False)
        self.to_context = FastLinear(BANDS * 8, context)
        self.context = FastGRU(context, context)
        self.from_context = FastLinear(context, BANDS * 8, bias=False)
        self.merge = FastLinear(8, channels, bias=False)
        self.blocks = nn.ModuleList(DualPath(channels, squeezed) for _ in range(blocks))
        self.norm = nn.LayerNorm(channels)
        self.decode_low = FastLinear(channels, WIDTH * 3)
        self.decode_high = FastLinear(channels, 1)
        with torch.no_grad():  # start near "pass": mask 0.55 + 0j, gains 0.73
            self.decode_low.bias.copy_(torch.tensor([0.5, 0.0, 3.0] * WIDTH))
            self.decode_high.bias.fill_(1.0)

    def start_states(self, batch: int) -> list[Tensor]:
        """Give the zero states: running level, context, one per block; batch first."""
        like = self.place
        channels, context = self.settings["channels"], self.settings["context"]
        return [
            like.new_zeros(batch, BANDS),
            like.new_zeros(batch, context),
            *(like.new_zeros(batch, BANDS, channels) for _ in self.blocks),
        ]

    @torch.no_grad()
    def folded(self) -> Denoiser:
        """Give a copy of fewer operations: biases of maps behind a norm become the norm's own.

        W (n + c) = W n + b where c = W+ b, if W has no more rows than columns.
        """
        copied = copy.deepcopy(self)
        blocks = cast(list[DualPath], list(copied.blocks))
        for norm, maps in [
            (copied.norm, [copied.decode_low, copied.decode_high]),
            *((block.norm_band, [block.squeeze]) for block in blocks),
        ]:
            weight = torch.cat([each.weight for each in maps]).double()
            bias = torch.cat([each.bias for each in maps]).double()
            moved = torch.linalg.pinv(weight) @ bias
            if not torch.allclose(weight @ moved, bias, atol=1e-7):
                continue  # a toy: more features out than in
            norm.bias.add_(moved.float())
            for each in maps:
                each.bias.zero_()
        return copied

    def encoders(self) -> tuple[Tensor, Tensor, Tensor]:
        """Give the first maps as they are used: of low bands, high bands, and ratios to the level.

        A low band's values come bin by bin (real, imaginary, magnitude); its ratio is last.
        """
        low, high, size = self.encode_low.weight, self.encode_high.weight, 3 * WIDTH
        pairs = low[:, : 2 * WIDTH].reshape(-1, WIDTH, 2)
        fine = torch.cat([pairs, low[:, 2 * WIDTH : size, None]], 2).flatten(1)
        own = [low[:, size].expand(LOW_BANDS, -1), high[:, 1].expand(HIGH_BANDS, -1)]
        return fine, high[:, :1], torch.cat(own)

    def features(self, spectrum: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        """Encode [frames, batch, 481, 2] to [frames, batch, bands, channels], level-invariant."""
        magnitude = torch.linalg.vector_norm(spectrum, dim=-1) + 1e-6
        heard = torch.matmul(magnitude.pow(0.3), self.gather)
        mean, level = self.level(heard, level[None])
        bands = heard[..., None]
        # The present frame's share bounds the ratios at 10 after a lead of silence.
        mixed = reshape(mean, 0, -1, BANDS, 1) + 0.1 * bands + FLOOR
        own = torch.log((bands + FLOOR) / mixed)
        # Times |x| ** -0.7, the magnitude is compressed like the complex values.
        low = magnitude[..., :LOW_BINS, None]
        fine = torch.cat([spectrum[..., :LOW_BINS, :], low], -1) * low.pow(-0.7)
        fine = reshape(fine, 0, -1, LOW_BANDS, 3 * WIDTH)
        to_low, to_high, to_own = self.encoders()
        wide = fast_linear(bands[..., LOW_BANDS:, :], to_high)
        x = torch.cat([fast_linear(fine, to_low), wide], 2)
        # The mean over both axes: over one it would round by the number of frames.
        return x / mixed.mean((2, 3), keepdim=True) + own * to_own + self.place, level[0]

    def forward(self, spectrum: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Give the mask [batch, frames, 481, 2] (imaginary part 0 above 4.8 kHz) and states."""
        channels = self.settings["channels"]
        x, level = self.features(spectrum.transpose(0, 1), states[0])
        context, after = states[1][None], []
        for index, (block, state) in enumerate(zip(self.blocks, states[2:], strict=True)):
            x, last = block(x, reshape(state, 1, -1, channels))
            after.append(reshape(last, -1, BANDS, channels))
            if index == 0:
                seen = torch.relu(self.to_context(reshape(self.pick(x), 0, -1, BANDS * 8)))
                seen, context = self.context(seen, context)
                x = x + self.merge(reshape(self.from_context(seen), 0, -1, BANDS, 8))
        after = [level, context[0], *after]
        x = self.norm(x)
        # A gain beside the complex value: a tanh alone hovers around 0 and leaves a noise floor.
        low = reshape(self.decode_low(x[:, :, :LOW_BANDS]), 0, -1, LOW_BINS, 3)
        low = 1.25 * torch.tanh(low[..., :2]) * torch.sigmoid(low[..., 2:])
        gain = torch.sigmoid(self.decode_high(x[:, :, LOW_BANDS:]))
        high = reshape(torch.matmul(self.spread, gain), 0, -1, BINS - LOW_BINS, 2)
        return torch.cat([low, high], 2).transpose(0, 1), after


def analyse(audio: Tensor) -> Tensor:
    """Give the spectrum [batch, frames, 481, 2] of [batch, samples] at 48 kHz."""
    window = torch.hann_window(N_FFT, device=audio.device).sqrt()
    spectrum = torch.stft(audio, N_FFT, HOP_LENGTH, window=window, return_complex=True)
    return torch.view_as_real(spectrum.transpose(1, 2).contiguous())


def enhance_spectrum(model: Any, spectrum: Tensor) -> Tensor:
    """Mask a spectrum [batch, frames, 481, 2]; the look-ahead is taken out again."""
    ahead = nn.functional.pad(spectrum, (0, 0, 0, 0, 0, LOOKAHEAD_FRAMES))
    mask, _ = model(ahead, model.start_states(len(spectrum)))
    mask = mask[:, LOOKAHEAD_FRAMES:]
    real = spectrum[..., 0] * mask[..., 0] - spectrum[..., 1] * mask[..., 1]
    imaginary = spectrum[..., 0] * mask[..., 1] + spectrum[..., 1] * mask[..., 0]
    return torch.stack([real, imaginary], -1)


def synthesise(spectrum: Tensor, length: int) -> Tensor:
    """Give the audio [batch, length] of a spectrum [batch, frames, 481, 2]."""
    window = torch.hann_window(N_FFT, device=spectrum.device).sqrt()
    frames = torch.view_as_complex(spectrum.contiguous()).transpose(1, 2)
    return torch.istft(frames, N_FFT, HOP_LENGTH, window=window, length=length)


def enhance(model: Any, audio: Tensor) -> Tensor:
    """Run the model over [batch, samples] at 48 kHz; aligned, same length."""
    return synthesise(enhance_spectrum(model, analyse(audio)), audio.shape[-1])
