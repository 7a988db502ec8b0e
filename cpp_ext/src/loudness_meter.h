// SPDX-License-Identifier: GPL-3.0-or-later
// A loudness meter's part that sees every sample: energies of 10 ms, sample peak, true peak.
#pragma once

#include <utility>

#include "loudness.h"
#include "true_peak.h"

namespace neuralboard {

class LoudnessMeter {
public:
    LoudnessMeter(LoudnessEnergy energy, TruePeak peak)
        : energy_(std::move(energy)), peak_(std::move(peak)) {}

    std::size_t channels() const noexcept { return energy_.channels(); }
    std::size_t ready(std::size_t n) const noexcept { return energy_.ready(n); }

    void push(const float* block, std::size_t n, double* energies) noexcept {
        energy_.push(block, n, energies);
        peak_.push(block, n);
    }

    const LoudnessEnergy& energy() const noexcept { return energy_; }
    const TruePeak& peak() const noexcept { return peak_; }

    void reset() noexcept {
        energy_.reset();
        peak_.reset();
    }

private:
    LoudnessEnergy energy_;
    TruePeak peak_;
};

}  // namespace neuralboard
