// SPDX-License-Identifier: GPL-3.0-or-later
// A second-order (or first-order) recursive filter, transposed direct form II, float32.
//
//     y  = b0 x + s1
//     s1 = b1 x - a1 y + s2
//     s2 = b2 x - a2 y
//
// Every sample waits for the one before it (about 16 cycles), so a single channel leaves the
// processor idle most of the time. Channels don't wait for each other: up to four of them run
// side by side in one loop, each with exactly the arithmetic that it would have alone.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "biquad_coefficients.h"
#include "control.h"

namespace neuralboard {

class Biquad {
public:
    Biquad(FilterKind kind, float sample_rate, std::size_t channels)
        : kind_(kind), rate_(sample_rate), channels_(channels), state_(2 * channels, 0.0f) {}

    std::size_t channels() const noexcept { return channels_; }

    void reset() noexcept { std::fill(state_.begin(), state_.end(), 0.0f); }

    /// Filters [channels, n]; block and out may be the same memory. Does not allocate. False, with
    /// nothing changed, if the parameters of some sample are no filter (see can_design).
    bool process(const float* block, float* out, std::size_t n, Control cutoff, Control gain_db,
                 Control q) noexcept {
        if (!cutoff.per_sample && !gain_db.per_sample && !q.per_sample) {
            if (!can_design(kind_, cutoff.constant, gain_db.constant, q.constant)) return false;
            update(cutoff.constant, gain_db.constant, q.constant);
            run(block, out, n, 0, n, &coefficients_, 0);
            return true;
        }
        for (std::size_t t = 0; t < n; ++t) {
            if (!can_design(kind_, cutoff.at(t), gain_db.at(t), q.at(t))) return false;
        }
        std::array<BiquadCoefficients, kChunk> chunk;
        for (std::size_t begin = 0; begin < n; begin += kChunk) {
            const std::size_t count = std::min(kChunk, n - begin);
            for (std::size_t i = 0; i < count; ++i) {
                const std::size_t t = begin + i;
                update(cutoff.at(t), gain_db.at(t), q.at(t));
                chunk[i] = coefficients_;
            }
            run(block, out, n, begin, count, chunk.data(), 1);
        }
        return true;
    }

private:
    static constexpr std::size_t kChunk = 64;

    /// Designs anew only when a parameter changed since the sample or block before.
    void update(float cutoff, float gain_db, float q) noexcept {
        if (designed_ && cutoff == cutoff_ && gain_db == gain_db_ && q == q_) return;
        coefficients_ = design_biquad(kind_, rate_, cutoff, gain_db, q);
        cutoff_ = cutoff;
        gain_db_ = gain_db;
        q_ = q;
        designed_ = true;
    }

    /// Samples [begin, begin + count) of all channels. c advances by stride per sample.
    void run(const float* block, float* out, std::size_t n, std::size_t begin, std::size_t count,
             const BiquadCoefficients* c, std::size_t stride) noexcept {
        const bool first = is_first_order(kind_);
        for (std::size_t channel = 0; channel < channels_;) {
            const float* in = block + channel * n + begin;
            float* to = out + channel * n + begin;
            float* state = state_.data() + 2 * channel;
            const std::size_t left = channels_ - channel;
            const std::size_t lanes = left >= 4 ? 4 : left >= 2 ? 2 : 1;
            switch (lanes + (first ? 8 : 0)) {
                case 1: run_lanes<1, false>(in, to, n, count, state, c, stride); break;
                case 2: run_lanes<2, false>(in, to, n, count, state, c, stride); break;
                case 4: run_lanes<4, false>(in, to, n, count, state, c, stride); break;
                case 9: run_lanes<1, true>(in, to, n, count, state, c, stride); break;
                case 10: run_lanes<2, true>(in, to, n, count, state, c, stride); break;
                default: run_lanes<4, true>(in, to, n, count, state, c, stride); break;
            }
            channel += lanes;
        }
    }

    /// pitch: distance from one channel to the next, in samples.
    template <std::size_t Lanes, bool FirstOrder>
    static void run_lanes(const float* in, float* out, std::size_t pitch, std::size_t count,
                          float* state, const BiquadCoefficients* c, std::size_t stride) noexcept {
        float s1[Lanes], s2[Lanes];
        for (std::size_t k = 0; k < Lanes; ++k) {
            s1[k] = state[2 * k];
            s2[k] = state[2 * k + 1];
        }
        BiquadCoefficients now = *c;
        for (std::size_t i = 0; i < count; ++i) {
            if (stride != 0) now = c[i];
            for (std::size_t k = 0; k < Lanes; ++k) {
                const float x = in[k * pitch + i];
                const float y = x * now.b0 + s1[k];
                out[k * pitch + i] = y;
                if (FirstOrder) {
                    s1[k] = x * now.b1 - y * now.a1;
                } else {
                    s1[k] = x * now.b1 - y * now.a1 + s2[k];
                    s2[k] = x * now.b2 - y * now.a2;
                }
            }
        }
        for (std::size_t k = 0; k < Lanes; ++k) {
            state[2 * k] = s1[k];
            state[2 * k + 1] = s2[k];
        }
    }

    FilterKind kind_;
    float rate_;
    std::size_t channels_;
    std::vector<float> state_;
    BiquadCoefficients coefficients_;
    float cutoff_ = 0.0f, gain_db_ = 0.0f, q_ = 0.0f;
    bool designed_ = false;
};

}  // namespace neuralboard
