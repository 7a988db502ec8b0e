// SPDX-License-Identifier: GPL-3.0-or-later
// How far a compressor turns down, in dB, from what it listens to: one value for all channels.
//
//     key ─▶ greatest |x| of the channels ─▶ held ─▶ level, dB ─▶ static curve ─▶ attack, release
//
// Static curve and ballistics: D. Giannoulis, M. Massberg, J. D. Reiss, "Digital dynamic range
// compressor design: a tutorial and analysis", J. Audio Eng. Soc. 60 (2012), eqs. 4 (soft knee) and
// 16 (smooth branching detector), on decibels of reduction. A hold before the detector, at least
// half a period long, makes the level of a tone a constant: so a tone meets the curve itself.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "control.h"
#include "decibels.h"
#include "window_maximum.h"

namespace neuralboard {

/// slope = 1 - 1/ratio. attack and release: share of the way to go in one sample,
/// 1 - exp(-1/(seconds rate)). hold: samples.
struct ReductionControls {
    Control threshold_db, slope, knee_db, range_db, attack, release, hold;
};

class GainReduction {
public:
    GainReduction(std::size_t channels, std::size_t longest_hold)
        : channels_(channels), window_(longest_hold) {}

    std::size_t channels() const noexcept { return channels_; }

    void reset() noexcept {
        window_.reset();
        now_ = 0.0;
    }

    /// Reads key [channels, n], writes n decibels >= 0. Does not allocate. False, with nothing
    /// changed, if a parameter is out of its range.
    bool push(const float* key, float* out, std::size_t n, const ReductionControls& p) noexcept {
        if (!allowed(p, n)) return false;
        for (std::size_t begin = 0; begin < n; begin += kChunk) {
            const std::size_t count = std::min(kChunk, n - begin);
            find_peaks(key + begin, out + begin, n, count);
            hold(out + begin, count, p.hold.from(begin));
            follow_curve(out + begin, count, p, begin);
            smooth(out + begin, count, p.attack.from(begin), p.release.from(begin));
        }
        return true;
    }

private:
    static constexpr std::size_t kChunk = 256;
    static constexpr float kMostDb = 1000.0f;
    // Far below what is heard: an endless tail would only keep the processor busy.
    static constexpr double kNothing = 1e-6;

    bool allowed(const ReductionControls& p, std::size_t n) const noexcept {
        return p.threshold_db.within(-kMostDb, kMostDb, n) && p.slope.within(0.0f, 1.0f, n) &&
               p.knee_db.within(0.0f, kMostDb, n) && p.range_db.within(0.0f, kMostDb, n) &&
               p.attack.within(0.0f, 1.0f, n) && p.release.within(0.0f, 1.0f, n) &&
               p.hold.within(0.0f, static_cast<float>(window_.longest_hold()), n);
    }

    /// pitch: distance from one channel to the next, in samples.
    void find_peaks(const float* key, float* peak, std::size_t pitch, std::size_t count) noexcept {
        for (std::size_t i = 0; i < count; ++i) peak[i] = std::fabs(key[i]);
        for (std::size_t c = 1; c < channels_; ++c) {
            const float* in = key + c * pitch;
            for (std::size_t i = 0; i < count; ++i) {
                const float x = std::fabs(in[i]);
                peak[i] = peak[i] < x ? x : peak[i];
            }
        }
    }

    void hold(float* peak, std::size_t count, Control samples) noexcept {
        for (std::size_t i = 0; i < count; ++i) {
            peak[i] = window_.push(peak[i], static_cast<std::size_t>(samples.at(i) + 0.5f));
        }
    }

    /// peak -> decibels of reduction that the curve asks for, in place.
    static void follow_curve(float* values, std::size_t count, const ReductionControls& p,
                             std::size_t begin) noexcept {
        if (!p.threshold_db.per_sample && !p.slope.per_sample && !p.knee_db.per_sample &&
            !p.range_db.per_sample) {
            const float threshold = p.threshold_db.constant, slope = p.slope.constant;
            const float knee = p.knee_db.constant, range = p.range_db.constant;
            for (std::size_t i = 0; i < count; ++i) {
                values[i] = curve(values[i], threshold, slope, knee, range);
            }
            return;
        }
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t t = begin + i;
            values[i] = curve(values[i], p.threshold_db.at(t), p.slope.at(t), p.knee_db.at(t),
                              p.range_db.at(t));
        }
    }

    static float curve(float peak, float threshold, float slope, float knee,
                       float range) noexcept {
        const float over = fast_level_db(peak) - threshold;
        const float half = 0.5f * knee;
        const float below = over + half, above = over - half;  // of the knee's two ends
        float bend = below < 0.0f ? 0.0f : below;
        bend = bend > knee ? knee : bend;
        const float straight = above < 0.0f ? 0.0f : above;
        // A hard knee has no bend: 0 times whatever its bow is.
        const float bow = 0.5f / (knee < 1e-6f ? 1e-6f : knee);
        const float reduction = slope * (bend * bend * bow + straight);
        return reduction > range ? range : reduction;
    }

    /// The state is double: near its end a slow release moves by less than a float32's step.
    void smooth(float* values, std::size_t count, Control attack, Control release) noexcept {
        double now = now_;
        if (!attack.per_sample && !release.per_sample) {
            const double up = attack.constant, down = release.constant;
            for (std::size_t i = 0; i < count; ++i) {
                now = step(now, values[i], up, down);
                values[i] = static_cast<float>(now);
            }
        } else {
            for (std::size_t i = 0; i < count; ++i) {
                now = step(now, values[i], attack.at(i), release.at(i));
                values[i] = static_cast<float>(now);
            }
        }
        now_ = now;
    }

    static double step(double now, double target, double attack, double release) noexcept {
        const double way = target - now;
        now += way * (way > 0.0 ? attack : release);
        return now < kNothing ? 0.0 : now;
    }

    std::size_t channels_;
    WindowMaximum window_;
    double now_ = 0.0;
};

}  // namespace neuralboard
