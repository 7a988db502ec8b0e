// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels that every processor of this kind runs: SSE2 on x86-64, NEON on AArch64.
#define NEURALBOARD_LEVEL base_level
#define NEURALBOARD_WIDTH 4
#if defined(__x86_64__) || defined(_M_X64)
#define NEURALBOARD_FUSED 0
#define NEURALBOARD_LEVEL_NAME "sse2"
#elif defined(__aarch64__)
#define NEURALBOARD_FUSED 1
#define NEURALBOARD_LEVEL_NAME "neon"
#else
#define NEURALBOARD_FUSED 0
#define NEURALBOARD_LEVEL_NAME "plain"
#endif
#include "level_kernels.h"
