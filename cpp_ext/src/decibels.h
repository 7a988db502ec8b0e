// SPDX-License-Identifier: GPL-3.0-or-later
// Levels and gains in decibels, many at once: log2 and exp2 of plain float32 arithmetic.
//
// The library's functions take one value at a time and round differently from machine to machine.
// These are loops without a branch that compilers turn into vectors, and the NumPy twin
// (reference_dynamics.py) does the same steps: same bits everywhere.
//
//     log2 x = e + log2 m,  x = 2^e m, 1/sqrt 2 <= m < sqrt 2
//     log2 m = 2/ln 2 (s + s^3/3 + s^5/5 + s^7/7),  s = (m - 1)/(m + 1): |error| < 1e-7
//     2^x = 2^i 2^f,  i the nearest whole number; 2^f its power series: relative error < 3e-7
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "loops.h"

namespace neuralboard {

constexpr float kDecibelsPerOctave = 6.0205999132796239f;  // 20 log10 2
constexpr float kOctavesPerDecibel = 0.16609640474436812f;
constexpr float kQuietest = 1e-10f;  // -200 dB: below it no level is told

namespace detail {

inline std::int32_t bits_of(float x) noexcept {
    std::int32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}

inline float float_of(std::int32_t bits) noexcept {
    float x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

}  // namespace detail

/// log2 of a positive normal number.
inline float fast_log2(float x) noexcept {
    constexpr std::int32_t root_half = 0x3f3504f3;  // the bits of sqrt(1/2)
    const std::int32_t bits = detail::bits_of(x);
    const std::int32_t exponent = (bits - root_half) >> 23;  // rounds down
    const float m = detail::float_of(bits - exponent * (1 << 23));
    const float s = (m - 1.0f) / (m + 1.0f);
    const float t = s * s;
    const float series = ((t * 0.14285714f + 0.2f) * t + 0.33333333f) * t + 1.0f;
    return static_cast<float>(exponent) + s * series * 2.8853900817779268f;
}

/// 2^x; x is held within [-126, 126].
inline float fast_exp2(float x) noexcept {
    constexpr float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to a whole number
    x = x < -126.0f ? -126.0f : x;
    x = x > 126.0f ? 126.0f : x;
    const float shifted = x + magic;
    const float whole = shifted - magic;
    const float f = x - whole;  // [-1/2, 1/2]
    float y = 1.5403530e-4f;    // (ln 2)^6 / 6!
    y = y * f + 1.3333558e-3f;
    y = y * f + 9.6181291e-3f;
    y = y * f + 5.5504109e-2f;
    y = y * f + 0.24022651f;
    y = y * f + 0.69314718f;
    y = y * f + 1.0f;
    const std::int32_t i = detail::bits_of(shifted) - detail::bits_of(magic);
    return detail::float_of(detail::bits_of(y) + i * (1 << 23));
}

/// 20 log10 of a magnitude, -200 at least.
inline float fast_level_db(float magnitude) noexcept {
    const float x = magnitude < kQuietest ? kQuietest : magnitude;
    return kDecibelsPerOctave * fast_log2(x);
}

/// 10^(db/20).
inline float fast_gain(float db) noexcept { return fast_exp2(db * kOctavesPerDecibel); }

/// out = block times the gain of each sample, alike in all channels [channels, n]; block and out
/// may be the same memory. Does not allocate.
inline void apply_gain_db(const float* block, const float* gain_db, float* out,
                          std::size_t channels, std::size_t n) noexcept {
    constexpr std::size_t chunk = 256;
    float gain[chunk];
    for (std::size_t begin = 0; begin < n; begin += chunk) {
        const std::size_t count = n - begin < chunk ? n - begin : chunk;
        for (std::size_t i = 0; i < count; ++i) gain[i] = fast_gain(gain_db[begin + i]);
        for (std::size_t c = 0; c < channels; ++c) {
            const float* in = block + c * n + begin;
            float* to = out + c * n + begin;
            NEURALBOARD_INDEPENDENT
            for (std::size_t i = 0; i < count; ++i) to[i] = in[i] * gain[i];
        }
    }
}

}  // namespace neuralboard
