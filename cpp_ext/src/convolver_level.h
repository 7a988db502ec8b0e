// SPDX-License-Identifier: GPL-3.0-or-later
// One level of a partitioned convolution: parts of one size, spectra of the past, see convolver.h.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "fft.h"
#include "loops.h"

namespace neuralboard {

/// y[t] += sum over the taps k of this level of h[k] x[t - k], block by block of `size` samples.
class ConvolverLevel {
public:
    /// Takes the taps size .. size (count + 1) - 1 of response [channels, taps]; those that are not
    /// there are 0.
    ConvolverLevel(const std::vector<float>& response, std::size_t channels, std::size_t size,
                   std::size_t count)
        : size_(size),
          count_(count),
          fft_(2 * size),
          scratch_(fft_.make_scratch()),
          sum_(2 * size),
          time_(2 * size),
          channels_(channels) {
        const std::size_t length = response.size() / channels;
        const float scale = 1.0f / static_cast<float>(2 * size);  // a power of two: exact
        for (std::size_t c = 0; c < channels; ++c) {
            Channel& channel = channels_[c];
            channel.window.assign(2 * size, 0.0f);
            channel.heard.assign(size, 0.0f);
            channel.past.assign(2 * size * count, 0.0f);
            channel.parts.assign(2 * size * count, 0.0f);
            for (std::size_t j = 0; j < count; ++j) {
                const std::size_t begin = std::min(size * (j + 1), length);
                const std::size_t taps = std::min(size, length - begin);
                std::fill(time_.begin(), time_.end(), 0.0f);
                for (std::size_t k = 0; k < taps; ++k) {
                    time_[k] = response[c * length + begin + k] * scale;
                }
                fft_.forward(time_.data(), spectrum(channel.parts, j), scratch_);
            }
        }
    }

    void reset() noexcept {
        position_ = newest_ = blocks_ = 0;
        for (Channel& channel : channels_) {
            std::fill(channel.window.begin(), channel.window.end(), 0.0f);
            std::fill(channel.heard.begin(), channel.heard.end(), 0.0f);
        }
    }

    /// Takes the next n samples of channel c, not beyond this block.
    void write(std::size_t c, const float* samples, std::size_t n) noexcept {
        std::copy_n(samples, n, channels_[c].window.data() + size_ + position_);
    }

    /// What this level adds to the next samples of channel c, up to the end of this block.
    const float* read(std::size_t c) const noexcept {
        return channels_[c].heard.data() + position_;
    }

    /// Goes on by n samples, after all channels were written and read.
    void advance(std::size_t n) noexcept {
        position_ += n;
        if (position_ < size_) return;
        position_ = 0;
        newest_ = newest_ == 0 ? count_ - 1 : newest_ - 1;
        blocks_ = std::min(blocks_ + 1, count_);  // older ones are silence
        for (Channel& channel : channels_) turn(channel);
    }

private:
    struct Channel {
        std::vector<float> window;  // [2 size]: the block before, this block
        std::vector<float> heard;   // [size]: what is added to this block
        std::vector<float> past;    // [count, 2 size]: spectra of windows, a ring
        std::vector<float> parts;   // [count, 2 size]: spectra of the response, over 2 size
    };

    Split<float> spectrum(std::vector<float>& spectra, std::size_t which) const noexcept {
        float* values = spectra.data() + 2 * size_ * which;
        return {values, values + size_};
    }

    /// A block is complete: make what the next one hears.
    void turn(Channel& channel) noexcept {
        fft_.forward(channel.window.data(), spectrum(channel.past, newest_), scratch_);
        std::copy_n(channel.window.data() + size_, size_, channel.window.data());
        std::fill(sum_.begin(), sum_.end(), 0.0f);
        const Split<float> sum{sum_.data(), sum_.data() + size_};
        // Some bins of all parts after the others: the sums stay in the first-level cache.
        for (std::size_t begin = 0; begin < size_; begin += kBins) {
            const std::size_t end = std::min(begin + kBins, size_);
            for (std::size_t j = 0; j < blocks_; ++j) {
                const std::size_t slot = newest_ + j < count_ ? newest_ + j : newest_ + j - count_;
                const Split<float> x = spectrum(channel.past, slot);
                const Split<float> h = spectrum(channel.parts, j);
                if (begin == 0) {  // two real bins in the place of one complex
                    sum.re[0] += x.re[0] * h.re[0];
                    sum.im[0] += x.im[0] * h.im[0];
                }
                multiply(x, h, sum, std::max<std::size_t>(begin, 1), end);
            }
        }
        fft_.inverse(sum, time_.data(), scratch_);
        std::copy_n(time_.data() + size_, size_, channel.heard.data());
    }

    static void multiply(Split<float> x, Split<float> h, Split<float> sum, std::size_t begin,
                         std::size_t end) noexcept {
        const float* __restrict xr = x.re;
        const float* __restrict xi = x.im;
        const float* __restrict hr = h.re;
        const float* __restrict hi = h.im;
        float* __restrict re = sum.re;
        float* __restrict im = sum.im;
        NEURALBOARD_INDEPENDENT
        for (std::size_t k = begin; k < end; ++k) {
            re[k] += xr[k] * hr[k] - xi[k] * hi[k];
            im[k] += xr[k] * hi[k] + xi[k] * hr[k];
        }
    }

    static constexpr std::size_t kBins = 512;

    std::size_t size_, count_;
    RealFft fft_;
    RealFft::Scratch scratch_;
    std::vector<float> sum_, time_;  // [2 size]
    std::vector<Channel> channels_;
    std::size_t position_ = 0;  // in this block
    std::size_t newest_ = 0;    // in the ring of spectra
    std::size_t blocks_ = 0;    // that the ring holds
};

}  // namespace neuralboard
