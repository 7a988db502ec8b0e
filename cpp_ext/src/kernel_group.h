// SPDX-License-Identifier: GPL-3.0-or-later
// As many frames as lanes at a time, one in each: for whole signals. The algebra is that of
// kernel_frame.h, but no step needs a shuffle; only where rows of memory (samples, bins, masks of
// W frames) enter and leave are tiles of 4 x W or W x W values transposed (simd.h).
#pragma once

#include "group_mirror.h"
#include "real_split.h"

namespace neuralboard {
namespace NEURALBOARD_LEVEL {

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

/// The way back: the frames' shares of a row are added up in its lane, then transposed. The first
/// K - 1 rows hold what earlier frames gave; all others are written, not read.
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
            F4 rest[4];
            NEURALBOARD_UNROLL
            for (int q = 0; q < 4; ++q) {
                const Cx<V>* y = x[q / 2] + s;
                const float* w = window + n + q;
                const V none = V::all(0.0f), b = part(y, 1, q) * V::all(w[hop]);
                V in = shift<W - 1>(none, b), out = shift<W - 1>(b, none);
                if constexpr (K == 4) {
                    const V c = part(y, 2, q) * V::all(w[2 * hop]);
                    const V d = part(y, 3, q) * V::all(w[3 * hop]);
                    in = in + (shift<W - 2>(none, c) + shift<W - 3>(none, d));
                    out = out + (shift<W - 2>(c, none) + shift<W - 3>(d, none));
                }
                lanes[n + q] = fma(part(y, 0, q), V::all(w[0]), in);
                rest[q] = first_block(out);
            }
            transpose4(rest[0], rest[1], rest[2], rest[3]);
            NEURALBOARD_UNROLL
            for (int k = 0; k < K - 1; ++k) rest[k].store(behind + k * hop + n);
        }
    }

