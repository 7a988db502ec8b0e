// SPDX-License-Identifier: GPL-3.0-or-later
// Rows of floats written one after the other past the cache. A plain store first reads the line
// that it overwrites, and pushes out what the cache could have kept: for output larger than the
// cache that costs half the bandwidth; for smaller output, which someone reads soon, it is right.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#if defined(__x86_64__) || defined(_M_X64)
#include <xmmintrin.h>
#define NEURALBOARD_HAS_STREAM_STORES 1
#endif

namespace neuralboard {

class StreamStore {
public:
    static constexpr std::size_t kLine = 16;  // floats

    /// Bytes of output from which this pays. (Measured: smaller output is still in the cache when
    /// it is read next, larger one mostly is not, however large the last level.)
    static constexpr std::size_t kWorthwhile = std::size_t{4} << 20;

    /// row: aligned to lines, a row and two lines long.
    StreamStore(float* to, float* row) : to_(to), row_(row) {
        const std::size_t beyond = reinterpret_cast<std::uintptr_t>(to) / sizeof(float) % kLine;
        skip_ = held_ = beyond;  // row then stands to its lines as the target to its own
        to_ -= beyond;
    }

    /// Where the next row is to be made.
    float* place() noexcept { return row_ + held_; }

    /// Takes n floats at place(), writes all full lines, by kernels.stream_lines.
    template <class Kernels>
    void put(std::size_t n, const Kernels& kernels) noexcept {
        held_ += n;
        std::size_t i = 0;
        if (skip_ > 0 && held_ >= kLine) {
            std::copy(row_ + skip_, row_ + kLine, to_ + skip_);
            skip_ = 0;
            i = kLine;
        }
        if (skip_ > 0) return;
        const std::size_t full = (held_ - i) / kLine * kLine;
        kernels.stream_lines(row_ + i, to_ + i, full);
        i += full;
        std::copy(row_ + i, row_ + held_, row_);
        to_ += i;
        held_ -= i;
    }

    void finish() noexcept {
        std::copy(row_ + skip_, row_ + held_, to_ + skip_);
#if defined(NEURALBOARD_HAS_STREAM_STORES)
        _mm_sfence();
#endif
    }

private:
    float *to_, *row_;
    std::size_t held_, skip_;  // in row_: floats up to here, from here
};

}  // namespace neuralboard
