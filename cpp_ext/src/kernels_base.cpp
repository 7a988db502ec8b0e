// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels that every processor of this kind runs: SSE2 on x86-64, NEON on AArch64.
#include "loops.h"

#define NEURALBOARD_LEVEL base_level
#define NEURALBOARD_WIDTH 4
#if defined(NEURALBOARD_X86)
#define NEURALBOARD_FUSED 0
#define NEURALBOARD_LEVEL_NAME "sse2"
#elif defined(NEURALBOARD_ARM)
#define NEURALBOARD_FUSED 1
#define NEURALBOARD_LEVEL_NAME "neon"
#else
#define NEURALBOARD_FUSED 0
#define NEURALBOARD_LEVEL_NAME "plain"
#endif
#include "level_kernels.h"
