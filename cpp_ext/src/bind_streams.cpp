// SPDX-License-Identifier: GPL-3.0-or-later
// StftStream, IstftStream, MaskStream.

#include "arrays.h"
#include "bind_spectral.h"
#include "stft_stream.h"

namespace neuralboard {

namespace {

py::object analyse(Owned<StftStream>& self, py::handle block, py::handle out) {
    const auto in = view<float>(block);
    StftStream& stream = self.kernel;
    if (self.busy || !in || in->ndim != 2 || in->shape[0] != stream.channels()) return py::none();
    const std::size_t n = in->shape[1], frames = stream.frames_ready(n);
    const auto to =
        make_output<Bin>(out, *in, false, {stream.channels(), frames, stream.bins()});
    if (!to.array) return py::none();
    run_alone(self, stream.channels() * frames * stream.bins(),
              [&] { stream.push(in->data, n, to.data); });
    return to.array;
}

py::object synthesise(Owned<IstftStream>& self, py::handle frames, py::handle samples,
                      py::handle out) {
    const auto in = view<Bin>(frames);
    const auto count = whole_number(samples);
    IstftStream& stream = self.kernel;
    if (self.busy || !in || !count) return py::none();
    const std::size_t n = *count;
    if (!in->has_shape(stream.channels(), stream.frames_ready(n), stream.bins())) return py::none();
    const auto to = make_output<float>(out, *in, false, {stream.channels(), n});
    if (!to.array) return py::none();
    run_alone(self, in->size(), [&] { stream.push(in->data, n, to.data); });
    return to.array;
}

py::object apply(Owned<MaskStream>& self, py::handle block, py::handle mask, py::handle out) {
    const auto in = view<float>(block);
    MaskStream& stream = self.kernel;
    if (self.busy || !in || in->ndim != 2 || in->shape[0] != stream.channels()) return py::none();
    const std::size_t n = in->shape[1], frames = stream.frames_ready(n);
    const auto gains = mask_of(mask, stream.channels(), frames, stream.bins());
    if (!gains) return py::none();
    const auto to = make_output<float>(out, *in, true, {stream.channels(), n});
    if (!to.array) return py::none();
    run_alone(self, 2 * stream.channels() * frames * stream.bins(),
              [&] { stream.push(in->data, n, *gains, to.data); });
    return to.array;
}

template <class Stream>
std::size_t frames_ready(const Owned<Stream>& self, std::size_t n) {
    return self.kernel.frames_ready(n);
}

}  // namespace

void bind_streams(py::module_& module) {
    using namespace py::literals;
    py::class_<Owned<StftStream>>(module, "StftStream")
        .def(py::init([](std::size_t hop, const Floats& window, std::size_t channels) {
                 return std::make_unique<Owned<StftStream>>(make_plan(window), hop, values(window),
                                                            channels);
             }),
             "hop_length"_a, "window"_a, "channels"_a)
        .def("push", &analyse, "block"_a, "out"_a)
        .def("frames_ready", &frames_ready<StftStream>, "n"_a)
        .def("reset", &reset<StftStream>);

    py::class_<Owned<IstftStream>>(module, "IstftStream")
        .def(py::init([](std::size_t hop, const Floats& synthesis_window, std::size_t channels) {
                 return std::make_unique<Owned<IstftStream>>(
                     make_plan(synthesis_window), hop, values(synthesis_window), channels);
             }),
             "hop_length"_a, "synthesis_window"_a, "channels"_a)
        .def("push", &synthesise, "frames"_a, "n"_a, "out"_a)
        .def("frames_ready", &frames_ready<IstftStream>, "n"_a)
        .def("reset", &reset<IstftStream>);

    py::class_<Owned<MaskStream>>(module, "MaskStream")
        .def(py::init([](std::size_t hop, const Floats& window, const Floats& synthesis_window,
                         std::size_t channels) {
                 return std::make_unique<Owned<MaskStream>>(make_plan(window), hop, values(window),
                                                            values(synthesis_window), channels);
             }),
             "hop_length"_a, "window"_a, "synthesis_window"_a, "channels"_a)
        .def("push", &apply, "block"_a, "mask"_a, "out"_a)
        .def("frames_ready", &frames_ready<MaskStream>, "n"_a)
        .def("reset", &reset<MaskStream>);
}

}  // namespace neuralboard
