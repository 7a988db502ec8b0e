// SPDX-License-Identifier: GPL-3.0-or-later
// Finds samples that are NaN, infinite or absurdly large, and replaces them by 0.
//
// The sign bit cut off, the bit patterns of floats order as integers do, and every infinity and
// NaN lies above every finite number: one integer comparison per sample answers all questions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace neuralboard {

struct Broken {
    std::size_t count = 0;
    std::size_t first = 0;  // sample index in time, the earliest of all channels; valid if count > 0
};

/// The bit pattern above which a sample counts as broken; limit is finite and >= 0.
inline std::int32_t limit_bits(float limit) noexcept {
    std::int32_t bits;
    std::memcpy(&bits, &limit, sizeof bits);
    return bits;
}

inline bool is_broken(float sample, std::int32_t limit) noexcept {
    std::int32_t bits;
    std::memcpy(&bits, &sample, sizeof bits);
    return (bits & 0x7fffffff) > limit;
}

/// The top bit is set if the sample is broken: an addition that carries is cheaper than a comparison.
inline std::uint32_t broken_mark(float sample, std::int32_t limit) noexcept {
    std::uint32_t bits;
    std::memcpy(&bits, &sample, sizeof bits);
    return (bits & 0x7fffffffu) + (0x7fffffffu - static_cast<std::uint32_t>(limit));
}

/// True if any of n samples may lie beyond +-2: the highest bit of the exponent is set from 2 on, so
/// all bits may be thrown together. Lanes, and no early exit, so that the compiler makes wide
/// registers of them.
inline bool any_loud(const float* samples, std::size_t n) noexcept {
    constexpr std::size_t width = 16;
    std::uint32_t lanes[width] = {}, found = 0;
    std::size_t i = 0;
    for (; i + width <= n; i += width) {
        for (std::size_t k = 0; k < width; ++k) {
            std::uint32_t bits;
            std::memcpy(&bits, samples + i + k, sizeof bits);
            lanes[k] |= bits;
        }
    }
    for (std::uint32_t lane : lanes) found |= lane;
    for (; i < n; ++i) {
        std::uint32_t bits;
        std::memcpy(&bits, samples + i, sizeof bits);
        found |= bits;
    }
    return found >> 30 & 1u;
}

/// True if any of the n samples is broken: a quick look at each chunk, a true one where that is loud.
inline bool any_broken(const float* samples, std::size_t n, std::int32_t limit) noexcept {
    constexpr std::size_t chunk = 1024;
    const bool quick = limit >= 0x40000000;  // 2.0
    for (std::size_t begin = 0; begin < n; begin += chunk) {
        const std::size_t count = n - begin < chunk ? n - begin : chunk;
        if (quick && !any_loud(samples + begin, count)) continue;
        std::uint32_t found = 0;
        for (std::size_t i = 0; i < count; ++i) found |= broken_mark(samples[begin + i], limit);
        if (found >> 31) return true;
    }
    return false;
}

/// Counts and locates, and writes 0 in place of what it finds if Replace. Does not allocate.
template <bool Replace, class Sample>
Broken scan_broken(Sample* block, std::size_t channels, std::size_t n, float limit) noexcept {
    const std::int32_t bits = limit_bits(limit);
    Broken result;
    if (!any_broken(block, channels * n, bits)) return result;
    result.first = n;
    for (std::size_t c = 0; c < channels; ++c) {
        Sample* samples = block + c * n;
        for (std::size_t i = 0; i < n; ++i) {
            if (!is_broken(samples[i], bits)) continue;
            if constexpr (Replace) samples[i] = 0.0f;
            ++result.count;
            if (i < result.first) result.first = i;
        }
    }
    return result;
}

/// In place on [channels, n].
inline Broken replace_broken(float* block, std::size_t channels, std::size_t n,
                             float limit) noexcept {
    return scan_broken<true>(block, channels, n, limit);
}

inline Broken find_broken(const float* block, std::size_t channels, std::size_t n,
                          float limit) noexcept {
    return scan_broken<false>(block, channels, n, limit);
}

}  // namespace neuralboard
