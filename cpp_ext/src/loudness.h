// SPDX-License-Identifier: GPL-3.0-or-later
// What loudness is made of (ITU-R BS.1770-5, Annex 1): the energy of the K-weighted channels in
// slots of 10 ms, and the energy of the samples as they are.
//
//     x -> high shelf -> high pass -> y;   energy of a slot = sum over channels of weight * sum y^2
//
// Two filters of second order, one behind the other, in double precision (38 Hz at 192 kHz leaves
// float32 too little), transposed direct form II; channels run side by side as in biquad.h. Slot k
// ends before sample floor((k + 1) rate / 100). All sums run from sample to sample, so any schedule
// of blocks gives the same bits.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace neuralboard {

class LoudnessEnergy {
public:
    /// filters: b0 b1 b2 a1 a2 of the shelf, then a1 a2 of the high pass (its b: 1 -2 1).
    LoudnessEnergy(std::size_t sample_rate, const std::array<double, 7>& filters,
                   std::vector<double> weights)
        : rate_(sample_rate), filters_(filters), weights_(std::move(weights)) {
        channels_.resize(weights_.size());
    }

    std::size_t channels() const noexcept { return weights_.size(); }

    void reset() noexcept {
        std::fill(channels_.begin(), channels_.end(), Channel{});
        position_ = slot_ = 0;
    }

    /// Slots that n more samples will complete.
    std::size_t ready(std::size_t n) const noexcept {
        return static_cast<std::size_t>((position_ + n + 1) * 100 - 1) / rate_ - slot_;
    }

    /// Takes [channels, n]; writes ready(n) energies. Does not allocate.
    void push(const float* block, std::size_t n, double* energies) noexcept {
        for (std::size_t done = 0; done < n;) {
            const std::uint64_t end = (slot_ + 1) * rate_ / 100;
            const std::size_t count =
                static_cast<std::size_t>(std::min<std::uint64_t>(n - done, end - position_));
            std::size_t c = 0;
            for (; c + 4 <= channels(); c += 4) run<4>(block + c * n + done, n, count, c);
            for (; c + 2 <= channels(); c += 2) run<2>(block + c * n + done, n, count, c);
            for (; c < channels(); ++c) run<1>(block + c * n + done, n, count, c);
            done += count;
            position_ += count;
            if (position_ == end) *energies++ = finish_slot();
        }
    }

    /// The sum of the squares of a channel's samples.
    double squares(std::size_t channel) const noexcept {
        return channels_[channel].squares + channels_[channel].slot_squares;
    }

private:
    struct Channel {
        double state[4] = {0, 0, 0, 0};
        double weighted = 0, slot_squares = 0;  // of the slot that is running
        double squares = 0;                     // of the slots before
    };

    double finish_slot() noexcept {
        double energy = 0;
        for (std::size_t c = 0; c < channels(); ++c) {
            Channel& channel = channels_[c];
            energy += weights_[c] * channel.weighted;
            channel.squares += channel.slot_squares;
            channel.weighted = channel.slot_squares = 0;
            // What rings below 1e-30 would end in subnormal numbers, and each costs 100 cycles.
            for (double& s : channel.state) s = std::fabs(s) < 1e-30 ? 0.0 : s;
        }
        ++slot_;
        return energy;
    }

    /// count samples of Lanes channels from the first on; pitch: from one channel to the next.
    template <std::size_t Lanes>
    void run(const float* in, std::size_t pitch, std::size_t count, std::size_t first) noexcept {
        const auto [b0, b1, b2, a1, a2, c1, c2] = filters_;
        double s1[Lanes], s2[Lanes], t1[Lanes], t2[Lanes], weighted[Lanes], squares[Lanes];
        for (std::size_t k = 0; k < Lanes; ++k) {
            const Channel& channel = channels_[first + k];
            s1[k] = channel.state[0];
            s2[k] = channel.state[1];
            t1[k] = channel.state[2];
            t2[k] = channel.state[3];
            weighted[k] = channel.weighted;
            squares[k] = channel.slot_squares;
        }
        for (std::size_t i = 0; i < count; ++i) {
            for (std::size_t k = 0; k < Lanes; ++k) {
                const double x = in[k * pitch + i];
                const double m = b0 * x + s1[k];
                s1[k] = (b1 * x + s2[k]) - a1 * m;
                s2[k] = b2 * x - a2 * m;
                const double y = m + t1[k];
                t1[k] = (t2[k] - 2.0 * m) - c1 * y;
                t2[k] = m - c2 * y;
                weighted[k] += y * y;
                squares[k] += x * x;
            }
        }
        for (std::size_t k = 0; k < Lanes; ++k) {
            channels_[first + k] = {{s1[k], s2[k], t1[k], t2[k]}, weighted[k], squares[k],
                                    channels_[first + k].squares};
        }
    }

    std::uint64_t rate_;
    std::array<double, 7> filters_;
    std::vector<double> weights_;
    std::vector<Channel> channels_;
    std::uint64_t position_ = 0, slot_ = 0;  // samples taken, slots finished
};

}  // namespace neuralboard
