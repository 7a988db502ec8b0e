// SPDX-License-Identifier: GPL-3.0-or-later
// The memory between a stream of samples and a stream of overlapping frames, one channel each.
// A frame is always contiguous, so that kernels read and add it in place: instead of wrapping
// around, both move what they still need to the front once every n_fft samples.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace neuralboard {

/// Remembers the last n_fft samples.
///
///     0              end_ - n_fft        end_         2 n_fft
///     |   forgotten  |   the frame       |    free    |
class FrameReader {
public:
    explicit FrameReader(std::size_t n_fft) : samples_(2 * n_fft), n_fft_(n_fft) { reset(); }

    void reset() noexcept {
        std::fill(samples_.begin(), samples_.end(), 0.0f);
        end_ = n_fft_;
    }

    /// n <= n_fft.
    void write(const float* samples, std::size_t n) noexcept {
        if (end_ + n > samples_.size()) {
            std::copy_n(frame(), n_fft_, samples_.data());
            end_ = n_fft_;
        }
        std::copy_n(samples, n, samples_.data() + end_);
        end_ += n;
    }

    const float* frame() const noexcept { return samples_.data() + end_ - n_fft_; }

private:
    std::vector<float> samples_;
    std::size_t n_fft_, end_ = 0;
};

/// Holds the sums of overlapping frames that are not yet read.
///
///     0         begin_            begin_ + n_fft       2 n_fft
///     |  read   |  sums           |         zeros      |
class OverlapAdder {
public:
    explicit OverlapAdder(std::size_t n_fft) : sums_(2 * n_fft), n_fft_(n_fft) { reset(); }

    void reset() noexcept {
        std::fill(sums_.begin(), sums_.end(), 0.0f);
        begin_ = 0;
    }

    /// Where the next frame is added: its first sample meets the next sample to be read.
    float* frame() noexcept { return sums_.data() + begin_; }

    /// n <= n_fft.
    void read(float* samples, std::size_t n) noexcept {
        std::copy_n(frame(), n, samples);
        begin_ += n;
        if (begin_ > n_fft_) make_room();
    }

    /// For a whole frame at begin_.
    void make_room() noexcept {
        const std::size_t kept = sums_.size() - begin_;
        std::copy_n(sums_.data() + begin_, kept, sums_.data());
        std::fill(sums_.begin() + static_cast<std::ptrdiff_t>(kept), sums_.end(), 0.0f);
        begin_ = 0;
    }

private:
    std::vector<float> sums_;
    std::size_t n_fft_, begin_ = 0;
};

}  // namespace neuralboard
