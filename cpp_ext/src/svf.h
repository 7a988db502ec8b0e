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

namespace neuralboard {

struct SvfCoefficients {
    double a1, a2, a3, m0, m1, m2;
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
                const std::size_t lanes = channels_ - channel >= 2 ? 2 : 1;
                const float* in = block + channel * n + begin;
                float* to = out + channel * n + begin;
                if (lanes == 2) {
                    run<2>(in, to, n, length, channel, now, varies);
                } else {
                    run<1>(in, to, n, length, channel, now, varies);
                }
                channel += lanes;
            }
        }
        return true;
    }

private:
    static constexpr std::size_t kChunk = 128;

    /// pitch: distance from one channel to the next, in samples.
    template <std::size_t Lanes>
    void run(const float* in, float* out, std::size_t pitch, std::size_t count,
             std::size_t channel, const SvfCoefficients* c, bool varies) noexcept {
        double x[kChunk * Lanes];
        for (std::size_t k = 0; k < Lanes; ++k) {
            for (std::size_t i = 0; i < count; ++i) x[i * Lanes + k] = in[k * pitch + i];
        }
        // A sample waits for the one before it in its own section only: two sections in one loop
        // cost hardly more than one.
        std::size_t section = 0;
        for (; section + 2 <= sections_; section += 2) {
            run_sections<Lanes, 2>(x, count, channel, section, c + section, varies);
        }
        if (section < sections_) {
            run_sections<Lanes, 1>(x, count, channel, section, c + section, varies);
        }
        for (std::size_t k = 0; k < Lanes; ++k) {
            for (std::size_t i = 0; i < count; ++i) {
                out[k * pitch + i] = static_cast<float>(x[i * Lanes + k]);
            }
        }
    }

    template <std::size_t Lanes, std::size_t Sections>
    void run_sections(double* x, std::size_t count, std::size_t channel, std::size_t section,
                      const SvfCoefficients* c, bool varies) noexcept {
        double s1[Sections][Lanes], s2[Sections][Lanes];
        SvfCoefficients now[Sections];
        double* state[Sections];
        for (std::size_t j = 0; j < Sections; ++j) {
            state[j] = state_.data() + 2 * ((section + j) * channels_ + channel);
            now[j] = c[j];
            for (std::size_t k = 0; k < Lanes; ++k) {
                s1[j][k] = state[j][2 * k];
                s2[j][k] = state[j][2 * k + 1];
            }
        }
        for (std::size_t i = 0; i < count; ++i) {
            for (std::size_t j = 0; j < Sections; ++j) {
                if (varies) now[j] = c[i * sections_ + j];
                for (std::size_t k = 0; k < Lanes; ++k) {
                    x[i * Lanes + k] = step(x[i * Lanes + k], s1[j][k], s2[j][k], now[j]);
                }
            }
        }
        for (std::size_t j = 0; j < Sections; ++j) {
            for (std::size_t k = 0; k < Lanes; ++k) {
                state[j][2 * k] = s1[j][k];
                state[j][2 * k + 1] = s2[j][k];
            }
        }
    }

public:
    /// One section, one sample.
    static double step(double x, double& s1, double& s2, const SvfCoefficients& c) noexcept {
        const double v3 = x - s2;
        const double v1 = c.a1 * s1 + c.a2 * v3;
        const double v2 = s2 + (c.a2 * s1 + c.a3 * v3);
        s1 = 2.0 * v1 - s1;
        s2 = 2.0 * v2 - s2;
        return c.m0 * x + (c.m1 * v1 + c.m2 * v2);
    }

private:
    std::size_t channels_;
    std::size_t sections_;
    std::vector<double> state_;  // [sections, channels, 2]
};

}  // namespace neuralboard
