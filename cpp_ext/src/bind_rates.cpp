// SPDX-License-Identifier: GPL-3.0-or-later
// RatePair.

#include "arrays.h"
#include "rate_pair.h"

namespace neuralboard {

namespace {

py::object down(Owned<RatePair>& self, py::handle block, py::handle out) {
    const auto in = view<float>(block);
    RatePair& pair = self.kernel;
    if (self.busy || !in || in->ndim != 2 || in->shape[0] != pair.channels()) return py::none();
    const std::size_t n = in->shape[1], made = pair.down_ready(n);
    const auto to = make_output<float>(out, *in, false, {pair.channels(), made});
    if (!to.array) return py::none();
    run_alone(self, 8 * pair.channels() * made, [&] { pair.down(in->data, n, to.data); });
    return to.array;
}

py::object up(Owned<RatePair>& self, py::handle model_block, std::size_t n, py::handle out) {
    const auto in = view<float>(model_block);
    RatePair& pair = self.kernel;
    if (self.busy || !in || !in->has_shape(pair.channels(), pair.up_takes(n))) return py::none();
    const auto to = make_output<float>(out, *in, false, {pair.channels(), n});
    if (!to.array) return py::none();
    run_alone(self, 8 * pair.channels() * n, [&] { pair.up(in->data, n, to.data); });
    return to.array;
}

}  // namespace

void bind_rates(py::module_& module) {
    using namespace py::literals;
    py::class_<Owned<RatePair>>(module, "RatePair")
        .def(py::init([](std::int64_t a, std::int64_t b, std::int64_t e, const Floats& down_rows,
                         const Floats& up_rows, std::size_t channels) {
                 return std::make_unique<Owned<RatePair>>(RateRatio{a, b, e}, values(down_rows),
                                                          values(up_rows), channels);
             }),
             "a"_a, "b"_a, "e"_a, "down_rows"_a, "up_rows"_a, "channels"_a)
        .def("down", &down, "block"_a, "out"_a)
        .def("up", &up, "model_block"_a, "n"_a, "out"_a)
        .def("down_ready",
             [](const Owned<RatePair>& self, std::size_t n) { return self.kernel.down_ready(n); },
             "n"_a)
        .def("up_takes",
             [](const Owned<RatePair>& self, std::size_t n) { return self.kernel.up_takes(n); },
             "n"_a)
        .def("reset", &reset<RatePair>);
}

}  // namespace neuralboard
