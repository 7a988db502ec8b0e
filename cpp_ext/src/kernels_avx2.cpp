// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels for AVX2 with FMA. setup.py gives this file the flags that allow these instructions.
#if defined(__x86_64__) || defined(_M_X64)
#define NEURALBOARD_LEVEL avx2_level
#define NEURALBOARD_LEVEL_NAME "avx2"
#define NEURALBOARD_WIDTH 8
#define NEURALBOARD_FUSED 1
#include "level_kernels.h"
#endif
