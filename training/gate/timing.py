# SPDX-License-Identifier: GPL-3.0-or-later
"""When a model knows what: nothing of the future, and as late as its card says."""

from __future__ import annotations

import numpy as np

from neuralboard.effects.neural.neural_effect import NeuralEffect
from neuralboard.training.gate.subject import ExportError, Finding, Floats, Subject, within

__all__ = ["causal", "latency"]

CAUSAL = 1e-6  # of full scale; the same kernels run on the same shapes, so nothing may change
CLEARLY_BETTER_DB = 0.2  # by so much another look-ahead may not fit
HELPS_DB = 1.0  # a mask that improves the sound by less, at any time, tells nothing of its time
TOLERANCE_SECONDS = 1e-3  # a filter has a phase of its own, a frame more or less is 5 ms and up


def causal(subject: Subject) -> Finding:
    """(3) Changing the input from frame t on changes no output before t.

    Output t belongs to input frame ``t - lookahead``: to change nothing before t in the graph is
    to change nothing before ``t - lookahead`` in what is heard.
    """
    main = subject.main(subject.noisy[:, : 2 * subject.model.card.sample_rate])
    frames, rng = main.shape[1] // subject.unit, np.random.default_rng(2)
    before, worst = subject.run(main), 0.0
    for frame in (1, frames // 3, frames - 1):
        changed, place = main.copy(), frame * subject.unit
        changed[:, place:] = rng.standard_normal(changed[:, place:].shape) * subject.full_scale
        change = np.abs(subject.run(changed) - before)
        early = np.take(change, range(place), subject.time_axis)
        worst = max(worst, float(early.max()) / subject.full_scale)
    return within("change before the change of the input", worst, CAUSAL)


def latency(subject: Subject) -> Finding:
    """(7) The declared latency is the measured one: of the mask in frames, of the box in time."""
    if subject.clean is not None and subject.model.output_kind in ("mask", "gain"):
        _mask_lag(subject, subject.clean)
    rate = subject.model.card.sample_rate
    box = NeuralEffect(subject.path)
    with box.stream(rate, 2) as stream:
        late = np.concatenate([stream.process(subject.noisy), stream.flush()], axis=1)
    declared = box.latency(rate)
    off = abs(_delay(subject.noisy[0], late[0]) - declared) / rate
    return within(f"seconds off the declared {declared} samples", off, TOLERANCE_SECONDS)


def _mask_lag(subject: Subject, clean: Floats) -> None:
    """Refuse a mask that fits the sound clearly better with another look-ahead than declared."""
    spectrum, target = (
        subject.main(audio)[0].view(np.complex64)[..., 0] for audio in (subject.noisy, clean)
    )
    mask = subject.run(subject.main(subject.noisy[:1]))
    gains = mask.view(np.complex64)[..., 0] if subject.model.output_kind == "mask" else mask
    gains = gains.reshape(-1, *gains.shape[-2:])[0]  # the first stem
    declared = subject.model.card.lookahead_frames
    most = declared + 4
    frames = len(spectrum) - most
    untouched = _si_sdr(spectrum[:frames], target[:frames])
    scores = [
        _si_sdr(gains[lag : lag + frames] * spectrum[:frames], target[:frames])
        for lag in range(most)
    ]
    best = int(np.argmax(scores))
    if scores[best] > max(untouched + HELPS_DB, scores[declared] + CLEARLY_BETTER_DB):
        raise ExportError(
            f"the mask fits {best} frames late by {scores[best] - scores[declared]:.2f} dB better"
            f" than with the declared look-ahead of {declared}, at most {CLEARLY_BETTER_DB} is"
            " allowed; correct lookahead_frames"
        )


def _si_sdr(estimate: Floats, target: Floats) -> float:
    """Measure the scale-invariant signal-to-distortion ratio of spectra in dB."""
    power = float(np.sum(np.abs(target) ** 2)) + 1e-12
    wanted = np.sum(np.real(estimate * np.conj(target))) / power * target
    rest = float(np.sum(np.abs(estimate - wanted) ** 2)) + 1e-12
    return float(10 * np.log10(float(np.sum(np.abs(wanted) ** 2)) / rest + 1e-12))


def _delay(sent: Floats, received: Floats) -> int:
    """Return by how many samples `received` lags, from the peak of the cross-correlation."""
    size = 1 << (len(sent) + len(received)).bit_length()
    spectrum = np.fft.rfft(received, size) * np.conj(np.fft.rfft(sent, size))
    correlation = np.abs(np.fft.irfft(spectrum, size)[: len(received)])
    return int(np.argmax(correlation))
