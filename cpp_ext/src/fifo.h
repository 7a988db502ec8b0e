// SPDX-License-Identifier: GPL-3.0-or-later
// A first-in first-out queue of samples, [channels, n] in and out, n free on both sides.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace neuralboard {

/// Each channel is a ring of capacity_ values:
///
///     0        begin_           begin_ + size_     capacity_
///     |  free  | oldest ... newest |     free     |           (wraps around)
class Fifo {
public:
    Fifo(std::size_t channels, std::size_t capacity)
        : channels_(channels), capacity_(capacity), ring_(channels * capacity, 0.0f) {}

    std::size_t channels() const noexcept { return channels_; }
    std::size_t size() const noexcept { return size_; }

    void clear() noexcept { begin_ = size_ = 0; }

    /// Allocates only when the queue gets longer than ever before.
    void push(const float* block, std::size_t n) {
        if (size_ + n > capacity_) grow(size_ + n);
        if (n == 0) return;
        const std::size_t end = wrap(begin_ + size_);
        const std::size_t first = std::min(n, capacity_ - end);
        for (std::size_t c = 0; c < channels_; ++c) {
            float* ring = ring_.data() + c * capacity_;
            const float* in = block + c * n;
            std::copy_n(in, first, ring + end);
            std::copy_n(in + first, n - first, ring);
        }
        size_ += n;
    }

    /// Takes the n oldest samples; n <= size(). Does not allocate.
    void pop(float* out, std::size_t n) noexcept {
        if (n == 0) return;
        const std::size_t first = std::min(n, capacity_ - begin_);
        for (std::size_t c = 0; c < channels_; ++c) {
            const float* ring = ring_.data() + c * capacity_;
            std::copy_n(ring + begin_, first, out + c * n);
            std::copy_n(ring, n - first, out + c * n + first);
        }
        begin_ = wrap(begin_ + n);
        size_ -= n;
    }

private:
    std::size_t wrap(std::size_t index) const noexcept {
        return index >= capacity_ ? index - capacity_ : index;
    }

    void grow(std::size_t needed) {
        const std::size_t capacity = std::max(needed, 2 * capacity_);
        std::vector<float> ring(channels_ * capacity, 0.0f);
        const std::size_t first = std::min(size_, capacity_ - begin_);
        for (std::size_t c = 0; c < channels_; ++c) {
            const float* old = ring_.data() + c * capacity_;
            std::copy_n(old + begin_, first, ring.data() + c * capacity);
            std::copy_n(old, size_ - first, ring.data() + c * capacity + first);
        }
        ring_ = std::move(ring);
        capacity_ = capacity;
        begin_ = 0;
    }

    std::size_t channels_;
    std::size_t capacity_;
    std::size_t begin_ = 0;
    std::size_t size_ = 0;
    std::vector<float> ring_;
};

}  // namespace neuralboard
