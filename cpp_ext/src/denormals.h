// SPDX-License-Identifier: GPL-3.0-or-later
// Subnormal numbers switched off for the calling thread, and back on.
//
// A filter that decays into silence spends its last second in numbers below 1.2e-38, and each of
// them costs the processor a hundred cycles. FTZ (results) and DAZ (operands) turn them into 0.
// x86: bits 15 and 6 of MXCSR. AArch64: bit 24 (FZ) of FPCR covers both. Elsewhere: no-ops.
#pragma once

#include <cstdint>

#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>
#define NEURALBOARD_HAS_MXCSR 1
#elif defined(__aarch64__) && !defined(_MSC_VER)
#define NEURALBOARD_HAS_FPCR 1
#endif

namespace neuralboard {

#if defined(NEURALBOARD_HAS_MXCSR)

constexpr std::uint64_t kFlushBits = 0x8040;  // FTZ | DAZ

inline std::uint64_t read_float_control() noexcept { return _mm_getcsr(); }

inline void write_float_control(std::uint64_t value) noexcept {
    _mm_setcsr(static_cast<unsigned int>(value));
}

#elif defined(NEURALBOARD_HAS_FPCR)

constexpr std::uint64_t kFlushBits = std::uint64_t{1} << 24;  // FZ

inline std::uint64_t read_float_control() noexcept {
    std::uint64_t value;
    asm volatile("mrs %0, fpcr" : "=r"(value));
    return value;
}

inline void write_float_control(std::uint64_t value) noexcept {
    asm volatile("msr fpcr, %0" : : "r"(value));
}

#else

constexpr std::uint64_t kFlushBits = 0;

inline std::uint64_t read_float_control() noexcept { return 0; }

inline void write_float_control(std::uint64_t) noexcept {}

#endif

/// Switches subnormals off; the token says which of the bits were set before.
inline std::uint64_t denormals_off() noexcept {
    const std::uint64_t before = read_float_control();
    write_float_control(before | kFlushBits);
    return before & kFlushBits;
}

/// Puts those bits back as they were. Rounding mode and exception flags are left alone.
inline void denormals_restore(std::uint64_t token) noexcept {
    write_float_control((read_float_control() & ~kFlushBits) | (token & kFlushBits));
}

}  // namespace neuralboard
