// SPDX-License-Identifier: GPL-3.0-or-later
// Fourier transform of real signals of any even length n, float32. Everything else in this folder
// knows Fourier transforms through this one class.
//
// The n real values are taken as n/2 complex ones (even samples real, odd ones imaginary),
// transformed, and the two interleaved spectra told apart by their symmetries (H. Sorensen et al.,
// "Real-valued fast Fourier transform algorithms", 1987). With Z the transform of the n/2 values,
// h = n/2, w = exp(-2 pi i k / n):
//     X[k] = (Z[k] + conj Z[h-k]) / 2 - i w (Z[k] - conj Z[h-k]) / 2
// Twiddles are computed in double and rounded once. A plan holds tables only: it may serve many
// streams and threads, each with its own scratch.
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <memory>
#include <vector>

#include "fft_bluestein.h"
#include "fft_complex.h"

namespace neuralboard {

class RealFft {
public:
    /// n even, >= 2.
    explicit RealFft(std::size_t n) : size_(n), half_(n / 2) {
        if (ComplexFft<float>::can(half_)) {
            fast_ = std::make_unique<ComplexFft<float>>(half_);
        } else {
            any_ = std::make_unique<Bluestein>(half_);
        }
        for (std::size_t k = 0; k <= half_ / 2; ++k) {
            const double angle = -kTwoPi * static_cast<double>(k) / static_cast<double>(n);
            turn_re_.push_back(static_cast<float>(std::cos(angle)));
            turn_im_.push_back(static_cast<float>(std::sin(angle)));
        }
    }

    std::size_t size() const noexcept { return size_; }
    std::size_t bins() const noexcept { return half_ + 1; }

    /// The memory that one caller at a time works in.
    struct Scratch {
        std::vector<float> floats;
        std::vector<double> doubles;
    };

    Scratch make_scratch() const {
        return {std::vector<float>(4 * half_), std::vector<double>(any_ ? any_->scratch_size() : 0)};
    }

    /// samples [n] -> spectrum [n/2 + 1], unscaled. Does not allocate.
    void forward(const float* samples, std::complex<float>* spectrum,
                 Scratch& scratch) const noexcept {
        const Split<float> z = first_buffer(scratch);
        for (std::size_t k = 0; k < half_; ++k) {
            z.re[k] = samples[2 * k];
            z.im[k] = samples[2 * k + 1];
        }
        split(transform(z, scratch), spectrum);
    }

    /// spectrum [n/2 + 1] -> samples [n], n times the true inverse (the caller's window holds the
    /// 1/n). Imaginary parts of the first and last bin are ignored. Does not allocate.
    void inverse(const std::complex<float>* spectrum, float* samples,
                 Scratch& scratch) const noexcept {
        const Split<float> z = first_buffer(scratch);
        merge(spectrum, z);
        const Split<float> result = transform({z.im, z.re}, scratch);
        for (std::size_t k = 0; k < half_; ++k) {
            samples[2 * k] = result.im[k];
            samples[2 * k + 1] = result.re[k];
        }
    }

private:
    Split<float> first_buffer(Scratch& scratch) const noexcept {
        return {scratch.floats.data(), scratch.floats.data() + half_};
    }

    Split<float> transform(Split<float> z, Scratch& scratch) const noexcept {
        if (any_) {
            any_->forward(z, scratch.doubles.data());
            return z;
        }
        float* second = scratch.floats.data() + 2 * half_;
        return fast_->forward(z, {second, second + half_});
    }

    /// Bins k and h-k come from the same two values.
    void split(Split<float> z, std::complex<float>* spectrum) const noexcept {
        spectrum[0] = {z.re[0] + z.im[0], 0.0f};
        spectrum[half_] = {z.re[0] - z.im[0], 0.0f};
        for (std::size_t k = 1; k <= half_ / 2; ++k) {
            const std::size_t j = half_ - k;
            const float even_re = 0.5f * (z.re[k] + z.re[j]);
            const float even_im = 0.5f * (z.im[k] - z.im[j]);
            const float odd_re = 0.5f * (z.im[k] + z.im[j]);
            const float odd_im = 0.5f * (z.re[j] - z.re[k]);
            const float re = odd_re * turn_re_[k] - odd_im * turn_im_[k];
            const float im = odd_re * turn_im_[k] + odd_im * turn_re_[k];
            spectrum[k] = {even_re + re, even_im + im};
            spectrum[j] = {even_re - re, im - even_im};
        }
    }

    void merge(const std::complex<float>* spectrum, Split<float> z) const noexcept {
        z.re[0] = spectrum[0].real() + spectrum[half_].real();
        z.im[0] = spectrum[0].real() - spectrum[half_].real();
        for (std::size_t k = 1; k <= half_ / 2; ++k) {
            const std::size_t j = half_ - k;
            const float even_re = spectrum[k].real() + spectrum[j].real();
            const float even_im = spectrum[k].imag() - spectrum[j].imag();
            const float dif_re = spectrum[k].real() - spectrum[j].real();
            const float dif_im = spectrum[k].imag() + spectrum[j].imag();
            const float odd_re = dif_re * turn_re_[k] + dif_im * turn_im_[k];
            const float odd_im = dif_im * turn_re_[k] - dif_re * turn_im_[k];
            z.re[k] = even_re - odd_im;
            z.im[k] = even_im + odd_re;
            z.re[j] = even_re + odd_im;
            z.im[j] = odd_re - even_im;
        }
    }

    std::size_t size_, half_;
    std::unique_ptr<ComplexFft<float>> fast_;
    std::unique_ptr<Bluestein> any_;
    std::vector<float> turn_re_, turn_im_;  // exp(-2 pi i k / n)
};

}  // namespace neuralboard
