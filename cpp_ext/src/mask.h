// SPDX-License-Identifier: GPL-3.0-or-later
// A real gain per frequency bin.
#pragma once

#include <complex>
#include <cstddef>

namespace neuralboard {

using Bin = std::complex<float>;

/// A real mask as seen by the loops: its values for one channel and frame are bins() floats at
/// values + channel * channel_pitch + frame * frame_pitch (pitches are 0 where it is shared).
struct Mask {
    const float* values;
    std::size_t channel_pitch;
    std::size_t frame_pitch;

    const float* at(std::size_t channel, std::size_t frame) const noexcept {
        return values + channel * channel_pitch + frame * frame_pitch;
    }
};

inline void apply_mask(Bin* __restrict spectrum, const float* __restrict mask,
                       std::size_t bins) noexcept {
    for (std::size_t k = 0; k < bins; ++k) spectrum[k] *= mask[k];
}

}  // namespace neuralboard
