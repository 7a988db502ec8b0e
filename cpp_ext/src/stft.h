// SPDX-License-Identifier: GPL-3.0-or-later
// Short-time Fourier transform of whole signals, in the conventions of torch.stft and librosa:
// frame f covers [f hop - pad, f hop - pad + n_fft) of the signal, pad = n_fft/2 if centred, or 0.
// What lies outside the signal is 0 or its reflection. Frames overlap-add to a length of
// (frames - 1) hop + n_fft, of which the pad at both ends is cut away.
//
// Frames are read and added where they stand in the signal; only those that reach beyond its ends
// go through a copy. Where that pays, the way back takes as many frames at a time as the group
// kernel has lanes, and what is left over one by one, as the way there always does. Threads share
// out the frames; which kernel a frame meets does not depend on that, so neither do the bits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "fft.h"
#include "stream_store.h"
#include "stft_stream.h"

namespace neuralboard {

/// The synthesis window holds 1/envelope as it is where all frames are there. Towards the ends of a
/// signal some are missing: there the overlap-added samples are multiplied by these factors.
struct EdgeGains {
    const float* head;  // of the samples [0, head_size), counted before the pad is cut away
    std::size_t head_size;
    const float* tail;  // of the last tail_size samples
    std::size_t tail_size;
};

/// One channel, before or after.
struct Signal {
    const float* samples;
    std::size_t length;
};

class Stft {
public:
    static constexpr std::size_t kMostLanes = 16;

    /// synthesis_window: empty if there is none (then no inverse).
    Stft(Plan fft, std::size_t hop_length, std::size_t pad, bool reflect, std::vector<float> window,
         std::vector<float> synthesis_window)
        : fft_(std::move(fft)),
          hop_(hop_length),
          pad_(pad),
          reflect_(reflect),
          half_window_(halved(std::move(window))),
          synthesis_window_(std::move(synthesis_window)),
          step_(fft_->has_group() ? fft_->group_step(hop_) : FrameStep{hop_, 0}),
          masked_lanes_(lanes(4096)),
          inverse_lanes_(lanes(960)) {}

    std::size_t bins() const noexcept { return fft_->bins(); }

    /// Whether a signal is long enough for a frame, and to be reflected.
    bool has_frames(std::size_t length) const noexcept {
        return length + 2 * pad_ >= fft_->size() && (!reflect_ || pad_ == 0 || length > pad_);
    }

    /// Whether some sample lies under as many frames as the envelope counts on.
    bool has_middle(std::size_t frames) const noexcept {
        return frames > (fft_->size() - 1) / hop_;
    }

    /// Of a signal that has frames.
    std::size_t frames(std::size_t length) const noexcept {
        return 1 + (length + 2 * pad_ - fft_->size()) / hop_;
    }

    /// What one thread works in.
    class Scratch {
    public:
        explicit Scratch(const Stft& stft)
            : frame(stft.fft_->make_scratch()),
              group(stft.masked_lanes_ > 1 ? stft.fft_->group_work(stft.hop_) : 0),
              sums((stft.masked_lanes_ - 1) * stft.hop_ + stft.fft_->size()),
              ends(stft.masked_lanes_ * stft.fft_->size()),
              row(2 * stft.bins() + StreamStore::kLine) {}

        RealFft::Scratch frame;
        AlignedFloats group, sums, ends, row;
    };

    /// signal -> frames [begin, end) of spectrum [frames, bins]. streamed: past the cache, as is
    /// faster for what doesn't fit into it.
    void forward(Signal signal, std::size_t begin, std::size_t end, Bin* spectrum, bool streamed,
                 Scratch& scratch) const noexcept {
        StreamStore store(reinterpret_cast<float*>(spectrum + begin * bins()), scratch.row.data());
        for (std::size_t f = begin; f < end; ++f) {
            const float* samples = frame_at(signal, f, scratch.ends.data());
            float* to = streamed ? store.place() : reinterpret_cast<float*>(spectrum + f * bins());
            fft_->analyse(samples, half_window_.data(), reinterpret_cast<Bin*>(to), scratch.frame);
            if (streamed) store.put(2 * bins(), *fft_);
        }
        store.finish();
    }

