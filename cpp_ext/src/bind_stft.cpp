// SPDX-License-Identifier: GPL-3.0-or-later
// Stft of whole signals.

#include <atomic>
#include <memory>
#include <system_error>
#include <thread>

#include "arrays.h"
#include "bind_spectral.h"
#include "denormals.h"
#include "stft.h"

namespace neuralboard {

namespace {

/// A plan, how many threads share its work, and what they work in. Any number of callers may come
/// at once: one finds the memory that was made beforehand, the others make their own.
class SharedStft {
public:
    /// head, tail: the edge gains of signals longer than a frame; empty without an inverse.
    SharedStft(const Floats& window, std::size_t hop, std::size_t pad, bool reflect,
               const Floats& synthesis_window, const Floats& head, const Floats& tail,
               std::size_t threads)
        : stft(make_plan(window), hop, pad, reflect, values(window), values(synthesis_window)),
          invertible_(synthesis_window.size() > 0),
          head_(values(head)),
          tail_(values(tail)) {
        for (std::size_t i = 0; i < threads; ++i) own_.push_back(make_scratch());
    }

    Stft stft;

    /// Of a signal of so many frames: the given arrays, or if they are None our own, or nothing if
    /// those don't fit.
    std::optional<EdgeGains> gains(std::size_t frames, py::handle head, py::handle tail) const {
        const auto first = view<float>(head), last = view<float>(tail);
        if (first && last) return EdgeGains{first->data, first->size(), last->data, last->size()};
        if (!invertible_ || !stft.has_middle(frames)) return std::nullopt;
        return EdgeGains{head_.data(), head_.size(), tail_.data(), tail_.size()};
    }

    /// Runs work(begin, end, scratch) on all frames, cut into a part for each thread.
    template <class Work>
    void run(std::size_t frames, Work&& work) {
        const bool mine = !taken_.test_and_set(std::memory_order_acquire);
        std::vector<Worker> fresh;
        for (std::size_t i = 0; !mine && i < own_.size(); ++i) fresh.push_back(make_scratch());
        std::vector<Worker>& scratch = mine ? own_ : fresh;
        // Parts begin with a group of frames.
        const std::size_t unit = Stft::kMostLanes, units = (frames + unit - 1) / unit;
        const std::size_t parts = std::min(scratch.size(), units);
        const auto part = [&](std::size_t i) {
            const std::size_t begin = units * i / parts * unit;
            const std::size_t end = units * (i + 1) / parts * unit;
            const std::uint64_t token = denormals_off();
            work(begin, std::min(end, frames), *scratch[i]);
            denormals_restore(token);
        };
        std::vector<std::thread> helpers;
        for (std::size_t i = 1; i < parts; ++i) {
            try {
                helpers.emplace_back(part, i);
            } catch (const std::system_error&) {  // no more threads to be had
                part(i);
            }
        }
        part(0);
        for (std::thread& helper : helpers) helper.join();
        if (mine) taken_.clear(std::memory_order_release);
    }

private:
    using Worker = std::unique_ptr<Stft::Scratch>;

    Worker make_scratch() const { return std::make_unique<Stft::Scratch>(stft); }

    bool invertible_;
    std::vector<float> head_, tail_;
    std::vector<Worker> own_;
    std::atomic_flag taken_ = ATOMIC_FLAG_INIT;
};

py::object forward(SharedStft& self, py::handle audio, py::handle out) {
    const auto in = view<float>(audio);
    const Stft& stft = self.stft;
    if (!in || in->ndim != 2 || !stft.has_frames(in->shape[1])) return py::none();
    const std::size_t channels = in->shape[0], length = in->shape[1];
    const std::size_t frames = stft.frames(length), size = frames * stft.bins();
    const auto to = make_output<Bin>(out, *in, false, {channels, frames, stft.bins()});
    if (!to.array) return py::none();
    const bool streamed = channels * size * sizeof(Bin) > StreamStore::kWorthwhile;
    run_unlocked(channels * size, [&] {
        self.run(frames, [&](std::size_t begin, std::size_t end, Stft::Scratch& scratch) {
            for (std::size_t c = 0; c < channels; ++c) {
                stft.forward({in->data + c * length, length}, begin, end, to.data + c * size,
                             streamed, scratch);
            }
        });
    });
    return to.array;
}

py::object inverse(SharedStft& self, py::handle spectrum, py::handle samples, py::handle out,
                   py::handle head, py::handle tail) {
    const auto in = view<Bin>(spectrum);
    const auto number = whole_number(samples, PY_SSIZE_T_MAX);
    const Stft& stft = self.stft;
    if (!in || !number || in->ndim != 3 || in->shape[1] == 0 || in->shape[2] != stft.bins()) {
        return py::none();
    }
    const std::size_t channels = in->shape[0], frames = in->shape[1], length = *number;
    const auto gains = self.gains(frames, head, tail);
    if (!gains) return py::none();
    const auto to = make_output<float>(out, *in, false, {channels, length});
    if (!to.array) return py::none();
    run_unlocked(in->size(), [&] {
        self.run(frames, [&](std::size_t begin, std::size_t end, Stft::Scratch& scratch) {
            for (std::size_t c = 0; c < channels; ++c) {
                stft.inverse(in->data + c * frames * stft.bins(), frames, begin, end, *gains,
                             to.data + c * length, length, scratch);
            }
        });
    });
    return to.array;
}

py::object masked(SharedStft& self, py::handle audio, py::handle mask, py::handle out,
                  py::handle head, py::handle tail) {
    const auto in = view<float>(audio);
    const Stft& stft = self.stft;
    if (!in || in->ndim != 2 || !stft.has_frames(in->shape[1])) return py::none();
    const std::size_t channels = in->shape[0], length = in->shape[1];
    const std::size_t frames = stft.frames(length);
    const auto factors = mask_of(mask, channels, frames, stft.bins());
    if (!factors || factors->frame_pitch == 0) return py::none();
    const auto gains = self.gains(frames, head, tail);
    if (!gains) return py::none();
    const auto to = make_output<float>(out, *in, false, {channels, length});
    if (!to.array) return py::none();
    run_unlocked(channels * frames * stft.bins(), [&] {
        self.run(frames, [&](std::size_t begin, std::size_t end, Stft::Scratch& scratch) {
            for (std::size_t c = 0; c < channels; ++c) {
                stft.masked({in->data + c * length, length}, *factors, c, begin, end, *gains,
                            to.data + c * length, scratch);
            }
        });
    });
    return to.array;
}

}  // namespace

void bind_stft(py::module_& module) {
    using namespace py::literals;
    py::class_<SharedStft>(module, "Stft")
        .def(py::init([](std::size_t hop, std::size_t pad, bool reflect, const Floats& window,
                         const Floats& synthesis_window, const Floats& head, const Floats& tail,
                         std::size_t threads) {
                 return std::make_unique<SharedStft>(window, hop, pad, reflect, synthesis_window,
                                                     head, tail, threads);
             }),
             "hop_length"_a, "pad"_a, "reflect"_a, "window"_a, "synthesis_window"_a, "head"_a,
             "tail"_a, "threads"_a)
        .def("forward", &forward, "audio"_a, "out"_a)
        .def("inverse", &inverse, "spectrum"_a, "length"_a, "out"_a, "head"_a = py::none(),
             "tail"_a = py::none())
        .def("apply_mask", &masked, "audio"_a, "mask"_a, "out"_a, "head"_a = py::none(),
             "tail"_a = py::none());
}

}  // namespace neuralboard
