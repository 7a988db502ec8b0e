// SPDX-License-Identifier: GPL-3.0-or-later
// What processor this is for, and what compilers can't see in a loop and may be told.
#pragma once

#if defined(NEURALBOARD_PLAIN)  // as on any other processor (tests)
#elif defined(__x86_64__) || defined(_M_X64)
#define NEURALBOARD_X86 1
#elif defined(__aarch64__)
#define NEURALBOARD_ARM 1
#endif

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
