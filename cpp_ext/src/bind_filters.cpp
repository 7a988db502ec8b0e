// SPDX-License-Identifier: GPL-3.0-or-later
// Biquad.

#include "arrays.h"
#include "bind_control.h"
#include "biquad.h"

namespace neuralboard {

namespace {

py::object process(Owned<Biquad>& self, py::handle block, py::handle cutoff_hz, py::handle gain_db,
                   py::handle q, py::handle out) {
    const auto in = view<float>(block);
    const std::size_t channels = self.kernel.channels();
    if (self.busy || !in || in->ndim != 2 || in->shape[0] != channels) return py::none();
    const std::size_t n = in->shape[1];
    const auto cutoff = control(cutoff_hz, n), gain = control(gain_db, n), width = control(q, n);
    if (!cutoff || !gain || !width) return py::none();
    const auto to = make_output<float>(out, *in, true, {channels, n});
    if (!to.array) return py::none();
    const bool varies = cutoff->per_sample || gain->per_sample || width->per_sample;
    bool done = false;
    run_alone(self, (varies ? 16 : 1) * in->size(), [&] {
        done = self.kernel.process(in->data, to.data, n, *cutoff, *gain, *width);
    });
    return done ? to.array : py::none();
}

}  // namespace

void bind_filters(py::module_& module) {
    using namespace py::literals;
    py::class_<Owned<Biquad>>(module, "Biquad")
        .def(py::init([](int kind, float sample_rate, std::size_t channels) {
                 return std::make_unique<Owned<Biquad>>(static_cast<FilterKind>(kind), sample_rate,
                                                        channels);
             }),
             "kind"_a, "sample_rate"_a, "channels"_a)
        .def("process", &process, "block"_a, "cutoff_hz"_a, "gain_db"_a, "q"_a, "out"_a)
        .def("reset", &reset<Biquad>);
}

}  // namespace neuralboard
