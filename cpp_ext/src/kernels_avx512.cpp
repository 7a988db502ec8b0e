// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels for AVX-512 (F, VL, DQ, BW). setup.py gives this file the flags that allow them.
#if defined(__x86_64__) || defined(_M_X64)
#define NEURALBOARD_LEVEL avx512_level
#define NEURALBOARD_LEVEL_NAME "avx512"
#define NEURALBOARD_WIDTH 16
#define NEURALBOARD_FUSED 1
#include "level_kernels.h"
#endif
