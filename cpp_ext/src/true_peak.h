// SPDX-License-Identifier: GPL-3.0-or-later
// The highest peak of a band-limited signal between its samples (ITU-R BS.1770-5, Annex 2).
//
// An interpolator with `pairs` pairs of phases: phase p and its mirror image M - p use the same taps
// backwards. So with the taps split into an even and an odd part,
//
//     u_k = x[k] + x[T-1-k],  v_k = x[k] - x[T-1-k],   k = 0 .. T/2 - 1
//     a = sum even_k u_k,     b = sum odd_k v_k
//
// the two phases are a + b and a - b, and the larger of their sizes is |a| + |b|. (The phase in the
// middle is its own image: its odd part is 0. Phase 0 is the samples themselves.)
//
// Where the samples around are too small to give a higher peak than the one that is known, nothing
// is computed: of a group of 8 outputs and each 8 samples that they see, the largest sum of |taps|
// is known. That changes no result, for a maximum doesn't depend on the order in which it is found.
// So any schedule of blocks gives the same bits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

// Four samples side by side, on every processor of its kind. No fused operations: the same bits.
#if !defined(NEURALBOARD_LEVEL)
#define NEURALBOARD_LEVEL peak_vectors
#define NEURALBOARD_WIDTH 4
#define NEURALBOARD_FUSED 0
#endif
#include "loops.h"
#include "simd.h"

namespace neuralboard {

/// The largest |x| of n finite samples. Sizes of floats are ordered as their bits are, and a
/// maximum of integers is one that compilers vectorise.
inline float largest_size(const float* x, std::size_t n) noexcept {
    std::int32_t most = 0;
    for (std::size_t i = 0; i < n; ++i) {
        std::int32_t bits;
        std::memcpy(&bits, x + i, sizeof bits);
        bits &= 0x7fffffff;
        most = bits > most ? bits : most;
    }
    float result;
    std::memcpy(&result, &most, sizeof result);
    return result;
}

class TruePeak {
public:
    /// even, odd: [pairs, taps / 2], pairs 2, 4 or 8; bounds: [blocks of 8 samples that a group of 8
    /// outputs sees], the largest sum of |taps| over each.
    TruePeak(std::size_t channels, std::size_t pairs, const std::vector<float>& even,
             const std::vector<float>& odd, std::vector<float> bounds)
        : pairs_(pairs),
          half_(even.size() / pairs),
          taps_(even.size() * 2 * kLanes),
          bounds_(std::move(bounds)),
          past_(2 * half_ - 1),
          held_(channels * past_, 0.0f),
          samples_(channels, 0.0f),
          between_(channels, 0.0f),
          work_(work_size()),
          sizes_(work_size() / kGroup) {
        // In the order of use, each kLanes times: [pairs / per, half, per, even and odd, lanes].
        const std::size_t per = std::min<std::size_t>(pairs, 4);
        float* to = taps_.data();
        for (std::size_t first = 0; first < pairs; first += per) {
            for (std::size_t k = 0; k < half_; ++k) {
                for (std::size_t p = first; p < first + per; ++p) {
                    std::fill_n(to, kLanes, even[p * half_ + k]);
                    std::fill_n(to + kLanes, kLanes, odd[p * half_ + k]);
                    to += 2 * kLanes;
                }
            }
        }
    }

    std::size_t channels() const noexcept { return samples_.size(); }

    void reset() noexcept {
        std::fill(held_.begin(), held_.end(), 0.0f);
        std::fill(samples_.begin(), samples_.end(), 0.0f);
        std::fill(between_.begin(), between_.end(), 0.0f);
    }

    /// Takes [channels, n], finite. Does not allocate.
    void push(const float* block, std::size_t n) noexcept {
        for (std::size_t c = 0; c < channels(); ++c) {
            const float* x = block + c * n;
            samples_[c] = std::max(samples_[c], largest_size(x, n));
            between_[c] = search(x, n, held_.data() + c * past_, between_[c], work_, sizes_);
        }
    }

    float sample_peak(std::size_t channel) const noexcept { return samples_[channel]; }

