// SPDX-License-Identifier: GPL-3.0-or-later
// A parameter of a kernel: one value for the block, or one value per sample of a ramp.
#pragma once

#include <cmath>
#include <cstddef>

namespace neuralboard {

struct Control {
    float constant = 0.0f;
    const float* per_sample = nullptr;

    float at(std::size_t i) const noexcept { return per_sample ? per_sample[i] : constant; }

    /// The same parameter, counted from a later sample of the block.
    Control from(std::size_t begin) const noexcept {
        return {constant, per_sample ? per_sample + begin : nullptr};
    }

    /// Whether all n values are finite and lie within [low, high].
    bool within(float low, float high, std::size_t n) const noexcept {
        if (!per_sample) return constant >= low && constant <= high;
        for (std::size_t i = 0; i < n; ++i) {
            if (!(per_sample[i] >= low && per_sample[i] <= high)) return false;
        }
        return true;
    }
};

}  // namespace neuralboard
