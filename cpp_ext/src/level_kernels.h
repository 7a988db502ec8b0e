// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels of one level; a kernels_*.cpp says which by NEURALBOARD_LEVEL and its width in floats.

#include "kernel_frame.h"
#include "kernel_group.h"

namespace neuralboard {
namespace NEURALBOARD_LEVEL {

Kernels kernels() {
#if NEURALBOARD_WIDTH == 16
    return {"avx512", {frame_kernel<F16>(), frame_kernel<F8>(), frame_kernel<F4>(), frame_kernel<F1>()}, 4,
            group_kernel<F16>()};
#elif NEURALBOARD_WIDTH == 8
    return {"avx2", {frame_kernel<F8>(), frame_kernel<F4>(), frame_kernel<F1>()}, 3,
            group_kernel<F8>()};
#else
    return {NEURALBOARD_LEVEL_NAME, {frame_kernel<F4>(), frame_kernel<F1>()}, 2, group_kernel<F4>()};
#endif
}

}  // namespace NEURALBOARD_LEVEL
}  // namespace neuralboard
