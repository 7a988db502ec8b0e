// SPDX-License-Identifier: GPL-3.0-or-later
// One frame at a time, its own samples in the lanes: for streams, and for spectra in memory.
//
// Real from complex (H. Sorensen et al., "Real-valued fast Fourier transform algorithms", 1987):
// the n real values are taken as h = n/2 complex ones (even samples real, odd ones imaginary),
// transformed to Z, and the two interleaved spectra told apart. With w = exp(-2 pi i k / n),
//     E = Z[k] + conj Z[h-k],  T = -i w (Z[k] - conj Z[h-k]),
//     2 X[k] = E + T,  2 conj X[h-k] = E - T.
// Back: E and T from two bins, then 2 Z[k] = E + i conj(w) T, 2 conj Z[h-k] = E - i conj(w) T.
// A real mask between needs no bins at all: with a = M[k] + M[h-k], b = M[k] - M[h-k],
//     E' = a E + b T,  T' = b E + a T      (2 E, 2 T of the masked bins).
//
// Complex by lanes: with l = lane < W and L = h/W, z[p W + l] is point p of W transforms of L
// points, one in each lane, without any shuffle (fft_passes.h). Then
//     Z[k + L j] = sum_l exp(-2 pi i l j / W) exp(-2 pi i l k / h) z_l[k],
// so W frequencies k are transposed at a time: lanes become neighbouring k, and the sum over l is a
// transform of W registers. Its results are stored as they are: Z comes out in order. Inverse:
// the mirror image of it, with real and imaginary parts exchanged (dft.h).
#pragma once

#include "fft_passes.h"