    /// spectrum [frames, bins] -> those samples of signal that frames [begin, end) begin with.
    void inverse(const Bin* spectrum, std::size_t frames, std::size_t begin, std::size_t end,
                 EdgeGains gains, float* signal, std::size_t length, Scratch& scratch) const {
        const std::size_t pitch = is_large(frames * 2 * bins()) ? 2 * bins() : 0;
        const auto row = [=](std::size_t f) {
            return reinterpret_cast<const float*>(spectrum + f * bins());
        };
        const auto one = [&](std::size_t f, float* sums) {
            fft_->synthesise(spectrum + f * bins(), synthesis_window_.data(), sums, scratch.frame,
                             f + 1 < frames ? pitch : 0);
        };
        const auto group = [&](std::size_t f, float* const* sums) {
            const float* rows[kMostLanes];
            const std::size_t lanes = inverse_lanes_;
            for (std::size_t i = 0; i < lanes; ++i) rows[i] = row(f + i);
            fft_->group().inverse(fft_->group_tables(), rows,
                                  f + 2 * lanes <= frames ? lanes * pitch : 0,
                                  scratch.group.data(), synthesis_window_.data(), step_, sums);
        };
        overlap_add(frames, begin, end, gains, signal, length, scratch, inverse_lanes_,
                    one, group);
    }

    /// The same of signal times mask (of one channel).
    void masked(Signal signal, const Mask& mask, std::size_t channel, std::size_t begin,
                std::size_t end, EdgeGains gains, float* result, Scratch& scratch) const {
        const std::size_t count = frames(signal.length);
        const std::size_t pitch = is_large(count * mask.frame_pitch) ? mask.frame_pitch : 0;
        const auto one = [&](std::size_t f, float* sums) {
            MaskRow row = mask.at(channel, f);
            if (f + 1 < count) row.ahead = pitch;
            fft_->masked(frame_at(signal, f, scratch.ends.data()), half_window_.data(), row,
                         synthesis_window_.data(), sums, scratch.frame);
        };
        const auto group = [&](std::size_t f, float* const* sums) {
            const float *rows[kMostLanes], *masks[kMostLanes];
            const std::size_t lanes = masked_lanes_;
            const std::size_t ahead = f + 2 * lanes <= count ? lanes * pitch : 0;
            for (std::size_t i = 0; i < lanes; ++i) {
                rows[i] = frame_at(signal, f + i, scratch.ends.data() + i * fft_->size());
                masks[i] = mask.at(channel, f + i).values;
            }
            fft_->group().masked(fft_->group_tables(), rows, half_window_.data(), masks,
                                 mask.complex, ahead, scratch.group.data(),
                                 synthesis_window_.data(), step_, sums);
        };
        overlap_add(count, begin, end, gains, result, signal.length, scratch,
                    masked_lanes_, one, group);
    }

private:
    /// Whether rows are worth fetching ahead: not if the cache holds them all (measured).
    static bool is_large(std::size_t floats) noexcept {
        return floats * sizeof(float) > StreamStore::kWorthwhile;
    }

    /// How many frames go together. Measured: groups win where the frame kernel has no lanes to
    /// fill, and where they share rows (group_rows.h), up to a size.
    std::size_t lanes(std::size_t most) const noexcept {
        const bool pays = step_.shared > 0 && fft_->size() <= most;
        return fft_->has_group() && (pays || fft_->frame_lanes() < 4) ? fft_->group().lanes : 1;
    }

    /// The samples of frame f: in the signal, or copied if some of them are outside.
    const float* frame_at(Signal signal, std::size_t f, float* copy) const noexcept {
        const std::size_t n = fft_->size(), begin = f * hop_;
        if (begin >= pad_ && begin - pad_ + n <= signal.length) {
            return signal.samples + (begin - pad_);
        }
        // A reflection leaves out the end itself: 2 1 0 1 2 ... 8 9 8 7.
        const std::size_t end = begin + n, last = pad_ + signal.length;
        const std::size_t from = std::clamp(pad_, begin, end), to = std::clamp(last, from, end);
        for (std::size_t i = begin; i < from; ++i) {
            copy[i - begin] = reflect_ ? signal.samples[pad_ - i] : 0.0f;
        }
        if (to > from) {
            std::copy_n(signal.samples + (from - pad_), to - from, copy + (from - begin));
        }
        for (std::size_t i = to; i < end; ++i) {
            const std::size_t mirrored = 2 * (signal.length - 1) - (i - pad_);
            copy[i - begin] = reflect_ ? signal.samples[mirrored] : 0.0f;
        }
        return copy;
    }