private:
    static NB_INLINE V part(const Cx<V>* y, int k, int q) {
        return q % 2 == 0 ? y[k * kShare].i : y[k * kShare].r;
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

template <int K, class V>
NB_INLINE void analyse_shared(const FrameTables& t, const float* const* samples, std::size_t hop,
                              const float* window, Cx<V>* d) {
    V* lanes = &d[t.half].r;
    transpose_rows(samples, hop, lanes);
    first_pass<4, 2>(d, t.passes.part[0], t.passes.turns[0],
                     HopRows<V, K>{lanes, samples[V::lanes - 1] + hop, window, hop});
    all_passes<false>(d, t.passes, 1, 4);
}

template <int K, class V>
NB_INLINE void synthesise_shared(const FrameTables& t, Cx<V>* d, const float* window,
                                 std::size_t hop, float* const* sums) {
    V* lanes = &d[t.half].r;
    all_passes<true>(d, t.passes, 1, 4);
    last_pass<4, 2>(d, t.passes.part[0], t.passes.turns[0],
                    HopSums<V, K>{lanes, sums[V::lanes - 1] + hop, window, hop});
    write_rows<K>(lanes, hop, sums);
}

/// Z of W frames, frequency k at t.passes.position[k], but for the leaf.
template <class V>
NB_INLINE void analyse_group(const FrameTables& t, const float* const* samples, FrameStep step,
                             const float* window, Cx<V>* d) {
    if (step.shared == 4) return analyse_shared<4>(t, samples, step.hop, window, d);
    if (step.shared == 2) return analyse_shared<2>(t, samples, step.hop, window, d);
    const auto get = [=](std::size_t j, Cx<V>* points) {
        V tile[4];
        load_tile(samples, 2 * j, tile);
        const float* w = window + 2 * j;
        points[0] = {tile[0] * V::all(w[0]), tile[1] * V::all(w[1])};
        points[1] = {tile[2] * V::all(w[2]), tile[3] * V::all(w[3])};
    };
    if (t.passes.part[0] % 2 == 0) return transform_from<2>(d, t.passes, places(get));
    for (std::size_t j = 0; j + 2 <= t.half; j += 2) get(j, d + j);
    if (t.half % 2) get(t.half - 2, d + t.half - 2);
    all_passes<false>(d, t.passes, 0, 1);
}

/// The sums of each frame += window * samples; d holds Z with real and imaginary part exchanged,
/// the leaf done.
template <class V>
NB_INLINE void synthesise_group(const FrameTables& t, Cx<V>* d, const float* window,
                                FrameStep step, float* const* sums) {
    if (step.shared == 4) return synthesise_shared<4>(t, d, window, step.hop, sums);
    if (step.shared == 2) return synthesise_shared<2>(t, d, window, step.hop, sums);
    const auto put = [=](std::size_t j, const Cx<V>* points) {
        const float* w = window + 2 * j;
        V tile[4] = {points[0].i * V::all(w[0]), points[0].r * V::all(w[1]),
                     points[1].i * V::all(w[2]), points[1].r * V::all(w[3])};
        add_tile(tile, sums, 2 * j);
    };
    if (t.passes.part[0] % 2 == 0) return transform_to<2>(d, t.passes, places(put));
    all_passes<true>(d, t.passes, 0, 1);
    for (std::size_t j = 0; j + 2 <= t.half; j += 2) put(j, d + j);
    if (t.half % 2) {  // the last tile's first half has been added already
        const Cx<V> zero = {V::all(0.0f), V::all(0.0f)};
        const Cx<V> last[2] = {zero, d[t.half - 1]};
        put(t.half - 2, last);
    }
}

/// near and far: Z of frequencies k and h - k, to be what the inverse begins with.
template <class V>
NB_INLINE void put_back(Pair<V> p, Cx<V> w, Cx<V>& near, Cx<V>& far) {
    Cx<V> a, b;
    join(p, w, a, b);
    far = {b.i, b.r}, near = {a.i, a.r};
}

template <class V>
void group_inverse(const FrameTables& t, const float* const* spectra, std::size_t ahead,
                   float* work, const float* window, FrameStep step, float* const* sums) {
    Cx<V>* d = reinterpret_cast<Cx<V>*>(work);
    each_mirror<2, false>(
        t, spectra, ahead, d, [&](std::size_t k, const V* low, const V* high, Cx<V>& near, Cx<V>& far) {
            const Cx<V> a = {low[0], low[1]}, b = {high[0], high[1]};
            put_back(from_bins(a, b), root_of<V>(t, k), near, far);
            if (k == 0) near = {a.r - b.r, a.r + b.r};  // imaginary parts don't count
        });
    synthesise_group(t, d, window, step, sums);
}

template <class V>
void group_masked(const FrameTables& t, const float* const* samples, const float* window,
                  const float* const* masks, bool complex_mask, std::size_t ahead, float* work,
                  const float* synthesis_window, FrameStep step, float* const* sums) {
    Cx<V>* d = reinterpret_cast<Cx<V>*>(work);
    analyse_group(t, samples, step, window, d);
    if (complex_mask) {
        each_mirror<2, true>(
            t, masks, ahead, d, [&](std::size_t k, const V* low, const V* high, Cx<V>& near, Cx<V>& far) {
                Cx<V> a = {low[0], low[1]}, b = {high[0], high[1]};
                if (k == 0) a.i = b.i = V::all(0.0f);  // they don't count
                const Cx<V> w = root_of<V>(t, k);
                put_back(masked(split(near, far, w), a, b), w, near, far);
            });
    } else {
        each_mirror<1, true>(
            t, masks, ahead, d, [&](std::size_t k, const V* low, const V* high, Cx<V>& near, Cx<V>& far) {
                const Cx<V> w = root_of<V>(t, k);
                put_back(masked(split(near, far, w), *low, *high), w, near, far);
            });
    }
    synthesise_group(t, d, synthesis_window, step, sums);
}

template <class V>
constexpr GroupKernel group_kernel() {
    return {V::lanes, &group_inverse<V>, &group_masked<V>};
}

}  // namespace NEURALBOARD_LEVEL
}  // namespace neuralboard
