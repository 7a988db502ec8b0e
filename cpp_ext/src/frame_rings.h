// SPDX-License-Identifier: GPL-3.0-or-later
// The two ring buffers between a stream of samples and a stream of overlapping frames, one channel
// each. Both have exactly n_fft values and one position, so their state after s samples is the
// same whatever blocks the samples came in.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace neuralboard {

/// Remembers the last n_fft samples; position_ is where the oldest of them stands.
class FrameReader {
public:
    explicit FrameReader(std::size_t n_fft) : ring_(n_fft, 0.0f) {}

    void reset() noexcept {
        std::fill(ring_.begin(), ring_.end(), 0.0f);
        position_ = 0;
    }

    void write(const float* samples, std::size_t n) noexcept {
        while (n > 0) {
            const std::size_t step = std::min(n, ring_.size() - position_);
            std::copy_n(samples, step, ring_.data() + position_);
            samples += step;
            n -= step;
            position_ += step;
            if (position_ == ring_.size()) position_ = 0;
        }
    }

    /// frame = the last n_fft samples, oldest first, times window.
    void read_frame(const float* window, float* frame) const noexcept {
        const std::size_t older = ring_.size() - position_;
        multiply(ring_.data() + position_, window, frame, older);
        multiply(ring_.data(), window + older, frame + older, position_);
    }

private:
    static void multiply(const float* __restrict a, const float* __restrict b,
                         float* __restrict product, std::size_t n) noexcept {
        for (std::size_t i = 0; i < n; ++i) product[i] = a[i] * b[i];
    }

    std::vector<float> ring_;
    std::size_t position_ = 0;
};

/// Holds the sums of overlapping frames that are not yet read; position_ is the next to be read.
class OverlapAdder {
public:
    explicit OverlapAdder(std::size_t n_fft) : ring_(n_fft, 0.0f) {}

    void reset() noexcept {
        std::fill(ring_.begin(), ring_.end(), 0.0f);
        position_ = 0;
    }

    /// Adds frame times window; its first sample meets the next sample to be read.
    void add_frame(const float* window, const float* frame) noexcept {
        const std::size_t before_wrap = ring_.size() - position_;
        accumulate(frame, window, ring_.data() + position_, before_wrap);
        accumulate(frame + before_wrap, window + before_wrap, ring_.data(), position_);
    }

    void read(float* samples, std::size_t n) noexcept {
        while (n > 0) {
            const std::size_t step = std::min(n, ring_.size() - position_);
            float* sums = ring_.data() + position_;
            std::copy_n(sums, step, samples);
            std::fill_n(sums, step, 0.0f);
            samples += step;
            n -= step;
            position_ += step;
            if (position_ == ring_.size()) position_ = 0;
        }
    }

private:
    static void accumulate(const float* __restrict a, const float* __restrict b,
                           float* __restrict sum, std::size_t n) noexcept {
        for (std::size_t i = 0; i < n; ++i) sum[i] += a[i] * b[i];
    }

    std::vector<float> ring_;
    std::size_t position_ = 0;
};

}  // namespace neuralboard
