// SPDX-License-Identifier: GPL-3.0-or-later
// The greatest of the newest sample and the `hold` samples before it.
//
// A queue made of two stacks: what comes in is gathered, with the greatest of it; when the oldest
// part is used up, the gathered samples become the oldest part, as greatest from each to the last.
//
//     oldest ── front: greatest of [i, end) ──┊── back: raw, and its greatest ── newest
//               ▲ leaves first                                    new ones join ▲
//
// Each sample is touched three times whatever the hold, and nothing depends on its value: the
// usual queue of falling values guesses wrong at every other sample of noise.
#pragma once

#include <cstddef>
#include <vector>

namespace neuralboard {

class WindowMaximum {
public:
    explicit WindowMaximum(std::size_t longest_hold)
        : longest_hold_(longest_hold), front_(longest_hold + 2), back_(longest_hold + 2) {}

    std::size_t longest_hold() const noexcept { return longest_hold_; }

    void reset() noexcept {
        first_ = end_ = gathered_ = 0;
        greatest_ = 0.0f;
    }

    /// Takes x >= 0, gives the greatest of it and the hold values before; hold <= longest_hold.
    float push(float x, std::size_t hold) noexcept {
        back_[gathered_++] = x;
        greatest_ = greatest_ < x ? x : greatest_;
        while (end_ - first_ + gathered_ > hold + 1) {
            if (first_ == end_) turn();
            ++first_;
        }
        const float oldest = first_ < end_ ? front_[first_] : 0.0f;
        return oldest < greatest_ ? greatest_ : oldest;
    }

private:
    /// Makes what was gathered the oldest part.
    void turn() noexcept {
        float greatest = 0.0f;
        for (std::size_t i = gathered_; i-- > 0;) {
            greatest = greatest < back_[i] ? back_[i] : greatest;
            front_[i] = greatest;
        }
        first_ = 0;
        end_ = gathered_;
        gathered_ = 0;
        greatest_ = 0.0f;
    }

    std::size_t longest_hold_;
    std::vector<float> front_, back_;
    std::size_t first_ = 0, end_ = 0, gathered_ = 0;
    float greatest_ = 0.0f;
};

}  // namespace neuralboard
