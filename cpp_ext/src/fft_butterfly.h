// SPDX-License-Identifier: GPL-3.0-or-later
// Discrete Fourier transforms of a few values held in registers, forward, unscaled:
// b[j] = sum_k a[k] exp(-2 pi i j k / r). Real and imaginary parts are kept apart ("split"), so
// that neighbouring transforms fill the lanes of a vector.
#pragma once

#include <cmath>

#include "loops.h"

namespace neuralboard {

constexpr double kTwoPi = 6.283185307179586476925286766559;

struct Radix2 {
    static constexpr int size = 2;

    template <class T>
    static void apply(T* re, T* im) noexcept {
        const T r = re[0] - re[1], i = im[0] - im[1];
        re[0] += re[1];
        im[0] += im[1];
        re[1] = r;
        im[1] = i;
    }
};

struct Radix3 {
    static constexpr int size = 3;

    template <class T>
    static void apply(T* re, T* im) noexcept {
        const T root = T(0.86602540378443864676);  // sin(pi/3)
        const T sum_r = re[1] + re[2], sum_i = im[1] + im[2];
        const T dif_r = root * (im[1] - im[2]), dif_i = root * (re[2] - re[1]);
        const T mid_r = re[0] - T(0.5) * sum_r, mid_i = im[0] - T(0.5) * sum_i;
        re[0] += sum_r;
        im[0] += sum_i;
        re[1] = mid_r + dif_r;
        im[1] = mid_i + dif_i;
        re[2] = mid_r - dif_r;
        im[2] = mid_i - dif_i;
    }
};

struct Radix4 {
    static constexpr int size = 4;

    template <class T>
    static void apply(T* re, T* im) noexcept {
        const T ar = re[0] + re[2], ai = im[0] + im[2];
        const T br = re[0] - re[2], bi = im[0] - im[2];
        const T cr = re[1] + re[3], ci = im[1] + im[3];
        const T dr = im[1] - im[3], di = re[3] - re[1];  // (a1 - a3) * -i
        re[0] = ar + cr;
        im[0] = ai + ci;
        re[1] = br + dr;
        im[1] = bi + di;
        re[2] = ar - cr;
        im[2] = ai - ci;
        re[3] = br - dr;
        im[3] = bi - di;
    }
};

struct Radix5 {
    static constexpr int size = 5;

    template <class T>
    static void apply(T* re, T* im) noexcept {
        const T c1 = T(0.30901699437494742410), c2 = T(-0.80901699437494742410);
        const T s1 = T(0.95105651629515357212), s2 = T(0.58778525229247312917);
        const T ar = re[1] + re[4], ai = im[1] + im[4], br = re[1] - re[4], bi = im[1] - im[4];
        const T cr = re[2] + re[3], ci = im[2] + im[3], dr = re[2] - re[3], di = im[2] - im[3];
        const T er = re[0] + c1 * ar + c2 * cr, ei = im[0] + c1 * ai + c2 * ci;
        const T fr = re[0] + c2 * ar + c1 * cr, fi = im[0] + c2 * ai + c1 * ci;
        const T gr = s1 * bi + s2 * di, gi = s1 * br + s2 * dr;
        const T hr = s2 * bi - s1 * di, hi = s2 * br - s1 * dr;
        re[0] += ar + cr;
        im[0] += ai + ci;
        re[1] = er + gr;
        im[1] = ei - gi;
        re[2] = fr + hr;
        im[2] = fi - hi;
        re[3] = fr - hr;
        im[3] = fi + hi;
        re[4] = er - gr;
        im[4] = ei + gi;
    }
};

/// cos and sin of 2 pi k / R, k < R.
template <int R>
struct RootTable {
    double cosine[R], sine[R];

    RootTable() {
        for (int k = 0; k < R; ++k) {
            cosine[k] = std::cos(kTwoPi * k / R);
            sine[k] = std::sin(kTwoPi * k / R);
        }
    }
};

/// Odd R: inputs k and R-k are added and subtracted first, which halves the multiplications.
template <int R>
struct RadixOdd {
    static constexpr int size = R;

    template <class T>
    static void apply(T* re, T* im) noexcept {
        constexpr int half = R / 2;
        T sum_r[half], sum_i[half], dif_r[half], dif_i[half];
        const T first_r = re[0], first_i = im[0];
        NEURALBOARD_UNROLL
        for (int k = 0; k < half; ++k) {
            sum_r[k] = re[k + 1] + re[R - 1 - k];
            sum_i[k] = im[k + 1] + im[R - 1 - k];
            dif_r[k] = re[k + 1] - re[R - 1 - k];
            dif_i[k] = im[k + 1] - im[R - 1 - k];
            re[0] += sum_r[k];
            im[0] += sum_i[k];
        }
        NEURALBOARD_UNROLL
        for (int j = 1; j <= half; ++j) {
            T even_r = first_r, even_i = first_i, odd_r = T(0), odd_i = T(0);
            NEURALBOARD_UNROLL
            for (int k = 0; k < half; ++k) {
                const T c = static_cast<T>(roots.cosine[j * (k + 1) % R]);
                const T s = static_cast<T>(roots.sine[j * (k + 1) % R]);
                even_r += c * sum_r[k];
                even_i += c * sum_i[k];
                odd_r += s * dif_i[k];
                odd_i += s * dif_r[k];
            }
            re[j] = even_r + odd_r;
            im[j] = even_i - odd_i;
            re[R - j] = even_r - odd_r;
            im[R - j] = even_i + odd_i;
        }
    }

private:
    inline static const RootTable<R> roots{};
};

}  // namespace neuralboard
