// SPDX-License-Identifier: GPL-3.0-or-later
// A delay of a fixed number of samples, [channels, n] in and out.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace neuralboard {

/// Each channel is a ring of num_samples values; one position serves all channels.
class DelayLine {
public:
    DelayLine(std::size_t channels, std::size_t num_samples)
        : channels_(channels), length_(num_samples), ring_(channels * num_samples, 0.0f) {}

    std::size_t channels() const noexcept { return channels_; }

    void reset() noexcept {
        std::fill(ring_.begin(), ring_.end(), 0.0f);
        position_ = 0;
    }

    /// Swaps each new sample with the one that entered length_ samples ago.
    /// Does not allocate; block and out may be the same memory.
    void push(const float* block, float* out, std::size_t n) noexcept {
        if (length_ == 0) {
            if (out != block) std::copy_n(block, channels_ * n, out);
            return;
        }
        std::size_t position = position_;
        for (std::size_t c = 0; c < channels_; ++c) {
            position = push_channel(block + c * n, out + c * n, n, ring_.data() + c * length_);
        }
        position_ = position;
    }

private:
    std::size_t push_channel(const float* in, float* out, std::size_t n, float* ring) noexcept {
        std::size_t position = position_;
        for (std::size_t done = 0; done < n;) {
            const std::size_t step = std::min(n - done, length_ - position);
            for (std::size_t i = 0; i < step; ++i) {
                const float newest = in[done + i];
                out[done + i] = ring[position + i];
                ring[position + i] = newest;
            }
            done += step;
            position += step;
            if (position == length_) position = 0;
        }
        return position;
    }

    std::size_t channels_;
    std::size_t length_;
    std::size_t position_ = 0;
    std::vector<float> ring_;
};

}  // namespace neuralboard
