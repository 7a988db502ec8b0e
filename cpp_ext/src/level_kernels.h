// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels of one level; a kernels_*.cpp says which by NEURALBOARD_LEVEL and its width in floats.

#include "fma_probe.h"
#include "kernel_frame.h"
#include "kernel_group.h"

namespace neuralboard {
namespace NEURALBOARD_LEVEL {

/// n floats, whole lines of memory, between aligned addresses.
template <class V>
void stream_lines(const float* from, float* to, std::size_t n) {
    for (std::size_t i = 0; i < n; i += V::lanes) V::load(from + i).stream(to + i);
}

Kernels kernels() {
#if NEURALBOARD_WIDTH == 16
    using Widest = F16;
    constexpr int widths = 4;
    constexpr const char* name = "avx512";
#elif NEURALBOARD_WIDTH == 8
    using Widest = F8;
    constexpr int widths = 3;
    constexpr const char* name = "avx2";
#else
    using Widest = F4;
    constexpr int widths = 2;
    constexpr const char* name = NEURALBOARD_LEVEL_NAME;
#endif
    return {name,
            {
#if NEURALBOARD_WIDTH == 16
                frame_kernel<F16>(),
#endif
#if NEURALBOARD_WIDTH >= 8
                frame_kernel<F8>(),
#endif
                frame_kernel<F4>(), frame_kernel<F1>()},
            widths, group_kernel<Widest>(), &stream_lines<Widest>, &fma_probe<Widest>};
}

}  // namespace NEURALBOARD_LEVEL
}  // namespace neuralboard
