// SPDX-License-Identifier: GPL-3.0-or-later
// The way into a model's own sample rate and back, for a stream at the host's rate.
//
// host rate = a g, model rate = b g, common grid a b g: host samples stand at multiples of b, model
// samples at multiples of a. Down: the model sample at m a needs the host samples at i b <= m a, so
// s host samples make ceil(s b / a) model samples. Up: the host sample at i b - e needs the model
// samples at m a <= i b - e, which are there by then. Both filters delay by K on the grid; e makes
// the whole delay a multiple of b:  latency = (2 K + model_latency a + e) / b  host samples.
// The tables and e come from Python (rate_design.py). No call allocates.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "polyphase.h"

namespace neuralboard {

/// a, b, e as above.
struct RateRatio {
    std::int64_t a, b, e;

    /// Host samples handled at a time, so many that neither side gets more than 256 at once.
    std::size_t chunk() const noexcept {
        return static_cast<std::size_t>(std::max<std::int64_t>(1, std::min(a, b) * 256 / b));
    }

    /// Model samples that may be there before the next output needs them.
    std::size_t lead() const noexcept {
        return static_cast<std::size_t>((static_cast<std::int64_t>(chunk()) * b + e) / a + 2);
    }
};

class RatePair {
public:
    /// down_rows [b, down_taps], up_rows [a, up_taps].
    RatePair(RateRatio ratio, std::vector<float> down_rows, std::vector<float> up_rows,
             std::size_t channels)
        : chunk_(ratio.chunk()),
          down_({ratio.b, ratio.a, 0}, std::move(down_rows), chunk_, channels),
          clock_(ratio.b, ratio.a, 0),
          up_({ratio.a, ratio.b, ratio.e}, std::move(up_rows), ratio.lead(), channels) {}

    std::size_t channels() const noexcept { return down_.channels(); }

    /// Model samples that the next n host samples make, and that the next n outputs take.
    std::size_t down_ready(std::size_t n) const noexcept { return down_.ready(n); }
    std::size_t up_takes(std::size_t n) const noexcept { return clock_.ready(n); }

    void reset() noexcept {
        down_.reset();
        clock_.reset();
        up_.reset();
    }

    /// block [channels, n] -> model_block [channels, down_ready(n)].
    void down(const float* block, std::size_t n, float* model_block) noexcept {
        const std::size_t pitch = down_.ready(n);
        for (std::size_t begin = 0; begin < n; begin += chunk_) {
            down_.append(block + begin, n, std::min(chunk_, n - begin));
            const std::size_t made = down_.ready(0);
            down_.produce(model_block, pitch, made);
            model_block += made;
        }
    }

    /// model_block [channels, up_takes(n)] -> block [channels, n].
    void up(const float* model_block, std::size_t n, float* block) noexcept {
        const std::size_t pitch = clock_.ready(n);
        for (std::size_t begin = 0; begin < n; begin += chunk_) {
            const std::size_t count = std::min(chunk_, n - begin);
            const std::size_t taken = clock_.ready(count);
            clock_.take(count);
            clock_.give(taken);
            up_.append(model_block, pitch, taken);
            up_.produce(block + begin, n, count);
            model_block += taken;
        }
    }

private:
    std::size_t chunk_;
    Polyphase down_;
    RateClock clock_;  // counts for up() what down_ counts for down()
    Polyphase up_;
};

}  // namespace neuralboard
