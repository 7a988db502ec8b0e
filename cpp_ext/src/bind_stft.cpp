// SPDX-License-Identifier: GPL-3.0-or-later
// Stft of whole signals.

#include "arrays.h"
#include "bind_spectral.h"
#include "stft.h"

namespace neuralboard {

namespace {

EdgeGains edges(const Floats& head, const Floats& tail) {
    return {head.data(), static_cast<std::size_t>(head.size()), tail.data(),
            static_cast<std::size_t>(tail.size())};
}

/// The wrapper has checked the length against the padding.
py::object forward(const Stft& self, py::handle audio, py::handle out) {
    const auto in = view<float>(audio);
    if (!in || in->ndim != 2) return py::none();
    const std::size_t channels = in->shape[0], length = in->shape[1];
    const std::size_t frames = self.frames(length), size = frames * self.bins();
    const auto to = make_output<Bin>(out, *in, false, {channels, frames, self.bins()});
    if (!to.array) return py::none();
    run_unlocked(channels * size, [&] {
        for (std::size_t c = 0; c < channels; ++c) {
            self.forward(in->data + c * length, length, to.data + c * size);
        }
    });
    return to.array;
}

py::object inverse(const Stft& self, py::handle spectrum, std::size_t length, const Floats& head,
                   const Floats& tail, py::handle out) {
    const auto in = view<Bin>(spectrum);
    if (!in || in->ndim != 3 || in->shape[1] == 0 || in->shape[2] != self.bins()) {
        return py::none();
    }
    const std::size_t channels = in->shape[0], frames = in->shape[1];
    const auto to = make_output<float>(out, *in, false, {channels, length});
    if (!to.array) return py::none();
    const EdgeGains gains = edges(head, tail);
    run_unlocked(in->size(), [&] {
        for (std::size_t c = 0; c < channels; ++c) {
            self.inverse(in->data + c * frames * self.bins(), frames, gains, to.data + c * length,
                         length);
        }
    });
    return to.array;
}

py::object masked(const Stft& self, py::handle audio, py::handle mask, const Floats& head,
                  const Floats& tail, py::handle out) {
    const auto in = view<float>(audio);
    if (!in || in->ndim != 2) return py::none();
    const std::size_t channels = in->shape[0], length = in->shape[1];
    const std::size_t frames = self.frames(length);
    const auto factors = mask_of(mask, channels, frames, self.bins());
    if (!factors) return py::none();
    const auto to = make_output<float>(out, *in, false, {channels, length});
    if (!to.array) return py::none();
    const EdgeGains gains = edges(head, tail);
    run_unlocked(channels * frames * self.bins(), [&] {
        for (std::size_t c = 0; c < channels; ++c) {
            const auto mask_at = [&](std::size_t f) { return factors->at(c, f); };
            self.masked(in->data + c * length, length, mask_at, gains, to.data + c * length);
        }
    });
    return to.array;
}

}  // namespace

void bind_stft(py::module_& module) {
    using namespace py::literals;
    py::class_<Stft>(module, "Stft")
        .def(py::init([](std::size_t hop, std::size_t pad, bool reflect, const Floats& window,
                         const Floats& synthesis_window) {
                 return std::make_unique<Stft>(make_plan(window), hop, pad, reflect,
                                               values(window), values(synthesis_window));
             }),
             "hop_length"_a, "pad"_a, "reflect"_a, "window"_a, "synthesis_window"_a)
        .def("forward", &forward, "audio"_a, "out"_a)
        .def("inverse", &inverse, "spectrum"_a, "length"_a, "head"_a, "tail"_a, "out"_a)
        .def("apply_mask", &masked, "audio"_a, "mask"_a, "head"_a, "tail"_a, "out"_a);
}

}  // namespace neuralboard
