// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels of one level; a kernels_*.cpp says which by NEURALBOARD_LEVEL and its width in floats.

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
    return {"avx512", {frame_kernel<F16>(), frame_kernel<F8>(), frame_kernel<F4>(), frame_kernel<F1>()}, 4,
            group_kernel<F16>(), &stream_lines<F16>};
#elif NEURALBOARD_WIDTH == 8
    return {"avx2", {frame_kernel<F8>(), frame_kernel<F4>(), frame_kernel<F1>()}, 3,
            group_kernel<F8>(), &stream_lines<F8>};
#else
    return {NEURALBOARD_LEVEL_NAME, {frame_kernel<F4>(), frame_kernel<F1>()}, 2, group_kernel<F4>(), &stream_lines<F4>};
#endif
}

}  // namespace NEURALBOARD_LEVEL
}  // namespace neuralboard
