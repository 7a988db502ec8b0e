// SPDX-License-Identifier: GPL-3.0-or-later
// How rows of memory (samples, bins, gains of W frames) become vectors with a frame in each lane,
// and come back: tiles of W x W or 4 x W values are transposed, and a row that several frames share
// is transposed once.
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

/// Frames that begin hop = n/K samples apart, K = 2 or 4: frame f + 1 begins with frame f's second
/// row of hop samples. So a row is transposed once for all K frames that hold it, and moves by a
/// lane from one to the next; the K - 1 rows behind the last frame's first stand in that frame:
///
///     row           0   1   2  ...  W-1  W   W+1  W+2
///     first lanes   0   1   2  ...  W-1               (K = 4)
///     second            0   1  ...  W-2  W-1
///     third, fourth         0   ...
///
/// Transposed rows wait in `lanes` [hop], so that memory is touched in whole lines only: rows may
/// stand any power of two apart and compete for the same places in the cache.
template <class V, int K>
struct HopRows {
    static constexpr int kShare = 4 / K;  // quarters of a frame in a row
    const V* lanes;
    const float* behind;
    const float* window;
    std::size_t hop;

    /// For first_pass: points j, j + 1 of all quarters (m points each).
    NB_INLINE void operator()(std::size_t j, std::size_t m, Cx<V> (&x)[2][4]) const {
        NEURALBOARD_UNROLL
        for (int s = 0; s < kShare; ++s) {
            const std::size_t n = 2 * (j + static_cast<std::size_t>(s) * m);
            F4 next[4];
            NEURALBOARD_UNROLL
            for (int k = 0; k < 4; ++k) next[k] = F4::load(behind + n + (k < K - 1 ? k * hop : 0));
            transpose4(next[0], next[1], next[2], next[3]);
            NEURALBOARD_UNROLL
            for (int p = 0; p < 2; ++p) {
                const V re = lanes[n + 2 * p], im = lanes[n + 2 * p + 1];
                const V re_next = in_first_block(V{}, next[2 * p]);
                const V im_next = in_first_block(V{}, next[2 * p + 1]);
                const float* w = window + n + 2 * p;
                x[p][s] = {re * V::all(w[0]), im * V::all(w[1])};
                put<1>(x[p] + s, re, im, re_next, im_next, w);
                put<2>(x[p] + s, re, im, re_next, im_next, w);
                put<3>(x[p] + s, re, im, re_next, im_next, w);
            }
        }
    }

private:
    template <int k>
    NB_INLINE void put(Cx<V>* x, V re, V im, V re_next, V im_next, const float* w) const {
        if constexpr (k < K) {
            x[k * kShare] = {shift<k>(re, re_next) * V::all(w[k * hop]),
                             shift<k>(im, im_next) * V::all(w[k * hop + 1])};
        }
    }
};

/// The way back: the frames' shares of a row are added up in its lane, the oldest frame's last, and
/// moved on by a lane each time. What leaves the last lane belongs to the rows behind; of the first
/// K - 1 rows earlier frames have given their share already. All others are written, not read.
template <class V, int K>
struct HopSums {
    static constexpr int W = V::lanes, kShare = 4 / K;
    V* lanes;
    float* behind;
    const float* window;
    std::size_t hop;

    /// For last_pass.
    NB_INLINE void operator()(std::size_t j, std::size_t m, const Cx<V> (&x)[2][4]) const {
        NEURALBOARD_UNROLL
        for (int s = 0; s < kShare; ++s) {
            const std::size_t n = 2 * (j + static_cast<std::size_t>(s) * m);
            V sum[4];
            NEURALBOARD_UNROLL
            for (int k = K - 1; k >= 0; --k) {
                const float* w = window + k * hop + n;
                NEURALBOARD_UNROLL
                for (int q = 0; q < 4; ++q) {
                    const Cx<V> y = x[q / 2][k * kShare + s];
                    const V value = q % 2 == 0 ? y.i : y.r, gain = V::all(w[q]);
                    if (k == K - 1) {
                        sum[q] = value * gain;
                    } else {
                        sum[q] = fma(value, gain, shift<W - 1>(V::all(0.0f), sum[q]));
                    }
                }
                if (k > 0) last_lanes(sum).store(behind + (k - 1) * hop + n);
            }
            NEURALBOARD_UNROLL
            for (int q = 0; q < 4; ++q) lanes[n + q] = sum[q];
        }
    }
};

template <int P>
struct Tile {
    static constexpr int size = P;
};

/// Calls step(n, Tile<P>()): whole lines of memory, then what is left by fours.
template <class V, class Step>
NB_INLINE void each_line(std::size_t count, Step step) {
    std::size_t n = 0;
    for (; n + V::lanes <= count; n += V::lanes) step(n, Tile<V::lanes>());
    for (; n < count; n += 4) step(n, Tile<4>());
}

/// The first hop samples of each frame, to be passed on by HopRows.
template <class V>
NB_INLINE void transpose_rows(const float* const* rows, std::size_t hop, V* lanes) {
    each_line<V>(hop, [=](std::size_t n, auto tile) {
        V v[tile.size];
        load_rows<tile.size>(rows, V::lanes * hop, n, v);
        NEURALBOARD_UNROLL
        for (int i = 0; i < tile.size; ++i) lanes[n + i] = v[i];
    });
}

/// What HopSums left, to where it belongs: added in the first K - 1 rows.
template <int K, class V>
NB_INLINE void write_rows(const V* lanes, std::size_t hop, float* const* rows) {
    each_line<V>(hop, [=](std::size_t n, auto tile) {
        each_row_of<tile.size>(lanes + n, [=](int f, auto v) {
            if (f < K - 1) v = v + decltype(v)::load(rows[f] + n);
            v.store(rows[f] + n);
        });
    });
}

}  // namespace NEURALBOARD_LEVEL
}  // namespace neuralboard
