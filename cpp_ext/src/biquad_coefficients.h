// SPDX-License-Identifier: GPL-3.0-or-later
// Coefficients of the five filters, in float32 and in JUCE's order of operations, so that they
// round as pedalboard's do.
//
// First order: the bilinear transform of 1/(s+1) and s/(s+1), with n = tan(pi f / rate).
// Second order: Robert Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter
// coefficients", with A = sqrt(gain factor).
#pragma once

#include <algorithm>
#include <cmath>

namespace neuralboard {

enum class FilterKind { lowpass1, highpass1, lowshelf, highshelf, peak };

inline bool is_first_order(FilterKind kind) noexcept {
    return kind == FilterKind::lowpass1 || kind == FilterKind::highpass1;
}

/// Difference equation, a0 = 1: y = b0 x + b1 x' + b2 x'' - a1 y' - a2 y''.
struct BiquadCoefficients {
    float b0 = 1.0f, b1 = 0.0f, b2 = 0.0f, a1 = 0.0f, a2 = 0.0f;
};

constexpr float kMostGainDb = 200.0f;
constexpr float kLeastQ = 1e-6f;

/// Whether a filter can be designed from these numbers. Whatever passes gives finite coefficients.
inline bool can_design(FilterKind kind, float cutoff, float gain_db, float q) noexcept {
    if (!std::isfinite(cutoff) || !std::isfinite(gain_db) || !std::isfinite(q)) return false;
    return is_first_order(kind) || (gain_db <= kMostGainDb && q >= kLeastQ);
}

namespace detail {

constexpr float kPi = 3.14159265358979323846f;

/// -100 dB and below is silence, as in JUCE.
inline float decibels_to_gain(float decibels) noexcept {
    return decibels > -100.0f ? std::pow(10.0f, decibels * 0.05f) : 0.0f;
}

inline BiquadCoefficients divided_by_a0(float b0, float b1, float b2, float a0, float a1,
                                        float a2) noexcept {
    // a0 is 0 only for a low shelf of gain 0 near 0 Hz, where b0 = b1 = b2 = 0 too: silence.
    const float scale = a0 != 0.0f ? 1.0f / a0 : 0.0f;
    return {b0 * scale, b1 * scale, b2 * scale, a1 * scale, a2 * scale};
}

inline BiquadCoefficients first_order(bool highpass, float rate, float cutoff) noexcept {
    // tan() has its pole at rate/2 and comes back negative beyond: an unstable filter.
    const float bounded = std::min(std::max(cutoff, 0.0f), 0.4999f * rate);
    const float n = std::tan(kPi * bounded / rate);
    return highpass ? divided_by_a0(1.0f, -1.0f, 0.0f, n + 1.0f, n - 1.0f, 0.0f)
                    : divided_by_a0(n, n, 0.0f, n + 1.0f, n - 1.0f, 0.0f);
}

inline BiquadCoefficients shelf(bool high, float omega, float root_gain, float q) noexcept {
    const float minus = root_gain - 1.0f;
    const float plus = root_gain + 1.0f;
    const float cosine = std::cos(omega);
    const float beta = std::sin(omega) * std::sqrt(root_gain) / q;
    const float tilt = minus * cosine;
    if (high) {
        return divided_by_a0(root_gain * (plus + tilt + beta),
                             root_gain * -2.0f * (minus + plus * cosine),
                             root_gain * (plus + tilt - beta), plus - tilt + beta,
                             2.0f * (minus - plus * cosine), plus - tilt - beta);
    }
    return divided_by_a0(root_gain * (plus - tilt + beta),
                         root_gain * 2.0f * (minus - plus * cosine),
                         root_gain * (plus - tilt - beta), plus + tilt + beta,
                         -2.0f * (minus + plus * cosine), plus + tilt - beta);
}

inline BiquadCoefficients peak(float omega, float root_gain, float q) noexcept {
    root_gain = std::max(root_gain, 1e-5f);  // the formula has no limit at gain 0
    const float alpha = std::sin(omega) / (q * 2.0f);
    const float c2 = -2.0f * std::cos(omega);
    const float times = alpha * root_gain;
    const float over = alpha / root_gain;
    return divided_by_a0(1.0f + times, c2, 1.0f - times, 1.0f + over, c2, 1.0f - over);
}

}  // namespace detail

/// The cutoff is bounded as pedalboard bounds it: shelves and peak to [0.01 Hz, rate/2 - 100 Hz]
/// and then to 2 Hz at least; first-order filters to [0, 0.4999 rate] (pedalboard: not at all).
inline BiquadCoefficients design_biquad(FilterKind kind, float rate, float cutoff, float gain_db,
                                        float q) noexcept {
    if (is_first_order(kind)) {
        return detail::first_order(kind == FilterKind::highpass1, rate, cutoff);
    }
    const float highest = std::max(rate / 2.0f - 100.0f, 0.01f);
    const float bounded = std::max(std::min(std::max(cutoff, 0.01f), highest), 2.0f);
    const float omega = 2.0f * detail::kPi * bounded / rate;
    const float root_gain = std::sqrt(detail::decibels_to_gain(gain_db));
    if (kind == FilterKind::peak) return detail::peak(omega, root_gain, q);
    return detail::shelf(kind == FilterKind::highshelf, omega, root_gain, q);
}

}  // namespace neuralboard