    /// Adds up frames, each by one(f, sums) or together by group(f, sums of each), and writes the
    /// samples [begin hop, end hop) of the sums (to their end if end = frames), the pad cut away.
    ///
    ///     frames        |<--- n_fft --->|       added where they stand in the signal, if all of
    ///                       |<--- n_fft --->|   it is ours to write; else to a copy of what is
    ///     signal      |  sums  |  zeros |       ours, with zeros around, which then is put back
    template <class One, class Group>
    void overlap_add(std::size_t frames, std::size_t begin, std::size_t end, EdgeGains gains,
                     float* signal, std::size_t length, Scratch& scratch, std::size_t lanes,
                     One&& one, Group&& group) const {
        const std::size_t n = fft_->size(), total = (frames - 1) * hop_ + n;
        const std::size_t grouped = frames - frames % lanes;
        const std::size_t from = inside(begin * hop_, length);
        const std::size_t to = end == frames ? length : inside(end * hop_, length);
        std::size_t zeroed = from;
        // Earlier frames reach into the first samples; groups begin where they always do.
        std::size_t f = begin - std::min(begin, (n - 1) / hop_);
        for (f -= f % lanes; f < end;) {
            const std::size_t count = f < grouped ? lanes : 1;
            const std::size_t at = f * hop_, span = (count - 1) * hop_ + n;
            const std::size_t added = count > 1 && step_.shared ? n - hop_ : span;  // not written
            const std::size_t reach = std::min(to, inside(at + added, length));
            if (reach > zeroed) std::fill(signal + zeroed, signal + reach, 0.0f);
            zeroed = std::max(zeroed, std::min(to, inside(at + span, length)));
            const std::size_t first = std::max(at, pad_ + from);  // of what is ours
            const std::size_t last = std::max(first, std::min(at + span, pad_ + to));
            const bool ours = last - first == span;
            float* sums = ours ? signal + (at - pad_) : scratch.sums.data();
            if (!ours) {
                std::fill_n(sums, span, 0.0f);
                if (last > first) {
                    std::copy_n(signal + (first - pad_), last - first, sums + (first - at));
                }
            }
            if (count > 1) {
                float* rows[kMostLanes];
                for (std::size_t i = 0; i < lanes; ++i) rows[i] = sums + i * hop_;
                group(f, rows);
            } else {
                one(f, sums);
            }
            if (!ours && last > first) {
                std::copy_n(sums + (first - at), last - first, signal + (first - pad_));
            }
            f += count;
        }
        std::fill(signal + zeroed, signal + to, 0.0f);
        scale(gains.head, 0, gains.head_size, from, to, signal);
        scale(gains.tail, total - gains.tail_size, gains.tail_size, from, to, signal);
    }

    /// Where a sample of the sums stands in the signal, or the nearest one that does.
    std::size_t inside(std::size_t index, std::size_t length) const noexcept {
        return std::min(length, index > pad_ ? index - pad_ : 0);
    }

    /// Multiplies those of [from, to) that stand at indices begin .. begin + count - 1 of the sums.
    void scale(const float* gains, std::size_t begin, std::size_t count, std::size_t from,
               std::size_t to, float* signal) const noexcept {
        const std::size_t first = std::max(begin, pad_ + from);
        const std::size_t last = std::min(begin + count, pad_ + to);
        for (std::size_t i = first; i < last; ++i) signal[i - pad_] *= gains[i - begin];
    }

    Plan fft_;
    std::size_t hop_, pad_;
    bool reflect_;
    std::vector<float> half_window_, synthesis_window_;
    FrameStep step_;
    std::size_t masked_lanes_, inverse_lanes_;
};

}  // namespace neuralboard
