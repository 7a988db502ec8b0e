// SPDX-License-Identifier: GPL-3.0-or-later
// As many frames as lanes at a time, one in each: for whole signals. The algebra is that of
// kernel_frame.h, but no step needs a shuffle; only where rows of memory (samples, bins, masks of
// W frames) enter and leave are tiles of 4 x W values transposed (simd.h).
#pragma once

#include "kernel_frame.h"

namespace neuralboard {
namespace NEURALBOARD_LEVEL {

/// Z of W frames, frequency k at t.passes.position[k].
template <class V>
NB_INLINE void analyse_group(const FrameTables& t, const float* const* samples, const float* window,
                             Cx<V>* d) {
    const auto tile_at = [=](std::size_t j, Cx<V>* points) {
        V tile[4];
        load_tile(samples, 2 * j, tile);
        const float* w = window + 2 * j;
        points[0] = {tile[0] * V::all(w[0]), tile[1] * V::all(w[1])};
        points[1] = {tile[2] * V::all(w[2]), tile[3] * V::all(w[3])};
    };
    if (t.passes.part[0] % 2 == 0) {
        transform_from<2>(d, t.passes, tile_at);
        return;
    }
    for (std::size_t j = 0; j + 2 <= t.half; j += 2) tile_at(j, d + j);
    if (t.half % 2) tile_at(t.half - 2, d + t.half - 2);
    all_passes<false>(d, t.passes, 0, 1);
}

/// The sums of each frame += window * samples; d holds Z with real and imaginary part exchanged.
template <class V>
NB_INLINE void synthesise_group(const FrameTables& t, Cx<V>* d, const float* window,
                                float* const* sums) {
    const auto put = [=](std::size_t j, const Cx<V>* points) {
        const float* w = window + 2 * j;
        V tile[4] = {points[0].i * V::all(w[0]), points[0].r * V::all(w[1]),
                     points[1].i * V::all(w[2]), points[1].r * V::all(w[3])};
        add_tile(tile, sums, 2 * j);
    };
    if (t.passes.part[0] % 2 == 0) {
        transform_to<2>(d, t.passes, put);
        return;
    }
    all_passes<true>(d, t.passes, 0, 1);
    for (std::size_t j = 0; j + 2 <= t.half; j += 2) put(j, d + j);
    if (t.half % 2) {  // the last tile's first half has been added already
        const Cx<V> zero = {V::all(0.0f), V::all(0.0f)};
        const Cx<V> last[2] = {zero, d[t.half - 1]};
        put(t.half - 2, last);
    }
}

/// Z of frequencies k and h - k, and the root.
template <class V>
struct GroupPair {
    Cx<V>&near, &far;
    Cx<V> w;
    NB_INLINE GroupPair(const FrameTables& t, Cx<V>* d, std::size_t k)
        : near(d[t.passes.position[k]]),
          far(d[t.passes.position[k == 0 ? 0 : t.half - k]]),
          w{V::all(t.split_re[k]), V::all(t.split_im[k])} {}

    NB_INLINE Pair<V> get() const { return split(near, far, w); }

