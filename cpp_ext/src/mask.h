// SPDX-License-Identifier: GPL-3.0-or-later
// A real or complex gain per frequency bin.
#pragma once

#include <complex>
#include <cstddef>

#include "kernels.h"

namespace neuralboard {

using Bin = std::complex<float>;

/// A mask as seen by the loops: its gains for one channel and frame are bins() floats (or pairs of
/// them, if complex) at values + channel * channel_pitch + frame * frame_pitch, all counted in
/// floats; pitches are 0 where it is shared.
struct Mask {
    const float* values;
    bool complex;
    std::size_t channel_pitch, frame_pitch;

    MaskRow at(std::size_t channel, std::size_t frame) const noexcept {
        return {values + channel * channel_pitch + frame * frame_pitch, complex, 0};
    }
};

inline void multiply(Bin* spectrum, MaskRow mask, std::size_t bins) noexcept {
    for (std::size_t k = 0; k < bins; ++k) {
        const Bin x = spectrum[k];
        if (mask.complex) {
            const float re = mask.values[2 * k], im = mask.values[2 * k + 1];
            spectrum[k] = {x.real() * re - x.imag() * im, x.real() * im + x.imag() * re};
        } else {
            spectrum[k] = x * mask.values[k];
        }
    }
}

}  // namespace neuralboard
