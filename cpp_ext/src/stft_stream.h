// SPDX-License-Identifier: GPL-3.0-or-later
// Short-time Fourier transform of a stream: analysis, synthesis, and both with a mask between.
//
//     samples   0 ........ hop ........ 2 hop ........ 3 hop
//     frame 0   |<- n_fft ->|                     ends with sample hop - 1 (zeros before sample 0)
//     frame 1         |<- n_fft ->|               ends with sample 2 hop - 1
//
// After s samples the frames f with (f+1) hop <= s exist. The oldest sample under frame f leaves
// when frame f is there, so analysis and synthesis together delay by n_fft - 1, the smallest
// constant that also serves blocks of one sample. The arithmetic of a frame depends on its own
// n_fft samples only, and frames are added up in their order: any schedule of blocks gives the
// same bits. No call allocates.
#pragma once

#include <algorithm>
#include <complex>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "fft.h"
#include "frame_rings.h"
#include "mask.h"

namespace neuralboard {

/// A kernel's forward transform is 2 times the plain one (kernels.h).
inline std::vector<float> halved(std::vector<float> window) {
    for (float& value : window) value *= 0.5f;
    return window;
}

/// What the streams share: a transform, the clock, and for each channel what remembers samples, and
/// what adds up frames.
class FrameStream {
public:
    std::size_t channels() const noexcept { return channels_; }
    std::size_t bins() const noexcept { return fft_->bins(); }
    std::size_t frames_ready(std::size_t n) const noexcept { return (phase_ + n) / hop_; }

    void reset() noexcept {
        phase_ = 0;
        for (FrameReader& reader : readers_) reader.reset();
        for (OverlapAdder& adder : adders_) adder.reset();
    }

protected:
    /// An empty window: nothing is analysed, or synthesised. The synthesis window holds 1/n_fft and
    /// 1/envelope.
    FrameStream(Plan fft, std::size_t hop_length, std::vector<float> window,
                std::vector<float> synthesis_window, std::size_t channels)
        : fft_(std::move(fft)),
          hop_(hop_length),
          channels_(channels),
          half_window_(halved(std::move(window))),
          synthesis_window_(std::move(synthesis_window)),
          scratch_(fft_->make_scratch()),
          readers_(half_window_.empty() ? 0 : channels, FrameReader(fft_->size())),
          adders_(synthesis_window_.empty() ? 0 : channels, OverlapAdder(fft_->size())) {}

    /// Calls step(channel, count, complete) for the pieces of each channel's next n samples: up to
    /// the end of a hop, where a frame is complete, or of the samples.
    template <class Step>
    void walk(std::size_t n, Step step) noexcept {
        for (std::size_t c = 0; c < channels_; ++c) {
            std::size_t phase = phase_;
            for (std::size_t left = n; left > 0;) {
                const std::size_t count = std::min(left, hop_ - phase);
                const bool complete = phase + count == hop_;
                step(c, count, complete);
                phase = complete ? 0 : phase + count;
                left -= count;
            }
        }
        phase_ = (phase_ + n) % hop_;
    }

    Plan fft_;
    std::size_t hop_, channels_, phase_ = 0;
    std::vector<float> half_window_, synthesis_window_;
    RealFft::Scratch scratch_;
    std::vector<FrameReader> readers_;
    std::vector<OverlapAdder> adders_;
};

class StftStream : public FrameStream {
public:
    StftStream(Plan fft, std::size_t hop_length, std::vector<float> window, std::size_t channels)
        : FrameStream(std::move(fft), hop_length, std::move(window), {}, channels) {}

    /// block [channels, n] -> frames [channels, frames_ready(n), bins].
    void push(const float* block, std::size_t n, Bin* frames) noexcept {
        walk(n, [&](std::size_t c, std::size_t count, bool complete) {
            readers_[c].write(block, count);
            block += count;
            if (!complete) return;
            fft_->analyse(readers_[c].frame(), half_window_.data(), frames, scratch_);
            frames += fft_->bins();
        });
    }
};

class IstftStream : public FrameStream {
public:
    IstftStream(Plan fft, std::size_t hop_length, std::vector<float> synthesis_window,
                std::size_t channels)
        : FrameStream(std::move(fft), hop_length, {}, std::move(synthesis_window), channels) {}

    /// frames [channels, frames_ready(n), bins] -> out [channels, n].
    void push(const Bin* frames, std::size_t n, float* out) noexcept {
        walk(n, [&](std::size_t c, std::size_t count, bool complete) {
            adders_[c].read(out, count - complete);
            out += count;
            if (!complete) return;
            fft_->synthesise(frames, synthesis_window_.data(), adders_[c].frame(), scratch_);
            adders_[c].read(out - 1, 1);  // the frame's own first sample is the last of this step
            frames += fft_->bins();
        });
    }
};

/// Analysis, mask and synthesis of each frame in one go: the spectrum never leaves the cache.
class MaskStream : public FrameStream {
public:
    MaskStream(Plan fft, std::size_t hop_length, std::vector<float> window,
               std::vector<float> synthesis_window, std::size_t channels)
        : FrameStream(std::move(fft), hop_length, std::move(window), std::move(synthesis_window),
                      channels) {}

    /// block [channels, n] -> out [channels, n]; they may be the same memory.
    void push(const float* block, std::size_t n, Mask mask, float* out) noexcept {
        std::size_t done = 0;  // frames of all channels, one after the other
        const std::size_t frames = frames_ready(n);
        walk(n, [&](std::size_t c, std::size_t count, bool complete) {
            readers_[c].write(block, count);
            adders_[c].read(out, count - complete);
            block += count, out += count;
            if (!complete) return;
            fft_->masked(readers_[c].frame(), half_window_.data(), mask.at(c, done++ - c * frames),
                         synthesis_window_.data(), adders_[c].frame(), scratch_);
            adders_[c].read(out - 1, 1);
        });
    }
};

}  // namespace neuralboard
