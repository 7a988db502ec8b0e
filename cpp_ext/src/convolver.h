// SPDX-License-Identifier: GPL-3.0-or-later
// Convolution of a stream with a long response, without latency: the response is cut into parts
// that grow (W. Gardner, "Efficient convolution without input-output delay", 1995).
//
//     taps    0 .. H-1 | H .. | N1 ......... | N2 ........................ | ...
//             head     | parts of H          | parts of N1 ...
//             direct     by Fourier transforms of twice the part
//
// A level with parts of N samples begins at tap N: what it makes of the input's block b of N
// samples is first heard in block b + 1, so it has all of block b when it begins. Within a level the
// spectra of past blocks are kept and multiplied with those of the parts (overlap-save with a
// frequency-domain delay line; F. Wefers, "Partitioned convolution algorithms for real-time
// auralization", 2015).
//
// Blocks b begin at multiples of N counted from the stream's first sample, and what is added to a
// sample is added in one order: head, then the levels. So any schedule of calls gives the same bits.
// No call allocates.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "convolver_level.h"

namespace neuralboard {

class Convolver {
public:
    /// `response` [channels, taps]; `head` taps are convolved directly; `parts` are (size, count)
    /// of each level, the size a multiple of head. A level begins at the tap that is its size, where
    /// the one before ends.
    Convolver(const std::vector<float>& response, std::size_t channels, std::size_t head,
              const std::vector<std::pair<std::size_t, std::size_t>>& parts)
        : channels_(channels),
          head_(head),
          taps_(channels * head, 0.0f),
          window_(channels * 2 * head, 0.0f) {
        const std::size_t length = response.size() / channels;
        for (std::size_t c = 0; c < channels; ++c) {
            std::copy_n(response.data() + c * length, std::min(head, length),
                        taps_.data() + c * head);
        }
        for (const auto& [size, count] : parts) {
            levels_.push_back(std::make_unique<ConvolverLevel>(response, channels, size, count));
        }
    }

    std::size_t channels() const noexcept { return channels_; }

    void reset() noexcept {
        position_ = 0;
        std::fill(window_.begin(), window_.end(), 0.0f);
        for (auto& level : levels_) level->reset();
    }

    /// block [channels, n] -> out [channels, n], which may be the block.
    void process(const float* block, float* out, std::size_t n) noexcept {
        for (std::size_t begin = 0; begin < n;) {
            const std::size_t step = std::min(n - begin, head_ - position_);
            for (std::size_t c = 0; c < channels_; ++c) {
                piece(c, block + c * n + begin, out + c * n + begin, step);
            }
            position_ += step;
            begin += step;
            if (position_ == head_) {
                position_ = 0;
                for (std::size_t c = 0; c < channels_; ++c) {
                    float* window = window_.data() + c * 2 * head_;
                    std::copy_n(window + head_, head_, window);
                }
            }
            for (auto& level : levels_) level->advance(step);
        }
    }

private:
    /// Part of one block of the head.
    void piece(std::size_t c, const float* in, float* out, std::size_t n) noexcept {
        float* window = window_.data() + c * 2 * head_ + head_ + position_;
        std::copy_n(in, n, window);
        for (auto& level : levels_) level->write(c, in, n);
        filter(window, taps_.data() + c * head_, head_, out, n);
        for (const auto& level : levels_) add(level->read(c), out, n);
    }

    /// out[i] = sum over k of taps[k] x[i - k], in the order of k.
    static void filter(const float* x, const float* taps, std::size_t count, float* out,
                       std::size_t n) noexcept {
        constexpr std::size_t kWide = 32;  // sums in registers
        std::size_t i = 0;
        for (; i + kWide <= n; i += kWide) {
            float sums[kWide] = {};
            for (std::size_t k = 0; k < count; ++k) {
                const float* past = x + i - k;
                for (std::size_t j = 0; j < kWide; ++j) sums[j] += taps[k] * past[j];
            }
            std::copy_n(sums, kWide, out + i);
        }
        for (; i < n; ++i) {
            float sum = 0.0f;
            for (std::size_t k = 0; k < count; ++k) sum += taps[k] * x[i - k];
            out[i] = sum;
        }
    }

    static void add(const float* __restrict more, float* __restrict sum, std::size_t n) noexcept {
        for (std::size_t i = 0; i < n; ++i) sum[i] += more[i];
    }

    std::size_t channels_, head_;
    std::size_t position_ = 0;   // in the head's block
    std::vector<float> taps_;    // [channels, head]
    std::vector<float> window_;  // [channels, 2 head]: the block before, this block
    std::vector<std::unique_ptr<ConvolverLevel>> levels_;
};

}  // namespace neuralboard
