// SPDX-License-Identifier: GPL-3.0-or-later
// As many frames as lanes at a time, one in each: for whole signals. The algebra is that of
// kernel_frame.h, but no step needs a shuffle: only rows on their way in and out do (group_rows.h).
#pragma once

#include "group_rows.h"
#include "real_split.h"

namespace neuralboard {
namespace NEURALBOARD_LEVEL {

/// Z of W frames, frequency k at t.passes.position[k]; frames share K rows.
template <int K, class V>
NB_INLINE void analyse_shared(const FrameTables& t, const float* const* samples, std::size_t hop,
                              const float* window, Cx<V>* d) {
    V* lanes = &d[t.half].r;
    transpose_rows(samples, hop, lanes);
    first_pass<4, 2>(d, t.passes.part[0], t.passes.turns[0],
                     HopRows<V, K>{lanes, samples[V::lanes - 1] + hop, window, hop});
    all_passes<false>(d, t.passes, 1, 4);
}

/// The sums of each frame += window * samples; d holds Z with real and imaginary part exchanged.
template <int K, class V>
NB_INLINE void synthesise_shared(const FrameTables& t, Cx<V>* d, const float* window,
                                 std::size_t hop, float* const* sums) {
    V* lanes = &d[t.half].r;
    all_passes<true>(d, t.passes, 1, 4);
    last_pass<4, 2>(d, t.passes.part[0], t.passes.turns[0],
                    HopSums<V, K>{lanes, sums[V::lanes - 1] + hop, window, hop});
    write_rows<K>(lanes, hop, sums);
}

/// Calls step(j, first) for points j, j + 1; of an odd number the last one comes with the one
/// before it, which has been there already (first = 1).
template <class Step>
NB_INLINE void each_two(std::size_t half, Step step) {
    for (std::size_t j = 0; j + 2 <= half; j += 2) step(j, 0);
    if (half % 2) step(half - 2, 1);
}

template <class V>
NB_INLINE void analyse_group(const FrameTables& t, const float* const* samples, FrameStep step,
                             const float* window, Cx<V>* d) {
    if (step.shared == 4) return analyse_shared<4>(t, samples, step.hop, window, d);
    if (step.shared == 2) return analyse_shared<2>(t, samples, step.hop, window, d);
    each_two(t.half, [=](std::size_t j, int) {
        V tile[4];
        load_rows<4>(samples, 0, 2 * j, tile);
        const float* w = window + 2 * j;
        d[j] = {tile[0] * V::all(w[0]), tile[1] * V::all(w[1])};
        d[j + 1] = {tile[2] * V::all(w[2]), tile[3] * V::all(w[3])};
    });
    all_passes<false>(d, t.passes, 0, 1);
}

template <class V>
NB_INLINE void synthesise_group(const FrameTables& t, Cx<V>* d, const float* window,
                                FrameStep step, float* const* sums) {
    if (step.shared == 4) return synthesise_shared<4>(t, d, window, step.hop, sums);
    if (step.shared == 2) return synthesise_shared<2>(t, d, window, step.hop, sums);
    all_passes<true>(d, t.passes, 0, 1);
    each_two(t.half, [=](std::size_t j, int first) {
        const float* w = window + 2 * j;
        V tile[4] = {d[j].i * V::all(w[0]), d[j].r * V::all(w[1]),
                     d[j + 1].i * V::all(w[2]), d[j + 1].r * V::all(w[3])};
        if (first > 0) tile[0] = tile[1] = V::all(0.0f);  // has been added
        each_row_of<4>(tile, [=](int f, auto v) {
            (decltype(v)::load(sums[f] + 2 * j) + v).store(sums[f] + 2 * j);
        });
    });
}

/// Calls step(k, low, high, near, far, w) for frequencies k .. k + T/kParts - 1, <= h/2: low and
/// high are the kParts floats that the rows hold for bins k and h - k; near and far are Z there, w
/// the root between (real_split.h).
template <int kParts, int T, class V, class Step>
NB_INLINE void mirror_tile(const FrameTables& t, const float* const* rows, std::size_t ahead,
                           std::size_t k, Cx<V>* d, Step step) {
    constexpr std::size_t P = T / kParts;
    const std::uint32_t* at = t.passes.position;
    V low[T], high[T];
    load_rows<T>(rows, ahead, kParts * k, low);
    load_rows<T>(rows, ahead, kParts * (t.half - k + 1) - T, high);
    for (std::size_t i = 0; i < P && k + i <= t.half / 2; ++i) {
        const std::size_t near = k + i, far = near == 0 ? 0 : t.half - near;
        const Cx<V> w = {V::all(t.split_re[near]), V::all(t.split_im[near])};
        step(near, low + kParts * i, high + T - kParts - kParts * i, d[at[near]], d[at[far]], w);
    }
}

/// The same for all k from 0, by tiles of T floats, the rest by fours.
template <int kParts, int T, class V, class Step>
NB_INLINE void each_mirror(const FrameTables& t, const float* const* rows, std::size_t ahead,
                           Cx<V>* d, Step step) {
    std::size_t k = 0;
    for (; k + T / kParts <= t.half / 2 + 1; k += T / kParts) {
        mirror_tile<kParts, T>(t, rows, ahead, k, d, step);
    }
    for (; k <= t.half / 2; k += 4 / kParts) mirror_tile<kParts, 4>(t, rows, ahead, k, d, step);
}

/// To what the inverse begins with: Z of two frequencies, real and imaginary parts exchanged.
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
    each_mirror<2, 4>(t, spectra, ahead, d, [](std::size_t k, const V* low, const V* high,
                                               Cx<V>& near, Cx<V>& far, Cx<V> w) {
        put_back(from_bins<V>({low[0], low[1]}, {high[0], high[1]}), w, near, far);
        if (k == 0) near = {low[0] - high[0], low[0] + high[0]};  // imaginary parts don't count
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
        each_mirror<2, 4>(t, masks, ahead, d, [](std::size_t k, const V* low, const V* high,
                                                 Cx<V>& near, Cx<V>& far, Cx<V> w) {
            Cx<V> a = {low[0], low[1]}, b = {high[0], high[1]};
            if (k == 0) a.i = b.i = V::all(0.0f);  // they don't count
            put_back(masked(split(near, far, w), a, b), w, near, far);
        });
    } else {
        each_mirror<1, V::lanes>(t, masks, ahead, d, [](std::size_t, const V* low, const V* high,
                                                        Cx<V>& near, Cx<V>& far, Cx<V> w) {
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
