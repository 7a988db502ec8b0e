// SPDX-License-Identifier: GPL-3.0-or-later
// Discrete Fourier transforms of a few complex vectors held in registers, forward, unscaled:
//     x[j] <- sum_k x[k] exp(-2 pi i j k / R)
// Only this direction exists. An inverse transform is a forward one between exchanged real and
// imaginary parts, and its callers exchange them in how they load and store, at no cost.
#pragma once

#include "loops.h"
#include "simd.h"

namespace neuralboard {
namespace NEURALBOARD_LEVEL {

template <class V>
struct Cx {
    V r, i;
};
template <class V>
NB_INLINE Cx<V> operator+(Cx<V> a, Cx<V> b) { return {a.r + b.r, a.i + b.i}; }
template <class V>
NB_INLINE Cx<V> operator-(Cx<V> a, Cx<V> b) { return {a.r - b.r, a.i - b.i}; }
template <class V>
NB_INLINE Cx<V> operator*(Cx<V> a, Cx<V> w) {
    return {fnma(a.i, w.i, a.r * w.r), fma(a.i, w.r, a.r * w.i)};
}
/// a conj(w)
template <class V>
NB_INLINE Cx<V> turn_back(Cx<V> a, Cx<V> w) {
    return {fma(a.i, w.i, a.r * w.r), fnma(a.r, w.i, a.i * w.r)};
}
/// a + s b, a - s b for a real s
template <class V>
NB_INLINE Cx<V> plus(Cx<V> a, V s, Cx<V> b) { return {fma(s, b.r, a.r), fma(s, b.i, a.i)}; }
template <class V>
NB_INLINE Cx<V> minus(Cx<V> a, V s, Cx<V> b) { return {fnma(s, b.r, a.r), fnma(s, b.i, a.i)}; }
/// a - i b, a + i b
template <class V>
NB_INLINE Cx<V> minus_i(Cx<V> a, Cx<V> b) { return {a.r + b.i, a.i - b.r}; }
template <class V>
NB_INLINE Cx<V> plus_i(Cx<V> a, Cx<V> b) { return {a.r - b.i, a.i + b.r}; }

template <class V>
NB_INLINE void dft4(Cx<V>& a, Cx<V>& b, Cx<V>& c, Cx<V>& d) {
    const Cx<V> e = a + c, f = a - c, g = b + d, h = b - d;
    a = e + g, b = minus_i(f, h), c = e - g, d = plus_i(f, h);
}

/// Odd R by pairs: with s_k = x[k] + x[R-k], d_k = x[k] - x[R-k],
///     X[j], X[R-j] = x[0] + sum_k cos(2 pi j k / R) s_k  -+  i sum_k sin(2 pi j k / R) d_k
template <int R>
struct Roots;  // cos and sin of 2 pi k / R, k = 0 .. R-1
template <>
struct Roots<3> {
    static constexpr double cosine[] = {1, -0.5, -0.5};
    static constexpr double sine[] = {0, 0.86602540378443864676, -0.86602540378443864676};
};
template <>
struct Roots<7> {
    static constexpr double c1 = 0.62348980185873353053, c2 = -0.22252093395631440429;
    static constexpr double c3 = -0.90096886790241912624;
    static constexpr double s1 = 0.78183148246802980871, s2 = 0.97492791218182360702;
    static constexpr double s3 = 0.43388373911755812048;
    static constexpr double cosine[] = {1, c1, c2, c3, c3, c2, c1};
    static constexpr double sine[] = {0, s1, s2, s3, -s3, -s2, -s1};
};

template <int R>
struct Dft {
    template <class V>
    static NB_INLINE void run(Cx<V>* x) {
        constexpr int half = R / 2;
        Cx<V> sum[half], dif[half];
        const Cx<V> first = x[0];
        NEURALBOARD_UNROLL
        for (int k = 0; k < half; ++k) {
            sum[k] = x[k + 1] + x[R - 1 - k];
            dif[k] = x[k + 1] - x[R - 1 - k];
            x[0] = x[0] + sum[k];
        }
        NEURALBOARD_UNROLL
        for (int j = 1; j <= half; ++j) {
            const V s = V::all(static_cast<float>(Roots<R>::sine[j]));
            Cx<V> even = first, odd = {s * dif[0].r, s * dif[0].i};
            NEURALBOARD_UNROLL
            for (int k = 0; k < half; ++k) {
                const int turn = j * (k + 1) % R;
                even = plus(even, V::all(static_cast<float>(Roots<R>::cosine[turn])), sum[k]);
                const V t = V::all(static_cast<float>(Roots<R>::sine[turn]));
                if (k > 0) odd = plus(odd, t, dif[k]);
            }
            x[j] = minus_i(even, odd);
            x[R - j] = plus_i(even, odd);
        }
    }
};

template <>
struct Dft<1> {
    template <class V>
    static NB_INLINE void run(Cx<V>*) {}
};

template <>
struct Dft<2> {
    template <class V>
    static NB_INLINE void run(Cx<V>* x) {
        const Cx<V> a = x[0], b = x[1];
        x[0] = a + b, x[1] = a - b;
    }
};

template <>
struct Dft<4> {
    template <class V>
    static NB_INLINE void run(Cx<V>* x) { dft4(x[0], x[1], x[2], x[3]); }
};

/// The even part by Winograd (1978): the cosines are -1/4 plus and minus sqrt(5)/4, and a quarter is
/// an exact product. One rounding less each way than by the sums above, which sizes with 5^3 need.
template <>
struct Dft<5> {
    template <class V>
    static NB_INLINE void run(Cx<V>* x) {
        const V s1 = V::all(0.95105651629515357212f), s2 = V::all(0.58778525229247312917f);
        const V root = V::all(0.55901699437494742410f), quarter = V::all(0.25f);
        const Cx<V> sum1 = x[1] + x[4], sum2 = x[2] + x[3], dif1 = x[1] - x[4], dif2 = x[2] - x[3];
        const Cx<V> all = sum1 + sum2, apart = sum1 - sum2;
        const Cx<V> mean = minus(x[0], quarter, all);
        x[0] = x[0] + all;
        const Cx<V> near = plus(mean, root, apart), far = minus(mean, root, apart);
        const Cx<V> odd1 = plus(Cx<V>{s1 * dif1.r, s1 * dif1.i}, s2, dif2);
        const Cx<V> odd2 = minus(Cx<V>{s2 * dif1.r, s2 * dif1.i}, s1, dif2);
        x[1] = minus_i(near, odd1), x[4] = plus_i(near, odd1);
        x[2] = minus_i(far, odd2), x[3] = plus_i(far, odd2);
    }
};

/// A B with no common factor needs no roots between (I. Good, 1958): with k = (B k1 + A k2) mod AB,
/// exp(-2 pi i j k / AB) = exp(-2 pi i j k1 / A) exp(-2 pi i j k2 / B), j mod A and j mod B.
template <int A, int B>
struct Coprime {
    template <class V>
    static NB_INLINE void run(Cx<V>* x) {
        constexpr int R = A * B;
        Cx<V> y[R];
        NEURALBOARD_UNROLL
        for (int k2 = 0; k2 < B; ++k2) {
            Cx<V> column[A];
            NEURALBOARD_UNROLL
            for (int k1 = 0; k1 < A; ++k1) column[k1] = x[(B * k1 + A * k2) % R];
            Dft<A>::run(column);
            NEURALBOARD_UNROLL
            for (int j1 = 0; j1 < A; ++j1) y[j1 * B + k2] = column[j1];
        }
        NEURALBOARD_UNROLL
        for (int j1 = 0; j1 < A; ++j1) Dft<B>::run(y + j1 * B);
        NEURALBOARD_UNROLL
        for (int j = 0; j < R; ++j) x[j] = y[j % A * B + j % B];
    }
};
template <>
struct Dft<6> : Coprime<3, 2> {};
template <>
struct Dft<10> : Coprime<5, 2> {};
template <>
struct Dft<12> : Coprime<3, 4> {};
template <>
struct Dft<15> : Coprime<5, 3> {};

/// store(j, X[j]) from load(k) = x[k], for what does not fit into registers all at once.
template <int R>
struct DftFromTo {
    template <class V, class Load, class Store>
    static NB_INLINE void run(Load load, Store store) {
        Cx<V> x[R];
        NEURALBOARD_UNROLL
        for (int k = 0; k < R; ++k) x[k] = load(k);
        Dft<R>::run(x);
        NEURALBOARD_UNROLL
        for (int j = 0; j < R; ++j) store(j, x[j]);
    }
};

/// Two dft4, then pairs; the roots between are 1, (1-i)/sqrt 2, -i, (-1-i)/sqrt 2.
template <>
struct DftFromTo<8> {
    template <class V, class Load, class Store>
    static NB_INLINE void run(Load load, Store store) {
        Cx<V> e[4], o[4];
        NEURALBOARD_UNROLL
        for (int i = 0; i < 4; ++i) e[i] = load(2 * i);
        dft4(e[0], e[1], e[2], e[3]);
        NEURALBOARD_UNROLL
        for (int i = 0; i < 4; ++i) o[i] = load(2 * i + 1);
        dft4(o[0], o[1], o[2], o[3]);
        const V h = V::all(0.70710678118654752440f);
        const Cx<V> a = {o[1].r + o[1].i, o[1].i - o[1].r};  // sqrt 2 times turned
        const Cx<V> b = {o[3].i - o[3].r, o[3].r + o[3].i};  // and this one negated in i below
        store(0, e[0] + o[0]), store(4, e[0] - o[0]);
        store(1, plus(e[1], h, a)), store(5, minus(e[1], h, a));
        store(2, minus_i(e[2], o[2])), store(6, plus_i(e[2], o[2]));
        store(3, Cx<V>{fma(h, b.r, e[3].r), fnma(h, b.i, e[3].i)});
        store(7, Cx<V>{fnma(h, b.r, e[3].r), fma(h, b.i, e[3].i)});
    }
};

template <>
struct Dft<8> {
    template <class V>
    static NB_INLINE void run(Cx<V>* x) {
        const auto load = [=](int k) { return x[k]; };
        const auto store = [=](int j, Cx<V> y) { x[j] = y; };
        DftFromTo<8>::run<V>(load, store);
    }
};

/// Four dft4, roots, four dft4: k = k1 + 4 k2, j = 4 j1 + j2, the roots are w^(k1 j2).
template <>
struct DftFromTo<16> {
    static constexpr double c1 = 0.92387953251128675613, c2 = 0.70710678118654752440;
    static constexpr double c3 = 0.38268343236508977173;
    static constexpr double cosine[] = {1, c1, c2, c3, 0, -c3, -c2, -c1, -1, -c1};
    static constexpr double sine[] = {0, -c3, -c2, -c1, -1, -c1, -c2, -c3, 0, c3};

    template <class V, class Load, class Store>
    static NB_INLINE void run(Load load, Store store) {
        Cx<V> x[4][4];
        NEURALBOARD_UNROLL
        for (int k = 0; k < 4; ++k) {
            NEURALBOARD_UNROLL
            for (int i = 0; i < 4; ++i) x[k][i] = load(k + 4 * i);
            dft4(x[k][0], x[k][1], x[k][2], x[k][3]);
            NEURALBOARD_UNROLL
            for (int j = 1; j < 4 && k > 0; ++j) {
                x[k][j] = x[k][j] * Cx<V>{V::all(static_cast<float>(cosine[k * j])),
                                          V::all(static_cast<float>(sine[k * j]))};
            }
        }
        NEURALBOARD_UNROLL
        for (int j = 0; j < 4; ++j) {
            dft4(x[0][j], x[1][j], x[2][j], x[3][j]);
            NEURALBOARD_UNROLL
            for (int i = 0; i < 4; ++i) store(j + 4 * i, x[i][j]);
        }
    }
};

}  // namespace NEURALBOARD_LEVEL
}  // namespace neuralboard
