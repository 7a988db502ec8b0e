# SPDX-License-Identifier: GPL-3.0-or-later
r"""A model on STFT frames, in one stream.

    block ─▶ STFT ─┬──────────────▶ lookahead frames ─▶ × ─▶ inverse STFT ─▶ block
                   └▶ graph, one frame or up to 128 ─────┘ mask

The graph's output frame t belongs to input frame t - lookahead, so the spectrum waits that long
for its mask. A block that completes one frame (or none) runs on memory bound once; a longer one
hands the graph its frames together, which costs a fifth per frame.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuralboard import cpp_ext
from neuralboard.audio import Audio
from neuralboard.effect import Core
from neuralboard.effects.model_file import ModelFile
from neuralboard.effects.model_probe import MAX_FRAMES
from neuralboard.effects.neural.frame_values import fill, values_at
from neuralboard.effects.neural.model_stream import ModelStream
from neuralboard.errors import ModelFileError
from neuralboard.heard import Heard

__all__ = ["SpectrumCore"]

Spectrum = NDArray[np.complex64]
Floats = NDArray[np.float32]


class SpectrumCore(Core):
    """Runs a model of domain `spectrum`.

    Parameters
    ----------
    box : EffectBase
        Its parameters; `box.mask_shaper()` may return what is to be done to masks,
        `shaper(mask, p) -> mask`.
    model : Model
    sample_rate : int
        The model's own.
    channels : int
    """

    def __init__(self, box: Any, model: ModelFile, sample_rate: int, channels: int) -> None:
        card, stft = model.card, model.card.stft
        if stft is None:
            raise ModelFileError(f"{model.source} has no stft on its card and can't work on frames")
        stem = getattr(box, "stem", None)
        self.stems = card.stems if stem is None else ()
        self._pick = None if stem is None else card.stems.index(stem)
        self._n_fft, self._hop, self._bins = stft.n_fft, stft.hop_length, stft.bins
        self._channels = channels
        self._batch = 1 if card.channels == "linked" else channels
        self._averages = self._batch != channels
        self._kind = model.output_kind
        self._stem_axis = bool(card.stems)
        self._late = card.lookahead_frames
        lookahead = self._late * self._hop
        self.latency = self._n_fft - 1 + lookahead + card.latency
        causes = {"frame": self._n_fft - 1, "look-ahead": lookahead, "model": card.latency}
        self.causes = {cause: samples for cause, samples in causes.items() if samples}
        window, synthesis = _window(stft.window), _window(stft.synthesis_window)
        rows = channels * max(len(self.stems), 1)
        self._analysis = cpp_ext.StftStream(self._n_fft, self._hop, window, channels)
        self._synthesis = cpp_ext.IstftStream(self._n_fft, self._hop, window, synthesis, rows)
        self._heard = Heard(box, sample_rate, box._shared_names)
        self._parameters = [parameter.name for parameter in card.parameters]
        self._graph = ModelStream(model, self._batch)
        self._shape_mask = box.mask_shaper()
        self._prepare(rows)
        self.restart()

    def _prepare(self, rows: int) -> None:
        """Make the memory of blocks that complete one frame, or none."""
        one = (self._channels, 1, self._bins)
        # The newest frame goes to slot s; slot s + 1 then holds the oldest, whose mask comes out.
        self._ring = [np.zeros(one, np.complex64) for _ in range(self._late + 1)]
        self._heard_frame = _complex(self._graph.inputs["spectrum"])
        self._none = np.zeros((self._channels, 0, self._bins), np.complex64)
        self._no_frames = np.zeros((rows, 0, self._bins), np.complex64)
        self._masked = np.zeros((rows, 1, self._bins), np.complex64)
        stems = (len(self.stems),) if self.stems else ()
        self._masked_by_stem = self._masked.reshape(*stems, *one)

    def restart(self) -> None:
        self._position = self._frame = self._phase = self._slot = 0
        for frame in self._ring:
            frame.fill(0)
        self._analysis.reset()
        self._synthesis.reset()
        self._heard.restart()
        self._graph.reset()
        self._fill_inputs(self._heard.constant)

    def process(self, block: Audio, side: Audio | None) -> Audio:
        num_samples = block.shape[1]
        constant = self._heard.update(self._position)
        self._position += num_samples
        count, self._phase = divmod(self._phase + num_samples, self._hop)
        if count == 0:
            self._analysis.push(block, self._none)
            frames = self._no_frames
        elif count == 1:
            frames = self._one(block, constant)
        else:
            frames = self._many(self._analysis.push(block), constant)
        self._frame += count
        out = self._synthesis.push(frames, num_samples)
        return out.reshape(len(self.stems), self._channels, -1) if self.stems else out

    # ------------------------------------------------------------------ one frame
    def _one(self, block: Audio, constant: bool) -> Spectrum:
        frame = self._ring[self._slot]
        self._analysis.push(block, frame)
        if self._averages:
            np.mean(frame, axis=0, keepdims=True, out=self._heard_frame)
        else:
            np.copyto(self._heard_frame, frame)
        p = self._heard.constant
        if not constant:
            now, p = self._moving(1)
            self._fill_inputs(now)
            self._stale = True
        elif self._stale:
            self._fill_inputs(p)
        result = self._graph.step()
        self._slot = slot = (self._slot + 1) % len(self._ring)
        self._apply(self._ring[slot], result, p, self._masked_by_stem)
        return self._masked

    def _fill_inputs(self, p: Any) -> None:
        for name in self._parameters:
            fill(self._graph.inputs[name], getattr(p, name))
        self._stale = False

    # ------------------------------------------------------------------ several frames
    def _many(self, frames: Spectrum, constant: bool) -> Spectrum:
        count = frames.shape[1]
        delayed = self._delay(frames)
        heard = np.mean(frames, axis=0, keepdims=True) if self._averages else frames
        now, then = (self._heard.constant,) * 2 if constant else self._moving(count)
        values = {name: np.empty((self._batch, count, 1), np.float32) for name in self._parameters}
        for name, array in values.items():
            fill(array, getattr(now, name))
        self._stale = True
        parts = []
        for start in range(0, count, MAX_FRAMES):
            cut = slice(start, min(start + MAX_FRAMES, count))
            main = _pairs(np.ascontiguousarray(heard[:, cut]))
            fed = {name: np.ascontiguousarray(array[:, cut]) for name, array in values.items()}
            parts.append(self._graph.run(main, fed, cut.stop - start))
        frame_axis = 1 + self._stem_axis
        result = parts[0] if len(parts) == 1 else np.concatenate(parts, frame_axis)
        stems = (len(self.stems),) if self.stems else ()
        masked = np.empty((*stems, *frames.shape), np.complex64)
        self._apply(delayed, result, then, masked)
        return masked.reshape(-1, count, self._bins)

    def _delay(self, frames: Spectrum) -> Spectrum:
        """Return the frames as late as the graph is, and keep the last ones in the ring."""
        if not self._late:
            return frames
        ring, first = self._ring, self._slot + 1
        slots = [(first + i) % len(ring) for i in range(self._late)]  # oldest first
        tape = np.concatenate([*(ring[slot] for slot in slots), frames], axis=1)
        for number, slot in enumerate(slots):
            at = frames.shape[1] + number
            np.copyto(ring[slot], tape[:, at : at + 1])
        return tape[:, : frames.shape[1]]

    # ------------------------------------------------------------------ both
    def _moving(self, count: int) -> tuple[Any, Any]:
        """Return parameters at the centres of the next frames, and of those that get masks."""
        frames = np.arange(self._frame, self._frame + count)
        centres = (frames + 1) * self._hop - self._n_fft // 2
        delayed = centres - self._late * self._hop
        now = values_at(self._heard, centres)
        then = values_at(self._heard, delayed) if self._late else now
        self._heard.forget(int(delayed[-1]) + self._hop)
        return now, then

    def _apply(self, frames: Spectrum, result: Floats, p: Any, out: Spectrum) -> None:
        """Write what the graph's result makes of the frames that it belongs to."""
        if self._pick is not None:
            result = result[self._pick]
        if self._kind == "spectrum":
            np.copyto(out, _complex(result))
            if self._frame < self._late:  # the first ones belong to no frame of the input
                out[..., : self._late - self._frame, :] = 0
            return
        mask = _complex(result) if self._kind == "mask" else result
        if self._shape_mask is not None:
            mask = self._shape_mask(mask, p)
        np.multiply(frames, mask, out=out)


def _pairs(frames: Spectrum) -> Floats:
    """Return `[batch, k, bins]` as `[batch, k, bins, 2]`, the same memory."""
    return frames.view(np.float32).reshape(*frames.shape, 2)


def _complex(pairs: Floats) -> Spectrum:
    """Return `[..., bins, 2]` as `[..., bins]`, the same memory."""
    return pairs.view(np.complex64)[..., 0]


def _window(window: Any) -> Any:
    """Return a card's window as the kernels take it."""
    return np.asarray(window, np.float32) if isinstance(window, tuple) else window
