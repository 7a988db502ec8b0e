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
#include "loops.h"

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
        return {std::vector<float>(4 * pitch()), std::vector<double>(any_ ? any_->scratch_size() : 0)};
    }

    /// samples [n] -> spectrum [n/2 + 1], unscaled. Does not allocate.
    void forward(const float* samples, std::complex<float>* spectrum,
                 Scratch& scratch) const noexcept {
        const Split<float> z = buffer(scratch, 0);
        deinterleave(samples, z.re, z.im, half_);
        const Split<float> result = transform(z, scratch);
        const Split<float> bins = buffer(scratch, result.re == z.re ? 1 : 0);
        split(result, bins);
        auto* interleaved = reinterpret_cast<float*>(spectrum);
        interleave(bins.re, bins.im, interleaved, half_);
        interleaved[0] = result.re[0] + result.im[0];
        interleaved[1] = 0.0f;
        interleaved[2 * half_] = result.re[0] - result.im[0];
        interleaved[2 * half_ + 1] = 0.0f;
    }

    /// The same with real and imaginary parts [n/2] apart: bins 0 .. n/2 - 1, and in im[0], which
    /// would always be 0, the last bin (real as well). Does not allocate.
    void forward(const float* samples, Split<float> packed, Scratch& scratch) const noexcept {
        const Split<float> z = buffer(scratch, 0);
        deinterleave(samples, z.re, z.im, half_);
        const Split<float> result = transform(z, scratch);
        split(result, packed);
        packed.re[0] = result.re[0] + result.im[0];
        packed.im[0] = result.re[0] - result.im[0];
    }

    /// The inverse of that, n times the true one. Does not allocate.
    void inverse(Split<float> packed, float* samples, Scratch& scratch) const noexcept {
        const Split<float> z = buffer(scratch, 0);
        merge(packed, z);
        z.re[0] = packed.re[0] + packed.im[0];
        z.im[0] = packed.re[0] - packed.im[0];
        const Split<float> result = transform({z.im, z.re}, scratch);
        interleave(result.im, result.re, samples, half_);
    }

    /// spectrum [n/2 + 1] -> samples [n], n times the true inverse (the caller's window holds the
    /// 1/n). Imaginary parts of the first and last bin are ignored. Does not allocate.
    void inverse(const std::complex<float>* spectrum, float* samples,
                 Scratch& scratch) const noexcept {
        const Split<float> bins = buffer(scratch, 1), z = buffer(scratch, 0);
        deinterleave(reinterpret_cast<const float*>(spectrum), bins.re, bins.im, half_);
        merge(bins, z);
        z.re[0] = spectrum[0].real() + spectrum[half_].real();
        z.im[0] = spectrum[0].real() - spectrum[half_].real();
        const Split<float> result = transform({z.im, z.re}, scratch);
        interleave(result.im, result.re, samples, half_);
    }

private:
    /// From one buffer to the next. Powers of two would compete for the same places in the cache.
    std::size_t pitch() const noexcept { return half_ + 48; }

    Split<float> buffer(Scratch& scratch, std::size_t which) const noexcept {
        float* floats = scratch.floats.data() + 2 * which * pitch();
        return {floats, floats + pitch()};
    }

    /// z is in buffer 0; the result is there or in buffer 1.
    Split<float> transform(Split<float> z, Scratch& scratch) const noexcept {
        if (any_) {
            any_->forward(z, scratch.doubles.data());
            return z;
        }
        return fast_->forward(z, buffer(scratch, 1));
    }

    static void deinterleave(const float* __restrict pairs, float* __restrict even,
                             float* __restrict odd, std::size_t n) noexcept {
        for (std::size_t k = 0; k < n; ++k) {
            even[k] = pairs[2 * k];
            odd[k] = pairs[2 * k + 1];
        }
    }

    static void interleave(const float* __restrict even, const float* __restrict odd,
                           float* __restrict pairs, std::size_t n) noexcept {
        for (std::size_t k = 0; k < n; ++k) {
            pairs[2 * k] = even[k];
            pairs[2 * k + 1] = odd[k];
        }
    }

    /// Bins 1 .. h-1 from Z; bins k and h-k come from the same two values.
    void split(Split<float> z, Split<float> bins) const noexcept {
        const auto h = static_cast<std::ptrdiff_t>(half_);
        const float* __restrict zr = z.re;
        const float* __restrict zi = z.im;
        float* __restrict xr = bins.re;
        float* __restrict xi = bins.im;
        const float* __restrict c = turn_re_.data();
        const float* __restrict s = turn_im_.data();
        NEURALBOARD_INDEPENDENT
        for (std::ptrdiff_t k = 1; k <= h / 2; ++k) {
            const float even_re = 0.5f * (zr[k] + zr[h - k]);
            const float even_im = 0.5f * (zi[k] - zi[h - k]);
            const float odd_re = 0.5f * (zi[k] + zi[h - k]);
            const float odd_im = 0.5f * (zr[h - k] - zr[k]);
            const float re = odd_re * c[k] - odd_im * s[k];
            const float im = odd_re * s[k] + odd_im * c[k];
            xr[k] = even_re + re;
            xi[k] = even_im + im;
            xr[h - k] = even_re - re;
            xi[h - k] = im - even_im;
        }
    }

    /// 2 Z[1 .. h-1] from the bins.
    void merge(Split<float> bins, Split<float> z) const noexcept {
        const auto h = static_cast<std::ptrdiff_t>(half_);
        const float* __restrict xr = bins.re;
        const float* __restrict xi = bins.im;
        float* __restrict zr = z.re;
        float* __restrict zi = z.im;
        const float* __restrict c = turn_re_.data();
        const float* __restrict s = turn_im_.data();
        NEURALBOARD_INDEPENDENT
        for (std::ptrdiff_t k = 1; k <= h / 2; ++k) {
            const float even_re = xr[k] + xr[h - k], even_im = xi[k] - xi[h - k];
            const float dif_re = xr[k] - xr[h - k], dif_im = xi[k] + xi[h - k];
            const float odd_re = dif_re * c[k] + dif_im * s[k];
            const float odd_im = dif_im * c[k] - dif_re * s[k];
            zr[k] = even_re - odd_im;
            zi[k] = even_im + odd_re;
            zr[h - k] = even_re + odd_im;
            zi[h - k] = odd_re - even_im;
        }
    }

    std::size_t size_, half_;
    std::unique_ptr<ComplexFft<float>> fast_;
    std::unique_ptr<Bluestein> any_;
    std::vector<float> turn_re_, turn_im_;  // exp(-2 pi i k / n)
};

}  // namespace neuralboard
