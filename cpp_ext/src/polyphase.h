// SPDX-License-Identifier: GPL-3.0-or-later
// A polyphase FIR between two rates of a ratio of whole numbers.
//
// On the grid of the common rate, input j stands at j * in_step and output i at i * out_step -
// offset. An output is the sum over all inputs at or before it of input times h[distance], h given
// as one row of taps for each distance to the newest of them, 0 .. in_step - 1 (the phase):
//
//     grid      .  .  .  .  .  .  .  .  .  .  .  .
//     inputs    |        |        |        |           in_step = 3
//     outputs   |              |              |        out_step = 5, offset = 0
//     phase     0              2              1
//
// Each output is one dot product of its own, so blocks don't change its bits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "level.h"

namespace neuralboard {

/// Where the next output stands, seen from the newest input.
class RateClock {
public:
    RateClock(std::int64_t in_step, std::int64_t out_step, std::int64_t offset)
        : in_step_(in_step), out_step_(out_step), offset_(offset) {
        reset();
    }

    /// Before the stream the newest input is the one at -in_step.
    void reset() noexcept { distance_ = in_step_ - offset_; }

    std::size_t phases() const noexcept { return static_cast<std::size_t>(in_step_); }

    /// Outputs that could be produced after n more inputs.
    std::size_t ready(std::size_t n) const noexcept {
        const std::int64_t reach = static_cast<std::int64_t>(n + 1) * in_step_ - distance_;
        return reach <= 0 ? 0 : static_cast<std::size_t>((reach + out_step_ - 1) / out_step_);
    }

    void take(std::size_t n) noexcept { distance_ -= static_cast<std::int64_t>(n) * in_step_; }
    void give(std::size_t n) noexcept { distance_ += static_cast<std::int64_t>(n) * out_step_; }

    /// Inputs that are there, but come after the next output.
    std::size_t late() const noexcept {
        return distance_ < 0 ? static_cast<std::size_t>((in_step_ - 1 - distance_) / in_step_) : 0;
    }

    /// From the newest input at or before the next output to that output.
    std::size_t phase() const noexcept {
        return static_cast<std::size_t>(distance_ + static_cast<std::int64_t>(late()) * in_step_);
    }

private:
    std::int64_t in_step_, out_step_, offset_;
    std::int64_t distance_ = 0;  // on the grid, from the newest input to the next output
};

class Polyphase {
public:
    /// rows: [in_step, taps], taps a multiple of 8, the tap of the newest input last. Up to
    /// max_inputs inputs may be there that come after the next output.
    Polyphase(RateClock clock, std::vector<float> rows, std::size_t max_inputs,
              std::size_t channels)
        : clock_(clock),
          rows_(std::move(rows)),
          taps_(rows_.size() / clock.phases()),
          keep_(taps_ + max_inputs),
          capacity_(2 * keep_ + max_inputs),
          channels_(channels),
          dot_(Levels::get().current().dot),
          inputs_(channels * capacity_) {
        reset();
    }

    std::size_t channels() const noexcept { return channels_; }
    std::size_t ready(std::size_t n) const noexcept { return clock_.ready(n); }

    void reset() noexcept {
        std::fill(inputs_.begin(), inputs_.end(), 0.0f);
        end_ = keep_;
        clock_.reset();
    }

    /// Takes n inputs of each channel, n <= max_inputs; pitch: from one channel to the next.
    void append(const float* block, std::size_t pitch, std::size_t n) noexcept {
        const bool full = end_ + n > capacity_;
        for (std::size_t c = 0; c < channels_; ++c) {
            float* inputs = inputs_.data() + c * capacity_;
            if (full) std::copy_n(inputs + end_ - keep_, keep_, inputs);
            std::copy_n(block + c * pitch, n, inputs + (full ? keep_ : end_));
        }
        end_ = (full ? keep_ : end_) + n;
        clock_.take(n);
    }

    /// Produces the next n outputs of each channel, n <= ready(0).
    void produce(float* block, std::size_t pitch, std::size_t n) noexcept {
        for (std::size_t i = 0; i < n; ++i) {
            const float* row = rows_.data() + clock_.phase() * taps_;
            const float* oldest = inputs_.data() + end_ - clock_.late() - taps_;
            for (std::size_t c = 0; c < channels_; ++c) {
                block[c * pitch + i] = dot_(oldest + c * capacity_, row, taps_);
            }
            clock_.give(1);
        }
    }

private:
    RateClock clock_;
    std::vector<float> rows_;
    std::size_t taps_, keep_, capacity_, channels_;
    float (*dot_)(const float*, const float*, std::size_t);
    std::vector<float> inputs_;  // [channels, capacity_], the newest at end_ - 1
    std::size_t end_ = 0;
};

}  // namespace neuralboard
