// SPDX-License-Identifier: GPL-3.0-or-later
// Complex Fourier transform of any length whose prime factors are small, by Stockham's method:
// each pass reads one buffer and writes the other in the order that the next pass wants, so that
// no reordering is needed and the inner loops run over contiguous memory.
//
// One pass with radix r turns length r*m, stride s into r transforms of length m, stride r*s:
//     y[q + s (r p + j)] = w^(j p) * sum_k x[q + s (p + m k)] exp(-2 pi i j k / r)
//     for p < m, q < s, j < r, w = exp(-2 pi i / (r m)).
// (M. Frigo and S. Johnson describe the family in "The design and implementation of FFTW3", 2005.)
#pragma once

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "fft_butterfly.h"
#include "loops.h"

namespace neuralboard {

/// Real and imaginary parts of complex values, each contiguous.
template <class T>
struct Split {
    T* re;
    T* im;
};

template <class T>
class ComplexFft {
public:
    /// The largest prime factor that a pass takes; lengths with a larger one need Bluestein.
    static constexpr std::size_t kLargestPrime = 13;

    static bool can(std::size_t n) {
        for (std::size_t p = 2; p <= kLargestPrime; ++p) {
            while (n % p == 0) n /= p;
        }
        return n == 1;
    }

    explicit ComplexFft(std::size_t n) : size_(n) {
        std::size_t length = n, stride = 1;
        for (std::size_t radix : radices(n)) {
            passes_.push_back(make_pass(radix, length / radix, stride));
            length /= radix;
            stride *= radix;
        }
    }

    std::size_t size() const noexcept { return size_; }

    /// Forward transform, unscaled. Both buffers are overwritten; the result is in the returned
    /// one of the two. (Inverse: exchange re and im of what goes in and of what comes out.)
    Split<T> forward(Split<T> data, Split<T> work) const noexcept {
        for (const Pass& pass : passes_) {
            run(pass, data, work);
            std::swap(data, work);
        }
        return data;
    }

private:
    struct Pass {
        std::size_t radix, m, stride;
        std::vector<T> re, im;  // w^(j p) at [(j - 1) m + p], j = 1 .. radix - 1
    };

    /// Fours first: the strides that follow are then multiples of the vector width.
    static std::vector<std::size_t> radices(std::size_t n) {
        std::vector<std::size_t> result;
        for (std::size_t r : {std::size_t{4}, std::size_t{2}, std::size_t{5}, std::size_t{3}}) {
            for (; n % r == 0; n /= r) result.push_back(r);
        }
        for (std::size_t r = 7; n > 1; r += 2) {
            for (; n % r == 0; n /= r) result.push_back(r);
        }
        return result;
    }

    static Pass make_pass(std::size_t radix, std::size_t m, std::size_t stride) {
        Pass pass{radix, m, stride, {}, {}};
        const double step = -kTwoPi / static_cast<double>(radix * m);
        for (std::size_t j = 1; j < radix; ++j) {
            for (std::size_t p = 0; p < m; ++p) {
                const double angle = step * static_cast<double>(j * p);
                pass.re.push_back(static_cast<T>(std::cos(angle)));
                pass.im.push_back(static_cast<T>(std::sin(angle)));
            }
        }
        return pass;
    }

    static void run(const Pass& pass, Split<T> x, Split<T> y) noexcept {
        switch (pass.radix) {
            case 2: return run_radix<Radix2>(pass, x, y);
            case 3: return run_radix<Radix3>(pass, x, y);
            case 4: return run_radix<Radix4>(pass, x, y);
            case 5: return run_radix<Radix5>(pass, x, y);
            case 7: return run_radix<RadixOdd<7>>(pass, x, y);
            case 11: return run_radix<RadixOdd<11>>(pass, x, y);
            default: return run_radix<RadixOdd<13>>(pass, x, y);
        }
    }

    template <class Radix>
    static void run_radix(const Pass& pass, Split<T> x, Split<T> y) noexcept {
        if (pass.stride == 1) {
            first_pass<Radix>(pass, x.re, x.im, y.re, y.im);
        } else if (pass.stride == 4) {
            for (std::size_t p = 0; p < pass.m; ++p) {
                column<Radix, 4>(pass, p, 4, x.re, x.im, y.re, y.im);
            }
        } else {
            for (std::size_t p = 0; p < pass.m; ++p) {
                column<Radix, 0>(pass, p, pass.stride, x.re, x.im, y.re, y.im);
            }
        }
    }

    /// Stride 1: the vector runs over p, twiddles are loaded, results interleave.
    template <class Radix>
    static void first_pass(const Pass& pass, const T* __restrict xr, const T* __restrict xi,
                           T* __restrict yr, T* __restrict yi) noexcept {
        constexpr int r = Radix::size;
        const std::size_t m = pass.m;
        const T* __restrict wr = pass.re.data();
        const T* __restrict wi = pass.im.data();
        NEURALBOARD_INDEPENDENT
        for (std::size_t p = 0; p < m; ++p) {
            T re[r], im[r];
            NEURALBOARD_UNROLL
            for (int k = 0; k < r; ++k) {
                re[k] = xr[p + m * k];
                im[k] = xi[p + m * k];
            }
            Radix::apply(re, im);
            yr[r * p] = re[0];
            yi[r * p] = im[0];
            NEURALBOARD_UNROLL
            for (int j = 1; j < r; ++j) {
                const T c = wr[(j - 1) * m + p], s = wi[(j - 1) * m + p];
                yr[r * p + j] = re[j] * c - im[j] * s;
                yi[r * p + j] = re[j] * s + im[j] * c;
            }
        }
    }

    /// Other strides: the vector runs over q, one twiddle serves the whole row. Fixed is the
    /// stride if known to the compiler, else 0.
    template <class Radix, std::size_t Fixed>
    static void column(const Pass& pass, std::size_t p, std::size_t stride,
                       const T* __restrict xr, const T* __restrict xi, T* __restrict yr,
                       T* __restrict yi) noexcept {
        constexpr int r = Radix::size;
        const std::size_t s = Fixed ? Fixed : stride;
        const std::size_t m = pass.m;
        T wr[r], wi[r];
        NEURALBOARD_UNROLL
        for (int j = 1; j < r; ++j) {
            wr[j] = pass.re[(j - 1) * m + p];
            wi[j] = pass.im[(j - 1) * m + p];
        }
        const T* __restrict in_r = xr + s * p;
        const T* __restrict in_i = xi + s * p;
        T* __restrict out_r = yr + s * r * p;
        T* __restrict out_i = yi + s * r * p;
        NEURALBOARD_INDEPENDENT
        for (std::size_t q = 0; q < s; ++q) {
            T re[r], im[r];
            NEURALBOARD_UNROLL
            for (int k = 0; k < r; ++k) {
                re[k] = in_r[q + s * m * k];
                im[k] = in_i[q + s * m * k];
            }
            Radix::apply(re, im);
            out_r[q] = re[0];
            out_i[q] = im[0];
            NEURALBOARD_UNROLL
            for (int j = 1; j < r; ++j) {
                out_r[q + s * j] = re[j] * wr[j] - im[j] * wi[j];
                out_i[q + s * j] = re[j] * wi[j] + im[j] * wr[j];
            }
        }
    }

    std::size_t size_;
    std::vector<Pass> passes_;
};

}  // namespace neuralboard
