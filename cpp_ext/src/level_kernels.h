// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels of one level; a kernels_*.cpp says which: its namespace, name, width in floats, and
// whether it has fused multiply-adds.

#include "dot.h"
#include "fma_probe.h"
#include "kernel_frame.h"
#include "kernel_group.h"

namespace neuralboard {
namespace NEURALBOARD_LEVEL {

/// n floats, whole lines of memory, to where one begins.
template <class V>
void stream_lines(const float* from, float* to, std::size_t n) {
    for (std::size_t i = 0; i < n; i += V::lanes) V::load(from + i).stream(to + i);
}

Kernels kernels() {
    Kernels all{};
    all.level = NEURALBOARD_LEVEL_NAME;
#if NEURALBOARD_WIDTH >= 16
    all.frame[all.widths++] = frame_kernel<F16>();
#endif
#if NEURALBOARD_WIDTH >= 8
    all.frame[all.widths++] = frame_kernel<F8>();
    all.dot = &dot<F8>;
#else
    all.dot = &dot<F4>;
#endif
    all.frame[all.widths++] = frame_kernel<F4>();
    all.frame[all.widths++] = frame_kernel<F1>();
    all.group = group_kernel<Widest>();
    all.stream_lines = &stream_lines<Widest>;
    all.fma_probe = &fma_probe<Widest>;
    return all;
}

}  // namespace NEURALBOARD_LEVEL
}  // namespace neuralboard
