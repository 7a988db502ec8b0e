// SPDX-License-Identifier: GPL-3.0-or-later
// Fourier transform of real signals of any even length, in double, for lengths that have a prime
// factor above 7. Exact enough and slow: such lengths are rare.
//
// The n/2 complex points (kernel_frame.h tells real from complex) go through a convolution
// (L. Bluestein, "A linear filtering approach to the computation of discrete Fourier transform",
// 1970). With c[k] = exp(-i pi k^2 / h):
//     X[j] = c[j] * sum_k (x[k] c[k]) conj(c[j - k])
// which runs through transforms of a power of two >= 2h - 1.
#pragma once

#include <complex>
#include <cstddef>
#include <utility>
#include <vector>

#include "fft_tables.h"

namespace neuralboard {

class AnyFft {
public:
    using Point = std::complex<double>;

    explicit AnyFft(std::size_t n) : half_(n / 2), inner_(1) {
        while (inner_ < 2 * half_ - 1) inner_ *= 2;
        for (std::size_t k = 0; k < inner_ / 2; ++k) roots_.push_back(root(k, inner_));
        for (std::size_t k = 0; k <= half_; ++k) split_.push_back(root(k, n));
        // k^2 mod 2h, exact in integers: the angle stays small and so does its error.
        for (std::size_t k = 0; k < half_; ++k) chirp_.push_back(root(k * k % n, n));
        kernel_.assign(inner_, Point());
        for (std::size_t k = 0; k < half_; ++k) {
            kernel_[k] = kernel_[(inner_ - k) % inner_] =
                std::conj(chirp_[k]) / static_cast<double>(inner_);
        }
        power_of_two(kernel_.data());
    }

    /// Points that one caller at a time works in.
    std::size_t scratch_size() const noexcept { return inner_ + half_ + 1; }

    /// samples * window -> spectrum, 2 times. Does not allocate.
    void forward(const float* samples, const float* window, std::complex<float>* spectrum,
                 Point* scratch) const noexcept {
        Point* z = scratch + inner_;
        for (std::size_t k = 0; k < half_; ++k) {
            z[k] = Point(static_cast<double>(samples[2 * k]) * window[2 * k],
                         static_cast<double>(samples[2 * k + 1]) * window[2 * k + 1]);
        }
        transform(z, scratch);
        z[half_] = z[0];
        for (std::size_t k = 0; k <= half_; ++k) {
            const Point far = std::conj(z[half_ - k]);
            spectrum[k] = std::complex<float>(z[k] + far + times(split_[k], minus_i(z[k] - far)));
        }
        spectrum[0].imag(0.0f);
        spectrum[half_].imag(0.0f);
    }

    /// sums += window * n * inverse transform of spectrum. Does not allocate.
    void inverse(const std::complex<float>* spectrum, const float* window, float* sums,
                 Point* scratch) const noexcept {
        Point* z = scratch + inner_;
        for (std::size_t k = 0; k < half_; ++k) {  // conj 2 Z: the inverse is conj, forward, conj
            const Point near = bin(spectrum, k), far = std::conj(bin(spectrum, half_ - k));
            z[k] = std::conj(near + far - minus_i(times(std::conj(split_[k]), near - far)));
        }
        transform(z, scratch);
        for (std::size_t k = 0; k < half_; ++k) {
            sums[2 * k] += static_cast<float>(z[k].real()) * window[2 * k];
            sums[2 * k + 1] -= static_cast<float>(z[k].imag()) * window[2 * k + 1];
        }
    }

private:
    static Point root(std::size_t k, std::size_t n) {
        return std::polar(1.0, -kTwoPi * static_cast<double>(k) / static_cast<double>(n));
    }

    /// The library's own product looks for infinities.
    static Point times(Point a, Point b) noexcept {
        return {a.real() * b.real() - a.imag() * b.imag(),
                a.real() * b.imag() + a.imag() * b.real()};
    }

    static Point minus_i(Point a) noexcept { return {a.imag(), -a.real()}; }

    /// Imaginary parts of the first and last bin are ignored.
    Point bin(const std::complex<float>* spectrum, std::size_t k) const noexcept {
        return {spectrum[k].real(), k == 0 || k == half_ ? 0.0 : spectrum[k].imag()};
    }

    /// z [half] in place, through scratch [inner].
    void transform(Point* z, Point* scratch) const noexcept {
        for (std::size_t k = 0; k < half_; ++k) scratch[k] = times(z[k], chirp_[k]);
        for (std::size_t k = half_; k < inner_; ++k) scratch[k] = Point();
        power_of_two(scratch);
        for (std::size_t k = 0; k < inner_; ++k) {
            scratch[k] = std::conj(times(scratch[k], kernel_[k]));
        }
        power_of_two(scratch);
        for (std::size_t k = 0; k < half_; ++k) z[k] = times(std::conj(scratch[k]), chirp_[k]);
    }

    /// The textbook's: bits reversed, then pairs.
    void power_of_two(Point* x) const noexcept {
        for (std::size_t i = 0, j = 0; i < inner_; ++i) {
            if (i < j) std::swap(x[i], x[j]);
            std::size_t bit = inner_ / 2;
            for (; j & bit; bit /= 2) j ^= bit;
            j |= bit;
        }
        for (std::size_t m = 1; m < inner_; m *= 2) {
            for (std::size_t begin = 0; begin < inner_; begin += 2 * m) {
                for (std::size_t k = 0; k < m; ++k) {
                    Point &a = x[begin + k], &b = x[begin + k + m];
                    const Point turned = times(b, roots_[k * (inner_ / 2 / m)]);
                    b = a - turned;
                    a += turned;
                }
            }
        }
    }

    std::size_t half_, inner_;
    std::vector<Point> roots_, split_, chirp_, kernel_;
};

}  // namespace neuralboard
