// SPDX-License-Identifier: GPL-3.0-or-later
// A cascade of second-order sections as state-variable filters, trapezoidal integration, double.
//
//     v3 = x - s2                     s1' = 2 v1 - s1
//     v1 = a1 s1 + a2 v3              s2' = 2 v2 - s2          y = m0 x + m1 v1 + m2 v2
//     v2 = s2 + a2 s1 + a3 v3
//
// After A. Simper, "Solving the continuous SVF equations using trapezoidal integration and
// equivalent currents", Cytomic 2013; the same response as a biquad by the bilinear transform.
// Why not the biquad: its coefficients in float32 can't place a cutoff of 20 Hz at 96 kHz within
// 0.1 dB, and its state means something else after each change of the cutoff; here the states are
// the two integrators, so a moving cutoff makes no click.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "double_pair.h"

namespace neuralboard {

struct SvfCoefficients {
    double a1, a2, a3, m0, m1, m2;
};

/// The two integrators of one section, for one channel (V = double) or two (DoublePair).
template <class V>
struct SvfState {
    V s1, s2;

    V step(V x, const SvfCoefficients& c) noexcept {
        const V v3 = x - s2;
        const V v1 = c.a1 * s1 + c.a2 * v3;
        const V v2 = s2 + (c.a2 * s1 + c.a3 * v3);
        s1 = 2.0 * v1 - s1;
        s2 = 2.0 * v2 - s2;
        return c.m0 * x + (c.m1 * v1 + c.m2 * v2);
    }

    /// In memory: s1, s2 of the first channel, then of the second.
    void load(const double* from) noexcept {
        for (std::size_t k = 0; k < Lanes<V>::count; ++k) {
            Lanes<V>::set(s1, k, from[2 * k]);
            Lanes<V>::set(s2, k, from[2 * k + 1]);
        }
    }

    void store(double* to) const noexcept {
        for (std::size_t k = 0; k < Lanes<V>::count; ++k) {
            to[2 * k] = Lanes<V>::get(s1, k);
            to[2 * k + 1] = Lanes<V>::get(s2, k);
        }
    }
};

class SvfCascade {
public:
    SvfCascade(std::size_t channels, std::size_t sections)
        : channels_(channels), sections_(sections), state_(2 * channels * sections, 0.0) {}

    std::size_t channels() const noexcept { return channels_; }
    std::size_t sections() const noexcept { return sections_; }

    void reset() noexcept { std::fill(state_.begin(), state_.end(), 0.0); }

    /// Filters [channels, n]; block and out may be the same memory. c: [sections], or
    /// [n, sections] if `varies`. Does not allocate. False, with nothing changed, if a coefficient
    /// is not finite.
    bool process(const float* block, float* out, std::size_t n, const SvfCoefficients* c,
                 bool varies) noexcept {
        const double* numbers = &c->a1;
        const std::size_t count = (varies ? n : 1) * sections_ * 6;
        for (std::size_t i = 0; i < count; ++i) {
            if (!std::isfinite(numbers[i])) return false;
        }
        for (std::size_t begin = 0; begin < n; begin += kChunk) {
            const std::size_t length = std::min(kChunk, n - begin);
            const SvfCoefficients* now = varies ? c + begin * sections_ : c;
            for (std::size_t channel = 0; channel < channels_;) {
                const float* in = block + channel * n + begin;
                float* to = out + channel * n + begin;
                if (channels_ - channel >= 2) {
                    run<DoublePair>(in, to, n, length, channel, now, varies);
                    channel += 2;
                } else {
                    run<double>(in, to, n, length, channel, now, varies);
                    channel += 1;
                }
            }
        }
        return true;
    }

private:
    static constexpr std::size_t kChunk = 128;

    /// pitch: distance from one channel to the next, in samples.
    template <class V>
    void run(const float* in, float* out, std::size_t pitch, std::size_t count,
             std::size_t channel, const SvfCoefficients* c, bool varies) noexcept {
        V x[kChunk];
        for (std::size_t k = 0; k < Lanes<V>::count; ++k) {
            for (std::size_t i = 0; i < count; ++i) Lanes<V>::set(x[i], k, in[k * pitch + i]);
        }
        // A sample waits for the one before it in its own section only: two sections in one loop
        // cost hardly more than one.
        std::size_t section = 0;
        for (; section + 2 <= sections_; section += 2) {
            run_sections<V, 2>(x, count, channel, section, c + section, varies);
        }
        if (section < sections_) {
            run_sections<V, 1>(x, count, channel, section, c + section, varies);
        }
        for (std::size_t k = 0; k < Lanes<V>::count; ++k) {
            for (std::size_t i = 0; i < count; ++i) {
                out[k * pitch + i] = static_cast<float>(Lanes<V>::get(x[i], k));
            }
        }
    }

    template <class V, std::size_t Sections>
    void run_sections(V* x, std::size_t count, std::size_t channel, std::size_t section,
                      const SvfCoefficients* c, bool varies) noexcept {
        SvfState<V> state[Sections];
        SvfCoefficients now[Sections];
        double* kept[Sections];
        for (std::size_t j = 0; j < Sections; ++j) {
            kept[j] = state_.data() + 2 * ((section + j) * channels_ + channel);
            state[j].load(kept[j]);
            now[j] = c[j];
        }
        for (std::size_t i = 0; i < count; ++i) {
            V y = x[i];
            for (std::size_t j = 0; j < Sections; ++j) {
                if (varies) now[j] = c[i * sections_ + j];
                y = state[j].step(y, now[j]);
            }
            x[i] = y;
        }
        for (std::size_t j = 0; j < Sections; ++j) state[j].store(kept[j]);
    }

private:
    std::size_t channels_;
    std::size_t sections_;
    std::vector<double> state_;  // [sections, channels, 2]
};

}  // namespace neuralboard
