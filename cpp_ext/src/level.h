// SPDX-License-Identifier: GPL-3.0-or-later
// Which instruction set the kernels use: the best that this processor has, unless told otherwise.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstring>

#include "kernels.h"

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#endif

// A program of the base level alone is one file and needs no flags (tests).
#if (defined(__x86_64__) || defined(_M_X64)) && !defined(NEURALBOARD_BASE_LEVEL_ONLY)
#define NEURALBOARD_X86_LEVELS 1
#endif

namespace neuralboard {

namespace base_level {
Kernels kernels();
}
#if defined(NEURALBOARD_X86_LEVELS)
namespace avx2_level {
Kernels kernels();
}
namespace avx512_level {
Kernels kernels();
}

/// Whether processor and operating system have AVX2 and FMA, and AVX-512 F, VL, DQ, BW.
struct Processor {
    bool avx2, avx512;
#if defined(_MSC_VER) && !defined(__clang__)
    Processor() : avx2(false), avx512(false) {
        int one[4], seven[4];
        __cpuid(one, 1);
        if (!(one[2] & (1 << 27))) return;  // the system saves vector registers
        const unsigned long long saved = _xgetbv(0);
        __cpuidex(seven, 7, 0);
        avx2 = (saved & 6) == 6 && (one[2] & (1 << 12)) && (seven[1] & (1 << 5));
        const int wanted = (1 << 16) | (1 << 17) | (1 << 30) | (1 << 31);
        avx512 = avx2 && (saved & 0xe6) == 0xe6 && (seven[1] & wanted) == wanted;
    }
#else
    Processor()
        : avx2(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")),
          avx512(avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                 __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw")) {}
#endif
};
#endif

class Levels {
public:
    static Levels& get() {
        static Levels levels;
        return levels;
    }

    /// Best first.
    std::size_t count() const noexcept { return count_; }
    const Kernels& operator[](std::size_t i) const noexcept { return all_[i]; }

    /// The level of transforms made from now on. Those that exist keep theirs.
    const Kernels& current() const noexcept { return all_[current_]; }

    bool use(const char* name) noexcept {
        for (std::size_t i = 0; i < count_; ++i) {
            if (std::strcmp(all_[i].level, name) == 0) {
                current_ = i;
                return true;
            }
        }
        return false;
    }

private:
    Levels() {
#if defined(NEURALBOARD_X86_LEVELS)
        const Processor processor;
        if (processor.avx512) all_[count_++] = avx512_level::kernels();
        if (processor.avx2) all_[count_++] = avx2_level::kernels();
#endif
        all_[count_++] = base_level::kernels();
    }

    Kernels all_[3];
    std::size_t count_ = 0;
    std::atomic<std::size_t> current_{0};
};

}  // namespace neuralboard
