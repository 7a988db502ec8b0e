// SPDX-License-Identifier: GPL-3.0-or-later
// What compilers can't see in a loop and may be told.
#pragma once

#if defined(__clang__)
#define NEURALBOARD_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#define NEURALBOARD_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
/// No step of the loop reads what another step writes: it may be vectorised.
#define NEURALBOARD_INDEPENDENT _Pragma("GCC ivdep")
/// A short loop of known length over registers: it must not remain a loop.
#define NEURALBOARD_UNROLL _Pragma("GCC unroll 16")
#else
#define NEURALBOARD_INDEPENDENT
#define NEURALBOARD_UNROLL
#endif
