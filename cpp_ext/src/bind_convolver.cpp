// SPDX-License-Identifier: GPL-3.0-or-later
// Convolver.

#include <pybind11/stl.h>

#include "arrays.h"
#include "convolver.h"

namespace neuralboard {

namespace {

py::object convolve(Owned<Convolver>& self, py::handle block, py::handle out) {
    const auto in = view<float>(block);
    const std::size_t channels = self.kernel.channels();
    if (self.busy || !in || in->ndim != 2 || in->shape[0] != channels) return py::none();
    const auto to = make_output<float>(out, *in, true, {channels, in->shape[1]});
    if (!to.array) return py::none();
    run_alone(self, 32 * in->size(),
              [&] { self.kernel.process(in->data, to.data, in->shape[1]); });
    return to.array;
}

}  // namespace

void bind_convolver(py::module_& module) {
    using namespace py::literals;
    py::class_<Owned<Convolver>>(module, "Convolver")
        .def(py::init([](const Floats& response, std::size_t head,
                         const std::vector<std::pair<std::size_t, std::size_t>>& parts) {
                 return std::make_unique<Owned<Convolver>>(
                     values(response), static_cast<std::size_t>(response.shape(0)), head, parts);
             }),
             "response"_a, "head"_a, "parts"_a)
        .def("process", &convolve, "block"_a, "out"_a)
        .def("reset", &reset<Convolver>);
}

}  // namespace neuralboard
