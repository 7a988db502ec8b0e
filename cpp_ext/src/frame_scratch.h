// SPDX-License-Identifier: GPL-3.0-or-later
// What a short-time Fourier transform works in, frame by frame.
#pragma once

#include <memory>
#include <vector>

#include "fft.h"
#include "mask.h"

namespace neuralboard {

using Plan = std::shared_ptr<const RealFft>;

struct FrameScratch {
    explicit FrameScratch(const RealFft& fft)
        : samples(fft.size()), spectrum(fft.bins()), fft(fft.make_scratch()) {}

    std::vector<float> samples;
    std::vector<Bin> spectrum;
    RealFft::Scratch fft;
};

}  // namespace neuralboard
