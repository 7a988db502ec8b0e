// SPDX-License-Identifier: GPL-3.0-or-later
// What is compiled once per instruction set: the transforms of windowed frames. The rest of the
// extension calls them through these tables of functions; RealFft chooses among them.
//
// In all of them: samples [n], spectrum [n/2 + 1] complex as pairs of floats, window [n].
//     forward   spectrum = 2 * transform of samples * window (callers give half the window)
//     inverse   sums += window * n * inverse transform of spectrum
//     masked    both, spectrum * mask between and never in memory (half the window again)
// ahead: floats from a row of a mask or spectrum to the one that the next call will read, 0 if
// unknown. It is fetched into the cache meanwhile: rows are read from both ends and many at once,
// which the processor doesn't foresee.
// None allocates; work is 64-byte aligned scratch of RealFft::work_size floats.
#pragma once

#include <cstddef>
#include <cstdint>

namespace neuralboard {

/// The passes of an in-place complex transform: decimation in frequency, results in an order of its
/// own; read backwards (decimation in time) it takes that order and gives the natural one.
struct Passes {
    static constexpr int kMost = 20;
    int count = 0;
    int radix[kMost];
    std::size_t part[kMost];        // length of each of the radix parts
    const float* turns[kMost];      // [part, radix - 1] complex: w^(j k), k = 1 .. radix - 1
    const std::uint32_t* position;  // where frequency k stands
};

/// One size on one vector width.
struct FrameTables {
    std::size_t half;       // n/2: complex points
    Passes passes;          // of half / lanes points (of half points: GroupKernel)
    const float* lane_re;   // [lanes, half / lanes]: exp(-2 pi i l k / half)
    const float* lane_im;
    const float* split_re;  // [half/2 + 1]: exp(-2 pi i k / n)
    const float* split_im;
};

/// bins floats, or as many pairs of them.
struct MaskRow {
    const float* values;
    bool complex;
    std::size_t ahead;
};

/// One frame at a time. half is a multiple of lanes and at least lanes^2.
struct FrameKernel {
    std::size_t lanes;
    void (*forward)(const FrameTables&, const float* samples, const float* window, float* work,
                    float* spectrum);
    void (*inverse)(const FrameTables&, const float* spectrum, std::size_t ahead, float* work,
                    const float* window, float* sums);
    void (*masked)(const FrameTables&, const float* samples, const float* window, MaskRow mask,
                   float* work, const float* synthesis_window, float* sums);
    // The same with the parts of the spectrum [n/2] apart: bins 0 .. n/2 - 1, the last one in im[0].
    void (*forward_parts)(const FrameTables&, const float* samples, const float* window,
                          float* work, float* re, float* im);
    void (*inverse_parts)(const FrameTables&, const float* re, const float* im, float* work,
                          const float* window, float* sums);
};

/// How far apart frames begin in the signal and in the sums. shared: into how many steps a frame
/// falls, 2 or 4, where the kernel makes use of that, else 0.
struct FrameStep {
    std::size_t hop;
    int shared;
};

/// As many frames as lanes at a time, one in each; any half >= 8. Of the sums the first n - hop
/// hold what earlier frames gave, the rest zeros, or whatever it is if steps are shared. (The rows of
/// samples may be copies.)
struct GroupKernel {
    std::size_t lanes;
    void (*inverse)(const FrameTables&, const float* const* spectra, std::size_t ahead,
                    float* work, const float* window, FrameStep step, float* const* sums);
    void (*masked)(const FrameTables&, const float* const* samples, const float* window,
                   const float* const* masks, bool complex_mask, std::size_t ahead, float* work,
                   const float* synthesis_window, FrameStep step, float* const* sums);
};

struct Kernels {
    const char* level;
    FrameKernel frame[4];  // widest first
    int widths;
    GroupKernel group;
    float (*dot)(const float* a, const float* b, std::size_t n);            // dot.h
    void (*stream_lines)(const float* from, float* to, std::size_t n);  // stream_store.h
    std::size_t (*fma_probe)(std::size_t rounds, float* result);
};

}  // namespace neuralboard
