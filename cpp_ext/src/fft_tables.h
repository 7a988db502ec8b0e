// SPDX-License-Identifier: GPL-3.0-or-later
// The roots of unity that the kernels read, computed in double and rounded once.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels.h"

namespace neuralboard {

constexpr double kTwoPi = 6.283185307179586476925286766559;

/// FrameTables and the memory behind them.
class TableSet {
public:
    /// Whether the passes can transform half points: no prime factor above 7.
    static bool can(std::size_t half) {
        for (std::size_t p : {std::size_t{2}, std::size_t{3}, std::size_t{5}, std::size_t{7}}) {
            while (half % p == 0) half /= p;
        }
        return half == 1;
    }

    /// lanes: of one transform (FrameKernel); 1: each lane has a transform of its own.
    TableSet(std::size_t half, std::size_t lanes) {
        tables_.half = half;
        add_passes(half / lanes, lanes > 1);
        const double step = -kTwoPi / static_cast<double>(half);
        for (std::size_t l = 0; l < lanes && lanes > 1; ++l) {
            for (std::size_t k = 0; k < half / lanes; ++k) {
                add_turn(lane_re_, lane_im_, step * static_cast<double>(l * k));
            }
        }
        for (std::size_t k = 0; k <= half / 2; ++k) {
            add_turn(split_re_, split_im_, 0.5 * step * static_cast<double>(k));
            if (2 * k == half) split_re_[k] = 0.0f;  // exactly: this bin is its own mirror image
        }
        tables_.lane_re = lane_re_.data(), tables_.lane_im = lane_im_.data();
        tables_.split_re = split_re_.data(), tables_.split_im = split_im_.data();
    }

    TableSet(const TableSet&) = delete;
    TableSet& operator=(const TableSet&) = delete;

    const FrameTables& get() const noexcept { return tables_; }

private:
    /// First 4 or 5, or 8 of a frame if all are 8: the pass that is joined with what comes before
    /// or after. Then what holds odd factors, composites before primes, then powers of two, as few
    /// passes as there may be of 4 and 8, 8 last. (Measured; radix 16 does not pay as a pass: it
    /// needs more registers than there are.)
    static std::vector<int> radices(std::size_t n, bool frame) {
        std::vector<int> result;
        const auto take = [&](std::size_t r) {
            if (n % r != 0) return false;
            result.push_back(static_cast<int>(r));
            n /= r;
            return true;
        };
        if (frame && (n == 64 || n == 512 || n == 4096)) take(8);
        else if (!take(4)) take(5);
        for (std::size_t r : {12, 10, 6, 15, 7, 5, 3}) {
            while (take(r)) continue;
        }
        const auto powers = static_cast<std::ptrdiff_t>(result.size());
        while (n != 2 && n != 4 && n != 16 && take(8)) continue;
        while (take(4)) continue;
        take(2);
        std::sort(result.begin() + powers, result.end());
        return result;
    }

    static void add_turn(std::vector<float>& re, std::vector<float>& im, double angle) {
        re.push_back(static_cast<float>(std::cos(angle)));
        im.push_back(static_cast<float>(std::sin(angle)));
    }

    void add_passes(std::size_t n, bool frame) {
        Passes& passes = tables_.passes;
        std::size_t length = n;
        for (int radix : radices(n, frame)) {
            const std::size_t r = static_cast<std::size_t>(radix), m = length / r;
            const double step = -kTwoPi / static_cast<double>(length);
            std::vector<float>& turns = turns_[passes.count];
            for (std::size_t j = 0; j < m; ++j) {
                for (std::size_t k = 1; k < r; ++k) {
                    const double angle = step * static_cast<double>(j * k);
                    turns.push_back(static_cast<float>(std::cos(angle)));
                    turns.push_back(static_cast<float>(std::sin(angle)));
                }
            }
            passes.radix[passes.count] = radix;
            passes.part[passes.count] = length = m;
            passes.turns[passes.count++] = turns.data();
        }
        for (std::size_t k = 0; k < n; ++k) {  // each radix takes the lowest digit of k
            std::size_t at = 0, rest = k;
            for (int p = 0; p < passes.count; ++p) {
                const std::size_t r = static_cast<std::size_t>(passes.radix[p]);
                at += rest % r * passes.part[p];
                rest /= r;
            }
            position_.push_back(static_cast<std::uint32_t>(at));
        }
        passes.position = position_.data();
    }

    FrameTables tables_{};
    std::vector<float> turns_[Passes::kMost];
    std::vector<std::uint32_t> position_;
    std::vector<float> lane_re_, lane_im_, split_re_, split_im_;
};

}  // namespace neuralboard