    /// For the inverse: real and imaginary parts exchanged.
    NB_INLINE void put(Pair<V> p) const {
        Cx<V> a, b;
        join(p, w, a, b);
        far = {b.i, b.r}, near = {a.i, a.r};
    }
};

/// Calls step(k, count) with k = 0, P, ... for the pairs k .. k + count - 1 <= h/2, count <= P.
template <std::size_t P, class Step>
NB_INLINE void each_tile(std::size_t half, Step step) {
    const std::size_t pairs = half / 2 + 1;
    std::size_t k = 0;
    for (; k + P <= pairs; k += P) step(k, P);
    if (k < pairs) step(k, pairs - k);
}

/// Fetches what the tile of 4 floats at n (a multiple of 4) and its mirror image from `last` down
/// will need of the rows ahead: each of 4 neighbouring tiles a quarter of the rows.
template <class V>
NB_INLINE void fetch_rows(const float* const* rows, std::size_t ahead, std::size_t n,
                          std::size_t last) {
    const std::size_t line = n / 16 * 16;
    for (std::size_t f = n / 4 % 4; f < V::lanes; f += 4) {
        fetch(rows[f] + ahead + line);
        fetch(rows[f] + ahead + last - line);
    }
}

template <class V>
void group_forward(const FrameTables& t, const float* const* samples, const float* window,
                   float* work, float* const* spectra) {
    Cx<V>* d = reinterpret_cast<Cx<V>*>(work);
    analyse_group(t, samples, window, d);
    const V zero = V::all(0.0f);
    each_tile<2>(t.half, [&](std::size_t k, std::size_t count) {
        V near[4] = {zero, zero, zero, zero}, far[4] = {zero, zero, zero, zero};
        for (std::size_t i = 0; i < count; ++i) {
            const Pair<V> p = GroupPair<V>(t, d, k + i).get();
            near[2 * i] = p.e.r + p.t.r, near[2 * i + 1] = p.e.i + p.t.i;
            far[2 - 2 * i] = p.e.r - p.t.r, far[3 - 2 * i] = p.t.i - p.e.i;
        }
        if (count < 2) {  // a tile would overwrite the neighbours
            constexpr int W = V::lanes;
            float lanes[4 * W];
            near[0].store(lanes), near[1].store(lanes + W);
            far[2].store(lanes + 2 * W), far[3].store(lanes + 3 * W);
            for (int f = 0; f < W; ++f) {
                spectra[f][2 * k] = lanes[f], spectra[f][2 * k + 1] = lanes[W + f];
                float* mirror = spectra[f] + 2 * (t.half - k);
                mirror[0] = lanes[2 * W + f], mirror[1] = lanes[3 * W + f];
            }
            return;
        }
        store_tile(near, spectra, 2 * k);
        store_tile(far, spectra, 2 * (t.half - k - 1));
    });
    for (int f = 0; f < V::lanes; ++f) spectra[f][1] = spectra[f][2 * t.half + 1] = 0.0f;
}

template <class V>
void group_inverse(const FrameTables& t, const float* const* spectra, std::size_t ahead,
                   float* work, const float* window, float* const* sums) {
    Cx<V>* d = reinterpret_cast<Cx<V>*>(work);
    each_tile<2>(t.half, [&](std::size_t k, std::size_t count) {
        V near[4], far[4];
        fetch_rows<V>(spectra, ahead, 2 * k, 2 * t.half);
        load_tile(spectra, 2 * k, near);
        load_tile(spectra, 2 * (t.half - k - 1), far);
        for (std::size_t i = 0; i < count; ++i) {
            const Cx<V> low = {near[2 * i], near[2 * i + 1]}, high = {far[2 - 2 * i], far[3 - 2 * i]};
            const GroupPair<V> pair(t, d, k + i);
            pair.put(from_bins(low, high));
            if (k + i == 0) pair.near = {low.r - high.r, low.r + high.r};  // no imaginary parts
        }
    });
    synthesise_group(t, d, window, sums);
}

template <class V>
NB_INLINE void mask_group(const FrameTables& t, const float* const* masks, std::size_t ahead,
                          Cx<V>* d) {
    each_tile<4>(t.half, [&](std::size_t k, std::size_t count) {
        V near[4], far[4];
        fetch_rows<V>(masks, ahead, k, t.half);
        load_tile(masks, k, near);
        load_tile(masks, t.half - k - 3, far);
        for (std::size_t i = 0; i < count; ++i) {
            const GroupPair<V> pair(t, d, k + i);
            pair.put(masked(pair.get(), near[i], far[3 - i]));
        }
    });
}

template <class V>
NB_INLINE void mask_group_complex(const FrameTables& t, const float* const* masks,
                                  std::size_t ahead, Cx<V>* d) {
    each_tile<2>(t.half, [&](std::size_t k, std::size_t count) {
        V near[4], far[4];
        fetch_rows<V>(masks, ahead, 2 * k, 2 * t.half);
        load_tile(masks, 2 * k, near);
        load_tile(masks, 2 * (t.half - k - 1), far);
        for (std::size_t i = 0; i < count; ++i) {
            Cx<V> low = {near[2 * i], near[2 * i + 1]}, high = {far[2 - 2 * i], far[3 - 2 * i]};
            if (k + i == 0) low.i = high.i = V::all(0.0f);  // they don't count
            const GroupPair<V> pair(t, d, k + i);
            pair.put(masked(pair.get(), low, high));
        }
    });
}

template <class V>
void group_masked(const FrameTables& t, const float* const* samples, const float* window,
                  const float* const* masks, bool complex_mask, std::size_t ahead, float* work,
                  const float* synthesis_window, float* const* sums) {
    Cx<V>* d = reinterpret_cast<Cx<V>*>(work);
    analyse_group(t, samples, window, d);
    if (complex_mask) {
        mask_group_complex(t, masks, ahead, d);
    } else {
        mask_group(t, masks, ahead, d);
    }
    synthesise_group(t, d, synthesis_window, sums);
}

template <class V>
constexpr GroupKernel group_kernel() {
    return {V::lanes, &group_forward<V>, &group_inverse<V>, &group_masked<V>};
}

}  // namespace NEURALBOARD_LEVEL
}  // namespace neuralboard
