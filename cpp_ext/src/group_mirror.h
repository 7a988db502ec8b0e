// SPDX-License-Identifier: GPL-3.0-or-later
// What happens between the transforms of a group of frames (kernel_group.h): frequencies k and h - k
// meet. The last pass of the forward transform and the first one of the inverse are done on the way,
// in registers, which saves two trips through memory.
//
// That pass of radix R makes frequencies k0 + i S, i < R, S = h/R, of R points that stand together.
// Their mirror images are h - k0 - i S = (S - k0) + (R - 1 - i) S: those of one other block, in
// reverse. The blocks of k0 = 0 and S/2 are their own mirror images.
#pragma once

#include "fft_passes.h"

namespace neuralboard {
namespace NEURALBOARD_LEVEL {

/// v[i] lane f = row[f][n + i], i < T; fetches the same of the rows ahead, if not 0.
template <int T, class V>
NB_INLINE void load_rows(const float* const* row, std::size_t ahead, std::size_t n, V* v) {
    if (ahead > 0) {
        for (std::size_t f = n / T % (16 / T); f < V::lanes; f += 16 / T) fetch(row[f] + ahead + n);
    }
    if constexpr (T == V::lanes) {
        NEURALBOARD_UNROLL
        for (int f = 0; f < T; ++f) v[f] = V::load(row[f] + n);
        transpose(v);
    } else {
        load_tile(row, n, v);
    }
}

/// Calls write(f, vector or F4 of row[f][n + i]) for those of v.
template <int T, class V, class Write>
NB_INLINE void each_row_of(const V* lanes, Write write) {
    V v[T];
    NEURALBOARD_UNROLL
    for (int i = 0; i < T; ++i) v[i] = lanes[i];
    if constexpr (T == V::lanes) {
        transpose(v);
        NEURALBOARD_UNROLL
        for (int f = 0; f < T; ++f) write(f, v[f]);
    } else {
        transpose4(v[0], v[1], v[2], v[3]);
        for (int q = 0; q < 4; ++q) each_row(v[q], q, write);
    }
}

template <class V>
NB_INLINE Cx<V> root_of(const FrameTables& t, std::size_t k) {
    return {V::all(t.split_re[k]), V::all(t.split_im[k])};
}

template <int R, class V>
NB_INLINE void load_dft(const Cx<V>* d, Cx<V> (&x)[R]) {
    NEURALBOARD_UNROLL
    for (int i = 0; i < R; ++i) x[i] = d[i];
    Dft<R>::run(x);
}
template <int R, class V>
NB_INLINE void dft_store(Cx<V> (&x)[R], Cx<V>* d) {
    Dft<R>::run(x);
    NEURALBOARD_UNROLL
    for (int i = 0; i < R; ++i) d[i] = x[i];
}

/// See each_mirror. T: floats of a row that move together.
template <int R, int T, int kParts, bool kForward, class V, class Step>
NB_INLINE void mirror_blocks(const FrameTables& t, const float* const* rows, std::size_t ahead,
                             Cx<V>* d, Step step) {
    constexpr std::size_t P = T / kParts;
    const std::size_t half = t.half, S = half / R;
    const std::uint32_t* at = t.passes.position;
    const auto own_image = [&](std::size_t k0) {
        if (kForward) pass<false, R>(d + at[k0], 1, 1, nullptr);
        for (std::size_t k = k0; k <= half / 2; k += S) {
            V low[4], high[4];
            load_rows<4>(rows, ahead, kParts * k, low);
            load_rows<4>(rows, ahead, kParts * (half - k + 1) - 4, high);
            step(k, low, high + 4 - kParts, d[at[k]], d[at[k == 0 ? 0 : half - k]]);
        }
        pass<true, R>(d + at[k0], 1, 1, nullptr);
    };
    own_image(0);
    if (S % 2 == 0) own_image(S / 2);
    for (std::size_t k0 = 1; 2 * k0 < S; k0 += P) {
        V low[R][T], high[R][T];
        for (std::size_t i = 0; i < R; ++i) {
            load_rows<T>(rows, ahead, kParts * (k0 + i * S), low[i]);
            load_rows<T>(rows, ahead, kParts * (S - k0 + 1 + i * S) - T, high[i]);
        }
        for (std::size_t j = 0; j < P && 2 * (k0 + j) < S; ++j) {
            Cx<V>*a = d + at[k0 + j], *b = d + at[S - k0 - j];
            Cx<V> x[R], y[R];
            if (kForward) load_dft(a, x), load_dft(b, y);
            const std::size_t l = kParts * j, h = T - kParts - kParts * j;
            NEURALBOARD_UNROLL
            for (int i = 0; i < (R + 1) / 2; ++i) {
                const int o = R - 1 - i;
                step(k0 + j + i * S, low[i] + l, high[o] + h, x[i], y[o]);
                if (R > 1) step(S - k0 - j + i * S, high[i] + h, low[o] + l, y[i], x[o]);
            }
            dft_store(x, a), dft_store(y, b);
        }
    }
}

/// Calls step(k, low, high, near, far) for all k <= h/2: low and high are the kParts floats that the
/// rows hold for bins k and h - k; near and far are Z there, to be changed. kForward: Z are made by
/// the last pass forward before, else they are not there yet; the first pass back comes after.
template <int kParts, bool kForward, class V, class Step>
NB_INLINE void each_mirror(const FrameTables& t, const float* const* rows, std::size_t ahead,
                           Cx<V>* d, Step step) {
    constexpr int T = kParts == 2 ? 4 : V::lanes;  // measured
    if (t.passes.leaf == 8) {
        mirror_blocks<8, T, kParts, kForward>(t, rows, ahead, d, step);
    } else if (t.passes.leaf == 4) {
        mirror_blocks<4, T, kParts, kForward>(t, rows, ahead, d, step);
    } else if (t.half >= 2 * V::lanes) {
        mirror_blocks<1, T, kParts, kForward>(t, rows, ahead, d, step);
    } else {
        mirror_blocks<1, 4, kParts, kForward>(t, rows, ahead, d, step);
    }
}

}  // namespace NEURALBOARD_LEVEL
}  // namespace neuralboard
