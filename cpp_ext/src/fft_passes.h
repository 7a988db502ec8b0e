// SPDX-License-Identifier: GPL-3.0-or-later
// Complex transform in place, of vectors: each lane holds a transform of its own.
//
// One pass of radix r on a transform of r m points is, for j < m and k < r, w = exp(-2 pi i/(r m)),
//     d[j + k m] <- w^(j k) * sum_l d[j + l m] exp(-2 pi i k l / r),
// after which each of the r parts of m points is transformed by itself (decimation in frequency;
// M. Frigo and S. Johnson, "The design and implementation of FFTW3", 2005, describe the family).
// Frequency k ends at `position[k]`: nothing is reordered, readers look there. The transposed
// algorithm (decimation in time: turns first, then sums, last pass first) takes that order and
// gives the natural one.
//
// The first pass of one and the last pass of the other reach the outside through a functor, so that
// windows, layouts and overlap-add cost no pass through memory of their own.
#pragma once

#include "dft.h"
#include "kernels.h"

namespace neuralboard {
namespace NEURALBOARD_LEVEL {

/// Parts that take no more than this are passed over together, larger ones one after the other:
/// each then does all its passes in the first-level cache.
constexpr std::size_t kNear = 32768;

template <class V>
NB_INLINE Cx<V> turned(Cx<V> x, const float* w, int k) {
    return k > 0 ? x * Cx<V>{V::all(w[2 * k - 2]), V::all(w[2 * k - 1])} : x;
}

/// R points m apart, in place. w: their turns, or null.
template <bool in_time, int R, class V>
NB_INLINE void butterfly(Cx<V>* d, std::size_t m, const float* w) {
    const auto load = [=](int k) { return in_time && w ? turned(d[k * m], w, k) : d[k * m]; };
    const auto store = [=](int k, Cx<V> x) { d[k * m] = !in_time && w ? turned(x, w, k) : x; };
    DftFromTo<R>::template run<V>(load, store);
}

/// One pass over `parts` transforms of R m points each. in_time: the transposed algorithm's.
template <bool in_time, int R, class V>
inline void pass(Cx<V>* d, std::size_t parts, std::size_t m, const float* turns) {
    if (m == 1) {
        Cx<V>* const end = d + parts * R;
        for (; d != end; d += R) butterfly<in_time, R>(d, 1, nullptr);
        return;
    }
    for (std::size_t b = 0; b < parts; ++b, d += (R - 1) * m) {
        const float* w = turns;
        Cx<V>* const end = d + m;
        for (; d != end; ++d, w += 2 * (R - 1)) butterfly<in_time, R>(d, m, w);
    }
}

template <bool in_time, class V>
NB_INLINE void pass(Cx<V>* d, std::size_t parts, const Passes& passes, int level) {
    switch (passes.radix[level]) {
#define CASE(R) \
    case R: return pass<in_time, R>(d, parts, passes.part[level], passes.turns[level]);
        CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(10) CASE(12) CASE(15)
#undef CASE
    }
}

/// The passes from `level` on, in time last pass first.
template <bool in_time, class V>
void all_passes(Cx<V>* d, const Passes& passes, int level, std::size_t parts) {
    if (level == passes.count) return;
    const std::size_t size = passes.part[level] * static_cast<std::size_t>(passes.radix[level]);
    if (parts * size * sizeof(Cx<V>) <= kNear) {
        for (int i = level; i < passes.count; ++i) {
            const int l = in_time ? passes.count - 1 - (i - level) : i;
            const std::size_t r = static_cast<std::size_t>(passes.radix[l]);
            pass<in_time>(d, parts * size / (r * passes.part[l]), passes, l);
        }
    } else if (parts > 1) {
        for (std::size_t b = 0; b < parts; ++b) all_passes<in_time>(d + b * size, passes, level, 1);
    } else {
        if (!in_time) pass<in_time>(d, 1, passes, level);
        all_passes<in_time>(d, passes, level + 1, size / passes.part[level]);
        if (in_time) pass<in_time>(d, 1, passes, level);
    }
}

/// The first pass on what load(j, m, x) gives: x[p][k] = point j + p + k m, p < P, k < R.
template <int R, int P, class V, class Load>
NB_INLINE void first_pass(Cx<V>* d, std::size_t m, const float* turns, Load load) {
    for (std::size_t j = 0; j < m; j += P) {
        Cx<V> x[P][R];
        load(j, m, x);
        NEURALBOARD_UNROLL
        for (int p = 0; p < P; ++p) {
            Dft<R>::run(x[p]);
            const float* w = turns + (j + p) * 2 * (R - 1);
            NEURALBOARD_UNROLL
            for (int k = 0; k < R; ++k) d[j + p + k * m] = turned(x[p][k], w, k);
        }
    }
}

template <int R, int P, class V, class Store>
NB_INLINE void last_pass(const Cx<V>* d, std::size_t m, const float* turns, Store store) {
    for (std::size_t j = 0; j < m; j += P) {
        Cx<V> x[P][R];
        NEURALBOARD_UNROLL
        for (int p = 0; p < P; ++p) {
            const float* w = turns + (j + p) * 2 * (R - 1);
            NEURALBOARD_UNROLL
            for (int k = 0; k < R; ++k) x[p][k] = turned(d[j + p + k * m], w, k);
            Dft<R>::run(x[p]);
        }
        store(j, m, x);
    }
}

/// Calls each(j, point) for points n apart.
template <class Points, class Each>
NB_INLINE void each_point(std::size_t j, std::size_t n, Points& points, Each each) {
    NEURALBOARD_UNROLL
    for (auto& point : points) each(j, point), j += n;
}

/// Forward transform of what each(j, point) gives, into d.
template <class V, class Each>
NB_INLINE void transform_from(Cx<V>* d, const Passes& passes, Each each) {
    const std::size_t m = passes.part[0];
    const float* turns = passes.turns[0];
    const auto load = [=](std::size_t j, std::size_t n, auto& x) { each_point(j, n, x[0], each); };
    switch (passes.radix[0]) {
        case 4: first_pass<4, 1>(d, m, turns, load); break;
        case 5: first_pass<5, 1>(d, m, turns, load); break;
        case 8: first_pass<8, 1>(d, m, turns, load); break;
        default:
            first_pass<1, 1>(d, m * static_cast<std::size_t>(passes.radix[0]), nullptr, load);
            return all_passes<false>(d, passes, 0, 1);
    }
    all_passes<false>(d, passes, 1, static_cast<std::size_t>(passes.radix[0]));
}

/// The transposed one, to each(j, point).
template <class V, class Each>
NB_INLINE void transform_to(Cx<V>* d, const Passes& passes, Each each) {
    const std::size_t m = passes.part[0], r = static_cast<std::size_t>(passes.radix[0]);
    const float* turns = passes.turns[0];
    const auto store = [=](std::size_t j, std::size_t n, auto& x) { each_point(j, n, x[0], each); };
    const bool joined = r == 4 || r == 5 || r == 8;
    all_passes<true>(d, passes, joined, joined ? r : 1);
    switch (r) {
        case 4: return last_pass<4, 1>(d, m, turns, store);
        case 5: return last_pass<5, 1>(d, m, turns, store);
        case 8: return last_pass<8, 1>(d, m, turns, store);
        default: return last_pass<1, 1>(d, r * m, nullptr, store);
    }
}

}  // namespace NEURALBOARD_LEVEL
}  // namespace neuralboard
