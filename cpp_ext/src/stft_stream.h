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

/// Counts samples between frames. All three streams share this clock.
class FrameClock {
public:
    explicit FrameClock(std::size_t hop_length) : hop_(hop_length) {}

    void reset() noexcept { phase_ = 0; }
    std::size_t frames_ready(std::size_t n) const noexcept { return (phase_ + n) / hop_; }
    void advance(std::size_t n) noexcept { phase_ = (phase_ + n) % hop_; }

    /// Calls step(count, complete) for the pieces of the next n samples: up to the end of a hop, where
    /// a frame is complete, or of the samples.
    template <class Step>
    void walk(std::size_t n, Step step) const noexcept {
        std::size_t phase = phase_;
        while (n > 0) {
            const std::size_t count = std::min(n, hop_ - phase);
            phase += count;
            step(count, phase == hop_);
            if (phase == hop_) phase = 0;
            n -= count;
        }
    }

private:
    std::size_t hop_;
    std::size_t phase_ = 0;
};

class StftStream {
public:
    StftStream(Plan fft, std::size_t hop_length, std::vector<float> window, std::size_t channels)
        : fft_(std::move(fft)),
          half_window_(halved(std::move(window))),
          clock_(hop_length),
          scratch_(fft_->make_scratch()),
          readers_(channels, FrameReader(fft_->size())) {}

    std::size_t channels() const noexcept { return readers_.size(); }
    std::size_t bins() const noexcept { return fft_->bins(); }
    std::size_t frames_ready(std::size_t n) const noexcept { return clock_.frames_ready(n); }

    void reset() noexcept {
        clock_.reset();
        for (FrameReader& reader : readers_) reader.reset();
    }

    /// block [channels, n] -> frames [channels, frames_ready(n), bins].
    void push(const float* block, std::size_t n, Bin* frames) noexcept {
        for (FrameReader& reader : readers_) {
            clock_.walk(n, [&](std::size_t count, bool complete) {
                reader.write(block, count);
                block += count;
                if (!complete) return;
                fft_->analyse(reader.frame(), half_window_.data(), frames, scratch_);
                frames += fft_->bins();
            });
        }
        clock_.advance(n);
    }

private:
    Plan fft_;
    std::vector<float> half_window_;
    FrameClock clock_;
    RealFft::Scratch scratch_;
    std::vector<FrameReader> readers_;
};

/// The synthesis window holds 1/n_fft and 1/envelope.
class IstftStream {
public:
    IstftStream(Plan fft, std::size_t hop_length, std::vector<float> synthesis_window,
                std::size_t channels)
        : fft_(std::move(fft)),
          window_(std::move(synthesis_window)),
          clock_(hop_length),
          scratch_(fft_->make_scratch()),
          adders_(channels, OverlapAdder(fft_->size())) {}

    std::size_t channels() const noexcept { return adders_.size(); }
    std::size_t bins() const noexcept { return fft_->bins(); }
    std::size_t frames_ready(std::size_t n) const noexcept { return clock_.frames_ready(n); }

    void reset() noexcept {
        clock_.reset();
        for (OverlapAdder& adder : adders_) adder.reset();
    }

    /// frames [channels, frames_ready(n), bins] -> out [channels, n].
    void push(const Bin* frames, std::size_t n, float* out) noexcept {
        for (OverlapAdder& adder : adders_) {
            clock_.walk(n, [&](std::size_t count, bool complete) {
                adder.read(out, count - complete);
                out += count;
                if (!complete) return;
                fft_->synthesise(frames, window_.data(), adder.frame(), scratch_);
                adder.read(out - 1, 1);  // the frame's own first sample is the last of this step
                frames += fft_->bins();
            });
        }
        clock_.advance(n);
    }

private:
    Plan fft_;
    std::vector<float> window_;
    FrameClock clock_;
    RealFft::Scratch scratch_;
    std::vector<OverlapAdder> adders_;
};

/// Analysis, mask and synthesis of each frame in one go: the spectrum never leaves the cache.
class MaskStream {
public:
    MaskStream(Plan fft, std::size_t hop_length, std::vector<float> window,
               std::vector<float> synthesis_window, std::size_t channels)
        : fft_(std::move(fft)),
          half_window_(halved(std::move(window))),
          synthesis_window_(std::move(synthesis_window)),
          clock_(hop_length),
          scratch_(fft_->make_scratch()),
          readers_(channels, FrameReader(fft_->size())),
          adders_(channels, OverlapAdder(fft_->size())) {}

    std::size_t channels() const noexcept { return readers_.size(); }
    std::size_t bins() const noexcept { return fft_->bins(); }
    std::size_t frames_ready(std::size_t n) const noexcept { return clock_.frames_ready(n); }

    void reset() noexcept {
        clock_.reset();
        for (FrameReader& reader : readers_) reader.reset();
        for (OverlapAdder& adder : adders_) adder.reset();
    }

    /// block [channels, n] -> out [channels, n]; they may be the same memory.
    void push(const float* block, std::size_t n, Mask mask, float* out) noexcept {
        for (std::size_t c = 0; c < readers_.size(); ++c) {
            std::size_t frame = 0;
            clock_.walk(n, [&](std::size_t count, bool complete) {
                readers_[c].write(block, count);
                adders_[c].read(out, count - complete);
                block += count, out += count;
                if (!complete) return;
                fft_->masked(readers_[c].frame(), half_window_.data(), mask.at(c, frame++),
                             synthesis_window_.data(), adders_[c].frame(), scratch_);
                adders_[c].read(out - 1, 1);
            });
        }
        clock_.advance(n);
    }

private:
    Plan fft_;
    std::vector<float> half_window_, synthesis_window_;
    FrameClock clock_;
    RealFft::Scratch scratch_;
    std::vector<FrameReader> readers_;
    std::vector<OverlapAdder> adders_;
};

}  // namespace neuralboard
