// SPDX-License-Identifier: GPL-3.0-or-later
// Denormals, broken samples, DelayLine, Fifo.

#include <cmath>

#include "arrays.h"
#include "delay_line.h"
#include "denormals.h"
#include "fifo.h"
#include "sanitize.h"

namespace neuralboard {

namespace {

template <bool Replace>
py::object broken(py::handle block, py::handle bound) {
    const auto samples = view<float>(block);
    const auto limit = static_cast<float>(PyFloat_AsDouble(bound.ptr()));
    if (PyErr_Occurred()) PyErr_Clear();  // limit is then -1
    if (!std::isfinite(limit) || limit < 0.0f) return py::none();
    if (!samples || samples->ndim != 2 || (Replace && !samples->writeable)) return py::none();
    Broken result;
    run_unlocked(samples->size() / 8, [&] {
        result = Replace
                     ? replace_broken(samples->data, samples->shape[0], samples->shape[1], limit)
                     : find_broken(samples->data, samples->shape[0], samples->shape[1], limit);
    });
    return py::make_tuple(result.count, result.count ? static_cast<long long>(result.first) : -1);
}

py::object delay(Owned<DelayLine>& self, py::handle block, py::handle out) {
    const auto in = view<float>(block);
    const std::size_t channels = self.kernel.channels();
    if (self.busy || !in || in->ndim != 2 || in->shape[0] != channels) return py::none();
    const auto to = make_output<float>(out, *in, true, {channels, in->shape[1]});
    if (!to.array) return py::none();
    run_alone(self, in->size() / 8, [&] { self.kernel.push(in->data, to.data, in->shape[1]); });
    return to.array;
}

bool fifo_push(Owned<Fifo>& self, py::handle block) {
    const auto in = view<float>(block);
    if (!in || in->ndim != 2 || in->shape[0] != self.kernel.channels()) return false;
    self.kernel.push(in->data, in->shape[1]);
    return true;
}

py::object fifo_pop(Owned<Fifo>& self, std::size_t n, py::handle out) {
    if (n > self.kernel.size()) return py::none();
    const auto to = make_output<float>(out, View<float>{}, false, {self.kernel.channels(), n});
    if (!to.array) return py::none();
    self.kernel.pop(to.data, n);
    return to.array;
}

}  // namespace

void bind_simple(py::module_& module) {
    using namespace py::literals;
    module.def("denormals_off", &denormals_off);
    module.def("denormals_restore", &denormals_restore, "token"_a);
    module.def("replace_broken", &broken<true>, "block"_a, "limit"_a);
    module.def("find_broken", &broken<false>, "block"_a, "limit"_a);

    py::class_<Owned<DelayLine>>(module, "DelayLine")
        .def(py::init<std::size_t, std::size_t>(), "channels"_a, "num_samples"_a)
        .def("push", &delay, "block"_a, "out"_a)
        .def("reset", &reset<DelayLine>);

    py::class_<Owned<Fifo>>(module, "Fifo")
        .def(py::init<std::size_t, std::size_t>(), "channels"_a, "capacity"_a)
        .def("push", &fifo_push, "block"_a)
        .def("pop", &fifo_pop, "n"_a, "out"_a)
        .def("size", [](const Owned<Fifo>& self) { return self.kernel.size(); })
        .def("clear", [](Owned<Fifo>& self) { self.kernel.clear(); });
}

}  // namespace neuralboard
