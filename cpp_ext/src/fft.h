// SPDX-License-Identifier: GPL-3.0-or-later
// Fourier transform of real signals of any even length n, float32. Everything else in this folder
// knows Fourier transforms through this one class: with a window before and an overlap-add behind
// (analyse, synthesise, masked), or plainly (forward, inverse). None of them allocates.
//
// Lengths 2^a 3^b 5^c 7^d run on the kernels of the level (level.h) that is current when the plan
// is made; others through AnyFft, slowly. A plan holds tables only: it may serve many streams and
// threads, each with its own scratch. The same plan on the same frame gives the same bits always.
#pragma once

#include <algorithm>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "fft_any.h"
#include "fft_tables.h"
#include "level.h"
#include "mask.h"

namespace neuralboard {

/// Real and imaginary parts of complex values, each contiguous.
template <class T>
struct Split {
    T* re;
    T* im;
};

/// Floats that begin at a multiple of 64 bytes.
class AlignedFloats {
public:
    explicit AlignedFloats(std::size_t n = 0) : floats_(n + 15, 0.0f) {}

    float* data() noexcept {
        const auto address = reinterpret_cast<std::uintptr_t>(floats_.data());
        return floats_.data() + (64 - address % 64) % 64 / sizeof(float);
    }

private:
    std::vector<float> floats_;
};

class RealFft {
public:
    /// n even, >= 4.
    explicit RealFft(std::size_t n, const Kernels& kernels = Levels::get().current())
        : size_(n),
          halves_(n, 0.5f),
          ones_(n, 1.0f),
          group_(kernels.group),
          stream_lines_(kernels.stream_lines) {
        const std::size_t half = n / 2;
        if (!TableSet::can(half)) {
            any_ = std::make_unique<AnyFft>(n);
            return;
        }
        for (int i = 0; i < kernels.widths && frame_.lanes == 0; ++i) {
            const std::size_t lanes = kernels.frame[i].lanes;
            if (half % lanes == 0 && half >= lanes * lanes) frame_ = kernels.frame[i];
        }
        frame_tables_ = std::make_unique<TableSet>(half, frame_.lanes);
        if (half >= 8) group_tables_ = std::make_unique<TableSet>(half, 1);
    }

    std::size_t size() const noexcept { return size_; }
    std::size_t bins() const noexcept { return size_ / 2 + 1; }

    /// The memory that one caller at a time works in.
    struct Scratch {
        AlignedFloats floats;
        std::vector<AnyFft::Point> points;
        std::vector<Bin> spectrum;
    };

    Scratch make_scratch() const {
        if (!any_) return {AlignedFloats(2 * size_ + 160), {}, {}};
        return {AlignedFloats(), std::vector<AnyFft::Point>(any_->scratch_size()),
                std::vector<Bin>(bins())};
    }

    /// samples [n] -> real and imaginary parts [n/2] apart: bins 0 .. n/2 - 1, and in im[0], which
    /// would always be 0, the last bin (real as well). Lengths 2^a 3^b 5^c 7^d only. No scale.
    void forward(const float* samples, Split<float> packed, Scratch& scratch) const noexcept {
        frame_.forward_parts(frame_tables_->get(), samples, halves_.data(), scratch.floats.data(),
                             packed.re, packed.im);
    }

    /// The inverse of that, n times the true one.
    void inverse(Split<float> packed, float* samples, Scratch& scratch) const noexcept {
        std::fill_n(samples, size_, 0.0f);
        frame_.inverse_parts(frame_tables_->get(), packed.re, packed.im, scratch.floats.data(),
                             ones_.data(), samples);
    }

    /// spectrum [n/2 + 1] = 2 * transform of samples * window.
    void analyse(const float* samples, const float* half_window, Bin* spectrum,
                 Scratch& scratch) const noexcept {
        if (any_) return any_->forward(samples, half_window, spectrum, scratch.points.data());
        frame_.forward(frame_tables_->get(), samples, half_window, scratch.floats.data(),
                       reinterpret_cast<float*>(spectrum));
    }

    /// sums += window * n * inverse transform of spectrum. Imaginary parts of the first and last
    /// bin are ignored.
    void synthesise(const Bin* spectrum, const float* window, float* sums, Scratch& scratch,
                    std::size_t ahead = 0) const noexcept {
        if (any_) return any_->inverse(spectrum, window, sums, scratch.points.data());
        frame_.inverse(frame_tables_->get(), reinterpret_cast<const float*>(spectrum), ahead,
                       scratch.floats.data(), window, sums);
    }

    /// Both, the spectrum times mask between them. Bins never reach memory.
    void masked(const float* samples, const float* half_window, MaskRow mask, const float* window,
                float* sums, Scratch& scratch) const noexcept {
        if (any_) {
            Bin* spectrum = scratch.spectrum.data();
            analyse(samples, half_window, spectrum, scratch);
            multiply(spectrum, mask, bins());
            return synthesise(spectrum, window, sums, scratch);
        }
        frame_.masked(frame_tables_->get(), samples, half_window, mask, scratch.floats.data(),
                      window, sums);
    }

    /// Whether frames can be transformed in groups, one in each lane.
    std::size_t frame_lanes() const noexcept { return frame_.lanes; }
    bool has_group() const noexcept { return group_tables_ != nullptr; }
    const GroupKernel& group() const noexcept { return group_; }
    const FrameTables& group_tables() const noexcept { return group_tables_->get(); }
    void stream_lines(const float* from, float* to, std::size_t n) const noexcept {
        stream_lines_(from, to, n);
    }
    FrameStep group_step(std::size_t hop) const noexcept {
        const Passes& passes = group_tables().passes;
        const bool can = passes.radix[0] == 4 && passes.part[0] % 2 == 0;
        return {hop, can && 4 * hop == size_ ? 4 : can && 2 * hop == size_ ? 2 : 0};
    }
    std::size_t group_work(std::size_t hop) const noexcept { return group_.lanes * (size_ + hop); }

private:
    std::size_t size_;
    std::vector<float> halves_, ones_;
    FrameKernel frame_{};
    GroupKernel group_;
    void (*stream_lines_)(const float*, float*, std::size_t);
    std::unique_ptr<TableSet> frame_tables_, group_tables_;
    std::unique_ptr<AnyFft> any_;
};

using Plan = std::shared_ptr<const RealFft>;

}  // namespace neuralboard