    /// The true peak up to here, as if silence followed. Allocates.
    float peak(std::size_t channel) const {
        const float* past = held_.data() + channel * past_;
        std::vector<float> held(past, past + past_), silence(past_, 0.0f);
        std::vector<float> work(work_.size()), sizes(sizes_.size());
        const float known = std::max(samples_[channel], between_[channel]);
        return search(silence.data(), past_, held.data(), known, work, sizes);
    }

private:
    static constexpr std::size_t kChunk = 1024, kGroup = 8, kLanes = 4;
    using Four = NEURALBOARD_LEVEL::F4;
    using One = NEURALBOARD_LEVEL::F1;

    /// What a chunk needs with the past before it, in whole groups and one more.
    std::size_t work_size() const noexcept {
        return (kChunk / kGroup + bounds_.size() + 1) * kGroup;
    }

    /// Returns the larger of `most` and what n more samples bring; held: the samples before them.
    float search(const float* x, std::size_t n, float* held, float most, std::vector<float>& work,
                 std::vector<float>& sizes) const noexcept {
        for (std::size_t begin = 0; begin < n; begin += kChunk) {
            const std::size_t count = std::min(kChunk, n - begin), all = past_ + count;
            std::copy_n(held, past_, work.data());
            std::copy_n(x + begin, count, work.data() + past_);
            std::fill(work.begin() + all, work.end(), 0.0f);
            for (std::size_t g = 0; g * kGroup < all; ++g) {
                sizes[g] = largest_size(work.data() + g * kGroup, kGroup);
            }
            std::fill(sizes.begin() + (all + kGroup - 1) / kGroup, sizes.end(), 0.0f);
            for (std::size_t i = 0; i < count; i += kGroup) {
                float bound = 0.0f;
                const float* seen = sizes.data() + i / kGroup;
                for (std::size_t j = 0; j < bounds_.size(); ++j) bound += bounds_[j] * seen[j];
                if (bound > most) {
                    const float* from = work.data() + i;
                    most = std::max(most, between(from, std::min(kGroup, count - i)));
                }
            }
            std::copy_n(work.data() + count, past_, held);
        }
        return most;
    }

    float between(const float* x, std::size_t n) const noexcept {
        const float* taps = taps_.data();
        if (pairs_ == 2) return places<2>(x, n, taps);
        if (pairs_ == 4) return places<4>(x, n, taps);
        return std::max(places<4>(x, n, taps), places<4>(x, n, taps + taps_.size() / 2));
    }

    template <std::size_t Pairs>
    float places(const float* x, std::size_t n, const float* taps) const noexcept {
        float most = 0.0f;
        std::size_t i = 0;
        for (; i + kLanes <= n; i += kLanes) most = std::max(most, at<Four, Pairs>(x + i, taps));
        for (; i < n; ++i) most = std::max(most, at<One, Pairs>(x + i, taps));
        return most;
    }

    /// Pairs pairs of phases at V's lanes places in time.
    template <class V, std::size_t Pairs>
    float at(const float* x, const float* taps) const noexcept {
        V a[Pairs], b[Pairs];
        for (std::size_t p = 0; p < Pairs; ++p) a[p] = b[p] = V::all(0.0f);
        const float* late = x + past_;
        for (std::size_t k = 0; k < half_; ++k, ++x, --late, taps += Pairs * 2 * kLanes) {
            const V first = V::load(x), last = V::load(late);
            const V u = first + last, v = first - last;
            NEURALBOARD_UNROLL
            for (std::size_t p = 0; p < Pairs; ++p) {
                a[p] = a[p] + V::load(taps + p * 2 * kLanes) * u;
                b[p] = b[p] + V::load(taps + p * 2 * kLanes + kLanes) * v;
            }
        }
        float most = 0.0f;
        for (std::size_t p = 0; p < Pairs; ++p) {
            float even[kLanes], odd[kLanes];
            a[p].store(even);
            b[p].store(odd);
            for (std::size_t l = 0; l < V::lanes; ++l) {
                most = std::max(most, std::fabs(even[l]) + std::fabs(odd[l]));
            }
        }
        return most;
    }

    std::size_t pairs_, half_;
    std::vector<float> taps_, bounds_;
    std::size_t past_;                      // samples before the newest one that an output sees
    std::vector<float> held_;               // [channels, past_]
    std::vector<float> samples_, between_;  // [channels]: the highest so far
    std::vector<float> work_, sizes_;
};

}  // namespace neuralboard
