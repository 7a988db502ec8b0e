// SPDX-License-Identifier: GPL-3.0-or-later
// Real from complex (H. Sorensen et al., "Real-valued fast Fourier transform algorithms", 1987):
// the n real values are taken as h = n/2 complex ones (even samples real, odd ones imaginary),
// transformed to Z, and the two interleaved spectra told apart. With w = exp(-2 pi i k / n),
//     E = Z[k] + conj Z[h-k],  T = -i w (Z[k] - conj Z[h-k]),
//     2 X[k] = E + T,  2 conj X[h-k] = E - T.
// Back: E and T as sum and difference of two bins, 2 Z[k] = E + i conj(w) T,
// 2 conj Z[h-k] = E - i conj(w) T.
//
// A mask between them is applied to the bins in registers, by the operations that a spectrum in
// memory would see: with a real one, both ways give the same bits.
#pragma once

#include "dft.h"

namespace neuralboard {
namespace NEURALBOARD_LEVEL {

/// E and T of k and h - k; or the two values of Z there.
template <class V>
struct Pair {
    Cx<V> e, t;
};

template <class V>
NB_INLINE Pair<V> split(Cx<V> near, Cx<V> far, Cx<V> w) {
    return {{near.r + far.r, near.i - far.i}, Cx<V>{near.i + far.i, far.r - near.r} * w};
}

/// E and T of two bins.
template <class V>
NB_INLINE Pair<V> from_bins(Cx<V> near, Cx<V> far) {
    return {{near.r + far.r, near.i - far.i}, {near.r - far.r, near.i + far.i}};
}

/// Z[k] and Z[h-k], each as real and imaginary part.
template <class V>
NB_INLINE void join(Pair<V> p, Cx<V> w, Cx<V>& near, Cx<V>& far) {
    const Cx<V> o = turn_back(p.t, w);
    near = {p.e.r - o.i, p.e.i + o.r}, far = {p.e.r + o.i, o.r - p.e.i};
}

/// E and T (twice) of the bins times real or complex gains.
template <class V>
NB_INLINE Pair<V> masked(Pair<V> p, V low, V high) {
    const Cx<V> a = p.e + p.t, b = p.e - p.t;
    const Cx<V> near = {a.r * low, a.i * low}, far = {b.r * high, b.i * high};
    return {near + far, near - far};
}
template <class V>
NB_INLINE Pair<V> masked(Pair<V> p, Cx<V> low, Cx<V> high) {
    const Cx<V> near = (p.e + p.t) * low, far = turn_back(p.e - p.t, high);
    return {near + far, near - far};
}

}  // namespace NEURALBOARD_LEVEL
}  // namespace neuralboard