namespace neuralboard {
namespace NEURALBOARD_LEVEL {

/// Work of a frame: W vectors of points, and Z split into parts, each in memory of its own.
template <class V>
struct FrameWork {
    Cx<V>* d;
    float *zr, *zi;
    FrameWork(float* work, std::size_t half)
        : d(reinterpret_cast<Cx<V>*>(work)),
          zr(work + 2 * half),
          // 80 floats on: never a multiple of 4096 bytes away, where stores would block loads
          zi(work + 3 * half + 80) {}
};

/// From lanes to the natural order.
template <class V>
NB_INLINE void gather_lanes(const FrameTables& t, const Cx<V>* d, float* zr, float* zi) {
    constexpr int W = V::lanes;
    const std::size_t L = t.half / W;
    const std::uint32_t* at = t.passes.position;
    for (std::size_t k = 0;; k += W) {
        if (k + W > L) k = L - W;  // some a second time, with the same result
        V re[W], im[W];
        NEURALBOARD_UNROLL
        for (int i = 0; i < W; ++i) re[i] = d[at[k + i]].r;
        transpose(re);
        NEURALBOARD_UNROLL
        for (int i = 0; i < W; ++i) im[i] = d[at[k + i]].i;
        transpose(im);
        Cx<V> x[W];
        x[0] = {re[0], im[0]};
        NEURALBOARD_UNROLL
        for (int q = 1; q < W; ++q) {
            const int l = lane_order<V>(q);
            const Cx<V> root = {V::load(t.lane_re + l * L + k), V::load(t.lane_im + l * L + k)};
            x[l] = Cx<V>{re[q], im[q]} * root;
        }
        Dft<W>::run(x);
        NEURALBOARD_UNROLL
        for (int j = 0; j < W; ++j) {
            x[j].r.store(zr + k + j * L);
            x[j].i.store(zi + k + j * L);
        }
        if (k + W == L) return;
    }
}

template <class V>
NB_INLINE void scatter_lanes(const FrameTables& t, const float* zr, const float* zi, Cx<V>* d) {
    constexpr int W = V::lanes;
    const std::size_t L = t.half / W;
    const std::uint32_t* at = t.passes.position;
    for (std::size_t k = 0;; k += W) {
        if (k + W > L) k = L - W;
        Cx<V> x[W];
        NEURALBOARD_UNROLL
        for (int j = 0; j < W; ++j) x[j] = {V::load(zr + k + j * L), V::load(zi + k + j * L)};
        Dft<W>::run(x);
        V re[W], im[W];
        re[0] = x[0].r, im[0] = x[0].i;
        NEURALBOARD_UNROLL
        for (int q = 1; q < W; ++q) {
            const int l = lane_order<V>(q);
            const Cx<V> root = {V::load(t.lane_re + l * L + k), V::load(t.lane_im + l * L + k)};
            const Cx<V> turned = x[l] * root;
            re[q] = turned.r, im[q] = turned.i;
        }
        transpose(re);
        NEURALBOARD_UNROLL
        for (int i = 0; i < W; ++i) d[at[k + i]].r = re[i];
        transpose(im);
        NEURALBOARD_UNROLL
        for (int i = 0; i < W; ++i) d[at[k + i]].i = im[i];
        if (k + W == L) return;
    }
}

/// Z of samples * window, Z[h] = Z[0].
template <class V>
NB_INLINE void analyse(const FrameTables& t, const float* samples, const float* window,
                       const FrameWork<V>& work) {
    constexpr std::size_t W = V::lanes;
    transform_from<1>(work.d, t.passes, [=](std::size_t p, Cx<V>* point) {
        const std::size_t n = 2 * W * p;
        const V a = V::load(samples + n) * V::load(window + n);
        const V b = V::load(samples + n + W) * V::load(window + n + W);
        *point = {pick_even(a, b), pick_odd(a, b)};
    });
    gather_lanes(t, work.d, work.zr, work.zi);
    work.zr[t.half] = work.zr[0];
    work.zi[t.half] = work.zi[0];
}

/// sums += window * samples of Z (in work).
template <class V>
NB_INLINE void synthesise(const FrameTables& t, const FrameWork<V>& work, const float* window,
                          float* sums) {
    constexpr std::size_t W = V::lanes;
    scatter_lanes(t, work.zi, work.zr, work.d);
    transform_to<1>(work.d, t.passes, [=](std::size_t p, const Cx<V>* point) {
        const std::size_t n = 2 * W * p;
        const V a = join_low(point->i, point->r), b = join_high(point->i, point->r);
        fma(a, V::load(window + n), V::load(sums + n)).store(sums + n);
        fma(b, V::load(window + n + W), V::load(sums + n + W)).store(sums + n + W);
    });
}

/// E and T of lanes k .. k + W - 1.
template <class V>
struct Pair {
    Cx<V> e, t, w;
    NB_INLINE Pair(const FrameTables& tables, std::size_t k, Cx<V> near, Cx<V> far)
        : w{V::load(tables.split_re + k), V::load(tables.split_im + k)} {
        e = {near.r + far.r, near.i - far.i};
        t = Cx<V>{near.i + far.i, far.r - near.r} * w;
    }
};

template <class V>
NB_INLINE void put_pair(float* zr, float* zi, std::size_t k, std::size_t g, Cx<V> e, Cx<V> t,
                        Cx<V> w) {
    const Cx<V> o = turn_back(t, w);
    reverse(e.r + o.i).store(zr + g);
    reverse(o.r - e.i).store(zi + g);
    (e.r - o.i).store(zr + k);
    (e.i + o.r).store(zi + k);
}

/// Bins as pairs of floats, and with their parts in two arrays.
struct Pairs {
    float* values;
    template <class V>
    NB_INLINE Cx<V> load(std::size_t k) const {
        const V a = V::load(values + 2 * k), b = V::load(values + 2 * k + V::lanes);
        return {even(a, b), odd(a, b)};
    }
    template <class V>
    NB_INLINE void store(std::size_t k, V re, V im) const {
        zip_low(re, im).store(values + 2 * k);
        zip_high(re, im).store(values + 2 * k + V::lanes);
    }
};
struct Parts {
    float *re, *im;
    template <class V>
    NB_INLINE Cx<V> load(std::size_t k) const { return {V::load(re + k), V::load(im + k)}; }
    template <class V>
    NB_INLINE void store(std::size_t k, V r, V i) const { r.store(re + k), i.store(im + k); }
};

template <class V>
NB_INLINE Cx<V> reversed(Cx<V> a) { return {reverse(a.r), reverse(a.i)}; }

// The steps between, for k .. k + W - 1 and their mirror images g .. g + W - 1.

template <class V, class Bins>
NB_INLINE void bins_out(const FrameTables& t, const float* zr, const float* zi, Bins bins,
                        std::size_t k) {
    const std::size_t g = t.half - k - V::lanes + 1;
    const Pair<V> p(t, k, {V::load(zr + k), V::load(zi + k)},
                    reversed(Cx<V>{V::load(zr + g), V::load(zi + g)}));
    bins.store(k, p.e.r + p.t.r, p.e.i + p.t.i);
    bins.store(g, reverse(p.e.r - p.t.r), reverse(p.t.i - p.e.i));
}

template <class V, class Bins>
NB_INLINE void bins_in(const FrameTables& t, Bins bins, float* zr, float* zi, std::size_t k) {
    const std::size_t g = t.half - k - V::lanes + 1;
    const Cx<V> near = bins.template load<V>(k), far = reversed(bins.template load<V>(g));
    put_pair(zr, zi, k, g, Cx<V>{near.r + far.r, near.i - far.i},
             Cx<V>{near.r - far.r, near.i + far.i},
             Cx<V>{V::load(t.split_re + k), V::load(t.split_im + k)});
}

template <class V, bool complex>
NB_INLINE void mask_bins(const FrameTables& t, const float* mask, float* zr, float* zi,
                         std::size_t k) {
    const std::size_t g = t.half - k - V::lanes + 1;
    const Pair<V> p(t, k, {V::load(zr + k), V::load(zi + k)},
                    reversed(Cx<V>{V::load(zr + g), V::load(zi + g)}));
    if constexpr (complex) {
        const Pairs gains{const_cast<float*>(mask)};
        const Cx<V> near = (p.e + p.t) * gains.template load<V>(k);
        const Cx<V> far = turn_back(p.e - p.t, reversed(gains.template load<V>(g)));
        put_pair(zr, zi, k, g, near + far, near - far, p.w);
    } else {
        const V near = V::load(mask + k), far = reverse(V::load(mask + g));
        const V a = near + far, b = near - far;
        put_pair(zr, zi, k, g, Cx<V>{fma(a, p.e.r, b * p.t.r), fma(a, p.e.i, b * p.t.i)},
                 Cx<V>{fma(b, p.e.r, a * p.t.r), fma(b, p.e.i, a * p.t.i)}, p.w);
    }
}

/// Calls step with all k <= h/2, in vectors as long as they and their mirror images are apart.
template <class V, class Step>
NB_INLINE void each_pair(std::size_t half, Step step) {
    std::size_t k = 0;
    for (; 2 * (k + V::lanes - 1) < half; k += V::lanes) step(V{}, k);
    for (; 2 * k <= half; ++k) step(F1{}, k);
}

/// Fetches what bins k and their mirror images (of `width` floats) will need of the row ahead.
template <class V>
NB_INLINE void fetch_both(const float* row, std::size_t width, std::size_t k, std::size_t half) {
    constexpr std::size_t W = V::lanes;
    for (std::size_t i = 0; i < width * W; i += 16) {
        if (W * width < 16 && width * k % 16 != 0) continue;
        fetch(row + width * k + i);
        fetch(row + width * (half - k) - i);
    }
}

template <class V>
void frame_forward(const FrameTables& t, const float* samples, const float* window, float* memory,
                   float* spectrum) {
    const FrameWork<V> work(memory, t.half);
    analyse(t, samples, window, work);
    each_pair<V>(t.half, [&](auto v, std::size_t k) {
        bins_out<decltype(v)>(t, work.zr, work.zi, Pairs{spectrum}, k);
    });
    spectrum[1] = spectrum[2 * t.half + 1] = 0.0f;
}

template <class V>
void frame_inverse(const FrameTables& t, const float* spectrum, std::size_t ahead, float* memory,
                   const float* window, float* sums) {
    const FrameWork<V> work(memory, t.half);
    each_pair<V>(t.half, [&](auto v, std::size_t k) {
        bins_in<decltype(v)>(t, Pairs{const_cast<float*>(spectrum)}, work.zr, work.zi, k);
        fetch_both<decltype(v)>(spectrum + ahead, 2, k, t.half);
    });
    work.zr[0] = spectrum[0] + spectrum[2 * t.half];  // their imaginary parts don't count
    work.zi[0] = spectrum[0] - spectrum[2 * t.half];
    synthesise(t, work, window, sums);
}

// Parts, half of each: what would be the last bin's place in memory is not ours, so the bins are made
// where Z is and copied. re[0] is the first bin, im[0] the last.

template <class V>
void frame_forward_parts(const FrameTables& t, const float* samples, const float* window,
                         float* memory, float* re, float* im) {
    const FrameWork<V> work(memory, t.half);
    analyse(t, samples, window, work);
    each_pair<V>(t.half, [&](auto v, std::size_t k) {
        bins_out<decltype(v)>(t, work.zr, work.zi, Parts{work.zr, work.zi}, k);
    });
    work.zi[0] = work.zr[t.half];
    for (std::size_t k = 0; k < t.half; k += V::lanes) V::load(work.zr + k).store(re + k);
    for (std::size_t k = 0; k < t.half; k += V::lanes) V::load(work.zi + k).store(im + k);
}

template <class V>
void frame_inverse_parts(const FrameTables& t, const float* re, const float* im, float* memory,
                         const float* window, float* sums) {
    const FrameWork<V> work(memory, t.half);
    for (std::size_t k = 0; k < t.half; k += V::lanes) V::load(re + k).store(work.zr + k);
    for (std::size_t k = 0; k < t.half; k += V::lanes) V::load(im + k).store(work.zi + k);
    work.zr[t.half] = work.zi[t.half] = 0.0f;  // read, but of no consequence
    each_pair<V>(t.half, [&](auto v, std::size_t k) {
        bins_in<decltype(v)>(t, Parts{work.zr, work.zi}, work.zr, work.zi, k);
    });
    work.zr[0] = re[0] + im[0];
    work.zi[0] = re[0] - im[0];
    synthesise(t, work, window, sums);
}

template <class V>
void frame_masked(const FrameTables& t, const float* samples, const float* window, MaskRow mask,
                  float* memory, const float* synthesis_window, float* sums) {
    const FrameWork<V> work(memory, t.half);
    analyse(t, samples, window, work);
    if (mask.complex) {
        const float first = work.zr[0] + work.zi[0], last = work.zr[0] - work.zi[0];
        each_pair<V>(t.half, [&](auto v, std::size_t k) {
            mask_bins<decltype(v), true>(t, mask.values, work.zr, work.zi, k);
            fetch_both<decltype(v)>(mask.values + mask.ahead, 2, k, t.half);
        });
        // What a complex gain makes imaginary in the first and last bin doesn't count.
        const float a = 2.0f * first * mask.values[0], b = 2.0f * last * mask.values[2 * t.half];
        work.zr[0] = a + b;
        work.zi[0] = a - b;
    } else {
        each_pair<V>(t.half, [&](auto v, std::size_t k) {
            mask_bins<decltype(v), false>(t, mask.values, work.zr, work.zi, k);
            fetch_both<decltype(v)>(mask.values + mask.ahead, 1, k, t.half);
        });
    }
    synthesise(t, work, synthesis_window, sums);
}

template <class V>
constexpr FrameKernel frame_kernel() {
    return {V::lanes,
            &frame_forward<V>,
            &frame_inverse<V>,
            &frame_masked<V>,
            &frame_forward_parts<V>,
            &frame_inverse_parts<V>};
}

}  // namespace NEURALBOARD_LEVEL
}  // namespace neuralboard
