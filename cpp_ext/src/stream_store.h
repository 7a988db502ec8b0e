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

    /// memory: aligned to lines, a line and a row long.
    StreamStore(float* to, float* memory) : to_(to), row_(memory + kLine) {}

    /// Where each row is to be made.
    float* place() noexcept { return row_; }

    /// Takes its n floats, writes all full lines, by kernels.stream_lines. What is left over moves to
    /// where the next row will follow.
    template <class Kernels>
    void put(std::size_t n, const Kernels& kernels) noexcept {
        const float* from = row_ - tail_;
        const std::size_t count = tail_ + n;
        const std::size_t beyond = reinterpret_cast<std::uintptr_t>(to_) / sizeof(float) % kLine;
        const std::size_t first = std::min(count, (kLine - beyond) % kLine);  // of the first row
        std::copy_n(from, first, to_);
        const std::size_t lines = (count - first) / kLine * kLine, done = first + lines;
        kernels.stream_lines(from + first, to_ + first, lines);
        tail_ = count - done;
        std::copy_n(from + done, tail_, row_ - tail_);
        to_ += done;
    }

    void finish() noexcept {
        std::copy_n(row_ - tail_, tail_, to_);
#if defined(NEURALBOARD_HAS_STREAM_STORES)
        _mm_sfence();
#endif
    }

private:
    float *to_, *row_;
    std::size_t tail_ = 0;  // floats before row_ that are not yet written
};

}  // namespace neuralboard
