// SPDX-License-Identifier: GPL-3.0-or-later
// Complex Fourier transform of any length as a convolution (L. Bluestein, "A linear filtering
// approach to the computation of discrete Fourier transform", 1970), for lengths with a large
// prime factor. With c[k] = exp(-i pi k^2 / n):
//     X[j] = c[j] * sum_k (x[k] c[k]) conj(c[j - k])
// The convolution runs through a power of two >= 2n - 1, in double: its intermediate values are
// large, and such lengths are rare.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "fft_complex.h"

namespace neuralboard {

class Bluestein {
public:
    explicit Bluestein(std::size_t n) : size_(n), inner_(power_of_two(2 * n - 1)) {
        const std::size_t m = inner_.size();
        for (std::size_t k = 0; k < n; ++k) {
            // k^2 mod 2n, exact in integers: the angle stays small and so does its error.
            const double turns = static_cast<double>((k * k) % (2 * n));
            const double angle = -0.5 * kTwoPi * turns / static_cast<double>(n);
            chirp_re_.push_back(std::cos(angle));
            chirp_im_.push_back(std::sin(angle));
        }
        std::vector<double> re(m, 0.0), im(m, 0.0), work(2 * m);
        for (std::size_t k = 0; k < n; ++k) {
            const std::size_t mirror = (m - k) % m;
            re[k] = re[mirror] = chirp_re_[k] / static_cast<double>(m);
            im[k] = im[mirror] = -chirp_im_[k] / static_cast<double>(m);
        }
        const Split<double> result =
            inner_.forward({re.data(), im.data()}, {work.data(), work.data() + m});
        kernel_re_.assign(result.re, result.re + m);
        kernel_im_.assign(result.im, result.im + m);
    }

    /// Doubles that forward() needs to work in.
    std::size_t scratch_size() const noexcept { return 4 * inner_.size(); }

    /// Forward transform of data in place, unscaled. Does not allocate.
    template <class T>
    void forward(Split<T> data, double* scratch) const noexcept {
        const std::size_t m = inner_.size();
        Split<double> a{scratch, scratch + m};
        const Split<double> b{scratch + 2 * m, scratch + 3 * m};
        for (std::size_t k = 0; k < m; ++k) {
            const double re = k < size_ ? data.re[k] : 0.0, im = k < size_ ? data.im[k] : 0.0;
            const double c = k < size_ ? chirp_re_[k] : 0.0, s = k < size_ ? chirp_im_[k] : 0.0;
            a.re[k] = re * c - im * s;
            a.im[k] = re * s + im * c;
        }
        const Split<double> first = inner_.forward(a, b);
        const Split<double> other = first.re == a.re ? b : a;
        for (std::size_t k = 0; k < m; ++k) {
            const double re = first.re[k] * kernel_re_[k] - first.im[k] * kernel_im_[k];
            const double im = first.re[k] * kernel_im_[k] + first.im[k] * kernel_re_[k];
            first.re[k] = re;
            first.im[k] = im;
        }
        const Split<double> back = inner_.forward({first.im, first.re}, {other.im, other.re});
        for (std::size_t k = 0; k < size_; ++k) {  // back is exchanged: an inverse transform
            const double re = back.im[k], im = back.re[k];
            data.re[k] = static_cast<T>(re * chirp_re_[k] - im * chirp_im_[k]);
            data.im[k] = static_cast<T>(re * chirp_im_[k] + im * chirp_re_[k]);
        }
    }

private:
    static std::size_t power_of_two(std::size_t at_least) {
        std::size_t m = 1;
        while (m < at_least) m *= 2;
        return m;
    }

    std::size_t size_;
    ComplexFft<double> inner_;
    std::vector<double> chirp_re_, chirp_im_, kernel_re_, kernel_im_;
};

}  // namespace neuralboard
