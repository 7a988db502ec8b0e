// SPDX-License-Identifier: GPL-3.0-or-later
// Short-time Fourier transform of whole signals, in the conventions of torch.stft and librosa:
// frame f covers [f hop - pad, f hop - pad + n_fft) of the signal, pad = n_fft/2 if centred, else 0.
// What lies outside the signal is 0 or its reflection. Frames overlap-add to a length of
// (frames - 1) hop + n_fft, of which the pad at both ends is cut away.
//
// A plan only holds tables: any number of threads may call it at once, each call makes its own
// scratch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "frame_rings.h"
#include "frame_scratch.h"

namespace neuralboard {

/// The synthesis window holds 1/envelope as it is where all frames are there. Towards the ends of a
/// signal some are missing: there the overlap-added samples are multiplied by these factors.
struct EdgeGains {
    const float* head;  // of the samples [0, head_size), counted before the pad is cut away
    std::size_t head_size;
    const float* tail;  // of the last tail_size samples
    std::size_t tail_size;
};

class Stft {
public:
    /// synthesis_window: empty if there is none (then no inverse).
    Stft(Plan fft, std::size_t hop_length, std::size_t pad, bool reflect, std::vector<float> window,
         std::vector<float> synthesis_window)
        : fft_(std::move(fft)),
          hop_(hop_length),
          pad_(pad),
          reflect_(reflect),
          window_(std::move(window)),
          synthesis_window_(std::move(synthesis_window)) {}

    std::size_t bins() const noexcept { return fft_->bins(); }
    bool invertible() const noexcept { return !synthesis_window_.empty(); }

    /// length + 2 pad >= n_fft.
    std::size_t frames(std::size_t length) const noexcept {
        return 1 + (length + 2 * pad_ - fft_->size()) / hop_;
    }

    /// signal [length] -> spectrum [frames(length), bins].
    void forward(const float* signal, std::size_t length, Bin* spectrum) const {
        FrameScratch scratch(*fft_);
        for (std::size_t f = 0; f < frames(length); ++f) {
            cut_frame(signal, length, f, scratch.samples.data());
            fft_->forward(scratch.samples.data(), spectrum + f * bins(), scratch.fft);
        }
    }

    /// spectrum [frames, bins] -> signal [length].
    void inverse(const Bin* spectrum, std::size_t frames, EdgeGains gains, float* signal,
                 std::size_t length) const {
        FrameScratch scratch(*fft_);
        overlap_add(frames, gains, signal, length, [&](std::size_t f, float* samples) {
            fft_->inverse(spectrum + f * bins(), samples, scratch.fft);
        });
    }

    /// signal [length], mask_at(frame) -> bins gains; masked [length], not the signal itself.
    template <class MaskAt>
    void masked(const float* signal, std::size_t length, MaskAt&& mask_at, EdgeGains gains,
                float* result) const {
        FrameScratch scratch(*fft_);
        overlap_add(frames(length), gains, result, length, [&](std::size_t f, float* samples) {
            cut_frame(signal, length, f, samples);
            fft_->forward(samples, scratch.spectrum.data(), scratch.fft);
            apply_mask(scratch.spectrum.data(), mask_at(f), bins());
            fft_->inverse(scratch.spectrum.data(), samples, scratch.fft);
        });
    }

private:
    /// Frame f of the padded signal, windowed.
    void cut_frame(const float* signal, std::size_t length, std::size_t f,
                   float* samples) const noexcept {
        const std::size_t n = fft_->size(), begin = f * hop_;
        if (begin >= pad_ && begin - pad_ + n <= length) {
            const float* __restrict in = signal + (begin - pad_);
            for (std::size_t i = 0; i < n; ++i) samples[i] = in[i] * window_[i];
            return;
        }
        for (std::size_t i = 0; i < n; ++i) {
            samples[i] = padded(signal, length, begin + i) * window_[i];
        }
    }

    /// Sample at index - pad; a reflection leaves out the end itself: 2 1 0 1 2 ... 8 9 8 7.
    float padded(const float* signal, std::size_t length, std::size_t index) const noexcept {
        if (index < pad_) return reflect_ ? signal[pad_ - index] : 0.0f;
        const std::size_t i = index - pad_;
        if (i < length) return signal[i];
        return reflect_ ? signal[2 * (length - 1) - i] : 0.0f;
    }

    /// Adds up the frames that make_frame(f, samples) gives. Samples beyond the frames are 0.
    template <class MakeFrame>
    void overlap_add(std::size_t frames, EdgeGains gains, float* signal, std::size_t length,
                     MakeFrame&& make_frame) const {
        const std::size_t n = fft_->size(), total = (frames - 1) * hop_ + n;
        OverlapAdder sums(n);
        std::vector<float> samples(n), piece(n);
        for (std::size_t f = 0; f < frames; ++f) {
            make_frame(f, samples.data());
            sums.add_frame(synthesis_window_.data(), samples.data());
            const std::size_t count = f + 1 < frames ? hop_ : n;
            sums.read(piece.data(), count);
            place(piece.data(), f * hop_, count, signal, length);
        }
        const std::size_t end = total > pad_ ? std::min(length, total - pad_) : 0;
        std::fill(signal + end, signal + length, 0.0f);
        scale(gains.head, 0, gains.head_size, signal, end);
        scale(gains.tail, total - gains.tail_size, gains.tail_size, signal, end);
    }

    /// Copies samples that stand at begin (before the cut) to where they are in the signal.
    void place(const float* samples, std::size_t begin, std::size_t count, float* signal,
               std::size_t length) const noexcept {
        const std::size_t from = std::max(begin, pad_), to = std::min(begin + count, pad_ + length);
        if (from < to) std::copy_n(samples + (from - begin), to - from, signal + (from - pad_));
    }

    void scale(const float* gains, std::size_t begin, std::size_t count, float* signal,
               std::size_t end) const noexcept {
        for (std::size_t i = std::max(begin, pad_); i < begin + count && i - pad_ < end; ++i) {
            signal[i - pad_] *= gains[i - begin];
        }
    }

    Plan fft_;
    std::size_t hop_, pad_;
    bool reflect_;
    std::vector<float> window_, synthesis_window_;
};

}  // namespace neuralboard
