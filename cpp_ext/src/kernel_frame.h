// SPDX-License-Identifier: GPL-3.0-or-later
// One frame at a time, its own samples in the lanes: for streams, and for spectra in memory.
//
// Complex by lanes: with l = lane < W and L = h/W, z[p W + l] is point p of W transforms of L
// points, one in each lane, without any shuffle (fft_passes.h). Then
//     Z[k + L j] = sum_l exp(-2 pi i l j / W) exp(-2 pi i l k / h) z_l[k],
// so W frequencies k are transposed at a time: lanes become neighbouring k, and the sum over l is a
// transform of W registers. Its results are stored as they are: Z comes out in order. Inverse:
// the mirror image of it, with real and imaginary parts exchanged (dft.h).
#pragma once

#include "fft_passes.h"
#include "real_split.h"

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

template <class V>
NB_INLINE Cx<V> lane_root(const FrameTables& t, int lane, std::size_t k) {
    const std::size_t at = static_cast<std::size_t>(lane) * (t.half / V::lanes) + k;
    return {V::load(t.lane_re + at), V::load(t.lane_im + at)};
}

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
        const auto load = [&](int l) {
            const Cx<V> z = {re[lane_place<V>(l)], im[lane_place<V>(l)]};
            return l == 0 ? z : z * lane_root<V>(t, l, k);
        };
        const auto store = [=](int j, Cx<V> z) {
            z.r.store(zr + k + j * L), z.i.store(zi + k + j * L);
        };
        DftFromTo<W>::template run<V>(load, store);
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
        V re[W], im[W];
        const auto load = [=](int j) {
            return Cx<V>{V::load(zr + k + j * L), V::load(zi + k + j * L)};
        };
        const auto store = [&](int l, Cx<V> z) {
            if (l > 0) z = z * lane_root<V>(t, l, k);
            re[lane_place<V>(l)] = z.r, im[lane_place<V>(l)] = z.i;
        };
        DftFromTo<W>::template run<V>(load, store);
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
    transform_from(work.d, t.passes, [=](std::size_t p, Cx<V>& point) {
        const std::size_t n = 2 * W * p;
        const V a = V::load(samples + n) * V::load(window + n);
        const V b = V::load(samples + n + W) * V::load(window + n + W);
        point = {pick_even(a, b), pick_odd(a, b)};
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
    transform_to(work.d, t.passes, [=](std::size_t p, Cx<V> point) {
        const std::size_t n = 2 * W * p;
        const V a = join_low(point.i, point.r), b = join_high(point.i, point.r);
        fma(a, V::load(window + n), V::load(sums + n)).store(sums + n);
        fma(b, V::load(window + n + W), V::load(sums + n + W)).store(sums + n + W);
    });
}

template <class V>
NB_INLINE Cx<V> reversed(Cx<V> a) { return {reverse(a.r), reverse(a.i)}; }

/// Bins as pairs of floats, and with their parts in two arrays; back: the last one first.
struct Pairs {
    float* values;
    template <class V>
    NB_INLINE Cx<V> load(std::size_t k) const {
        const V a = V::load(values + 2 * k), b = V::load(values + 2 * k + V::lanes);
        return {even(a, b), odd(a, b)};
    }
    template <class V>
    NB_INLINE Cx<V> load_back(std::size_t k) const {
        const V a = V::load(values + 2 * k), b = V::load(values + 2 * k + V::lanes);
        return {even_back(a, b), odd_back(a, b)};
    }
    template <class V>
    NB_INLINE void store(std::size_t k, Cx<V> z) const {
        zip_low(z.r, z.i).store(values + 2 * k);
        zip_high(z.r, z.i).store(values + 2 * k + V::lanes);
    }
    template <class V>
    NB_INLINE void store_back(std::size_t k, Cx<V> z) const {
        zip_low_back(z.r, z.i).store(values + 2 * k);
        zip_high_back(z.r, z.i).store(values + 2 * k + V::lanes);
    }
};
struct Parts {
    float *re, *im;
    template <class V>
    NB_INLINE Cx<V> load(std::size_t k) const { return {V::load(re + k), V::load(im + k)}; }
    template <class V>
    NB_INLINE Cx<V> load_back(std::size_t k) const { return reversed(load<V>(k)); }
    template <class V>
    NB_INLINE void store(std::size_t k, Cx<V> z) const { z.r.store(re + k), z.i.store(im + k); }
    template <class V>
    NB_INLINE void store_back(std::size_t k, Cx<V> z) const { store(k, reversed(z)); }
};

/// Z of lanes k .. k + W - 1 and of their mirror images g .. g + W - 1, and the roots.
template <class V>
struct Mirrored {
    float *zr, *zi;
    std::size_t k, g;
    Cx<V> w;
    NB_INLINE Mirrored(const FrameTables& t, float* re, float* im, std::size_t at)
        : zr(re), zi(im), k(at), g(t.half - at - V::lanes + 1),
          w{V::load(t.split_re + at), V::load(t.split_im + at)} {}

    NB_INLINE Pair<V> get() const {
        const Parts z{zr, zi};
        return split(z.load<V>(k), z.load_back<V>(g), w);
    }
    NB_INLINE void put(Pair<V> p) const {
        Cx<V> near, far;
        join(p, w, near, far);
        Parts{zr, zi}.store_back(g, far), Parts{zr, zi}.store(k, near);
    }
};

template <class V, class Bins>
NB_INLINE void put_bins(Bins bins, const Mirrored<V>& at) {
    const Pair<V> p = at.get();
    bins.store(at.k, p.e + p.t);
    bins.store_back(at.g, Cx<V>{p.e.r - p.t.r, p.t.i - p.e.i});
}

template <class V, class Bins>
NB_INLINE void get_bins(Bins bins, const Mirrored<V>& at) {
    at.put(from_bins(bins.template load<V>(at.k), bins.template load_back<V>(at.g)));
}

/// Calls step with all k <= h/2, in vectors as long as they and their mirror images are apart.
template <class V, class Step>
NB_INLINE void each_pair(const FrameTables& t, const FrameWork<V>& work, Step step) {
    std::size_t k = 0;
    for (; 2 * (k + V::lanes - 1) < t.half; k += V::lanes) {
        step(Mirrored<V>(t, work.zr, work.zi, k));
    }
    for (; 2 * k <= t.half; ++k) step(Mirrored<F1>(t, work.zr, work.zi, k));
}

/// Fetches what bins k and their mirror images (of `width` floats) will need of the row ahead.
template <class V>
NB_INLINE void fetch_both(const float* row, std::size_t width, std::size_t half,
                          const Mirrored<V>& at) {
    constexpr std::size_t W = V::lanes;
    for (std::size_t i = 0; i < width * W; i += 16) {
        if (W * width < 16 && width * at.k % 16 != 0) continue;
        fetch(row + width * at.k + i);
        fetch(row + width * (half - at.k) - i);
    }
}

template <class V>
void frame_forward(const FrameTables& t, const float* samples, const float* window, float* memory,
                   float* spectrum) {
    const FrameWork<V> work(memory, t.half);
    analyse(t, samples, window, work);
    each_pair(t, work, [=](auto at) { put_bins(Pairs{spectrum}, at); });
    spectrum[1] = spectrum[2 * t.half + 1] = 0.0f;
}

template <class V>
void frame_inverse(const FrameTables& t, const float* spectrum, std::size_t ahead, float* memory,
                   const float* window, float* sums) {
    const FrameWork<V> work(memory, t.half);
    const std::size_t half = t.half;
    each_pair(t, work, [=](auto at) {
        get_bins(Pairs{const_cast<float*>(spectrum)}, at);
        fetch_both(spectrum + ahead, 2, half, at);
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
    each_pair(t, work, [=](auto at) { put_bins(Parts{work.zr, work.zi}, at); });
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
    each_pair(t, work, [=](auto at) { get_bins(Parts{work.zr, work.zi}, at); });
    work.zr[0] = re[0] + im[0];
    work.zi[0] = re[0] - im[0];
    synthesise(t, work, window, sums);
}

template <class V>
void frame_masked(const FrameTables& t, const float* samples, const float* window, MaskRow mask,
                  float* memory, const float* synthesis_window, float* sums) {
    const FrameWork<V> work(memory, t.half);
    const std::size_t half = t.half;
    analyse(t, samples, window, work);
    if (mask.complex) {
        const float first = work.zr[0] + work.zi[0], last = work.zr[0] - work.zi[0];
        each_pair(t, work, [=](auto at) {
            const Pairs gains{const_cast<float*>(mask.values)};
            using L = decltype(at.w.r);
            at.put(masked(at.get(), gains.template load<L>(at.k),
                          gains.template load_back<L>(at.g)));
            fetch_both(mask.values + mask.ahead, 2, half, at);
        });
        // What a complex gain makes imaginary in the first and last bin doesn't count.
        const float a = 2.0f * first * mask.values[0], b = 2.0f * last * mask.values[2 * t.half];
        work.zr[0] = a + b;
        work.zi[0] = a - b;
    } else {
        each_pair(t, work, [=](auto at) {
            using L = decltype(at.w.r);
            const L low = L::load(mask.values + at.k), high = L::load(mask.values + at.g);
            at.put(masked(at.get(), low, reverse(high)));
            fetch_both(mask.values + mask.ahead, 1, half, at);
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
