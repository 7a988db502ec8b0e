// SPDX-License-Identifier: GPL-3.0-or-later
// A high shelf whose depth follows a gain reduction, sample by sample: the audio path of a
// de-esser. With no reduction it passes samples unchanged.
//
// The state-variable filter of svf.h; with A = 10^(-reduction/40) and g = sqrt(A) tan(pi f/rate),
// m0 = A^2, m1 = k (1 - A) A, m2 = 1 - A^2 (Simper 2013, high shelf), k = sqrt 2: half of the
// reduction (in dB) at f.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "control.h"
#include "decibels.h"
#include "svf.h"

namespace neuralboard {

class DynamicShelf {
public:
    explicit DynamicShelf(std::size_t channels)
        : channels_(channels), state_(2 * channels, 0.0) {}

    std::size_t channels() const noexcept { return channels_; }

    void reset() noexcept { std::fill(state_.begin(), state_.end(), 0.0); }

    /// Filters [channels, n]; block and out may be the same memory. warped = tan(pi f/rate).
    /// Does not allocate. False, with nothing changed, if a parameter is out of its range.
    bool process(const float* block, const float* reduction_db, float* out, std::size_t n,
                 Control warped) noexcept {
        const Control reduction{0.0f, reduction_db};
        if (!warped.within(1e-6f, 1e6f, n) || !reduction.within(0.0f, 200.0f, n)) return false;
        SvfCoefficients c[kChunk];
        for (std::size_t begin = 0; begin < n; begin += kChunk) {
            const std::size_t count = std::min(kChunk, n - begin);
            for (std::size_t i = 0; i < count; ++i) {
                c[i] = design(reduction_db[begin + i], warped.at(begin + i));
            }
            std::size_t channel = 0;
            for (; channel + 2 <= channels_; channel += 2) {
                run<DoublePair>(block, out, n, begin, count, channel, c);
            }
            if (channel < channels_) run<double>(block, out, n, begin, count, channel, c);
        }
        return true;
    }

private:
    static constexpr std::size_t kChunk = 128;
    static constexpr double kWidth = 1.4142135623730951;  // 1/q

    static SvfCoefficients design(float reduction_db, double warped) noexcept {
        const double root = fast_exp2(reduction_db * (-0.25f * kOctavesPerDecibel));
        const double a = root * root, g = root * warped;
        const double a1 = 1.0 / (1.0 + g * (g + kWidth));
        const double a2 = g * a1;
        return {a1, a2, g * a2, a * a, kWidth * (1.0 - a) * a, 1.0 - a * a};
    }

    template <class V>
    void run(const float* block, float* out, std::size_t n, std::size_t begin, std::size_t count,
             std::size_t channel, const SvfCoefficients* c) noexcept {
        const float* in = block + channel * n + begin;
        float* to = out + channel * n + begin;
        SvfState<V> state;
        state.load(state_.data() + 2 * channel);
        for (std::size_t i = 0; i < count; ++i) {
            V x;
            for (std::size_t k = 0; k < Lanes<V>::count; ++k) {
                Lanes<V>::set(x, k, in[k * n + i]);
            }
            const V y = state.step(x, c[i]);
            for (std::size_t k = 0; k < Lanes<V>::count; ++k) {
                to[k * n + i] = static_cast<float>(Lanes<V>::get(y, k));
            }
        }
        state.store(state_.data() + 2 * channel);
    }

    std::size_t channels_;
    std::vector<double> state_;  // [channels, 2]
};

}  // namespace neuralboard
