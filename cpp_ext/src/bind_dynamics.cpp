// SPDX-License-Identifier: GPL-3.0-or-later
// GainReduction, apply_gain_db, DynamicShelf, SvfCascade.

#include "arrays.h"
#include "bind_control.h"
#include "decibels.h"
#include "dynamic_shelf.h"
#include "gain_reduction.h"
#include "svf.h"

namespace neuralboard {

namespace {

py::object push_key(Owned<GainReduction>& self, py::handle key, py::handle threshold_db,
                    py::handle slope, py::handle knee_db, py::handle range_db, py::handle attack,
                    py::handle release, py::handle hold, py::handle out) {
    const auto in = view<float>(key);
    if (self.busy || !in || in->ndim != 2 || in->shape[0] != self.kernel.channels()) {
        return py::none();
    }
    const std::size_t n = in->shape[1];
    const py::handle given[7] = {threshold_db, slope, knee_db, range_db, attack, release, hold};
    Control parsed[7];
    for (std::size_t i = 0; i < 7; ++i) {
        const auto one = control(given[i], n);
        if (!one) return py::none();
        parsed[i] = *one;
    }
    const ReductionControls p{parsed[0], parsed[1], parsed[2], parsed[3],
                              parsed[4], parsed[5], parsed[6]};
    const auto to = make_output<float>(out, *in, false, {n});
    if (!to.array) return py::none();
    bool done = false;
    run_alone(self, 8 * n, [&] { done = self.kernel.push(in->data, to.data, n, p); });
    return done ? to.array : py::none();
}

py::object apply_gain(py::handle block, py::handle gain_db, py::handle out) {
    const auto in = view<float>(block);
    const auto gain = view<float>(gain_db);
    if (!in || in->ndim != 2 || !gain || gain->ndim != 1 || gain->shape[0] != in->shape[1]) {
        return py::none();
    }
    const auto to = make_output<float>(out, *in, true, {in->shape[0], in->shape[1]});
    if (!to.array) return py::none();
    run_unlocked(2 * in->size(), [&] {
        apply_gain_db(in->data, gain->data, to.data, in->shape[0], in->shape[1]);
    });
    return to.array;
}

py::object process_shelf(Owned<DynamicShelf>& self, py::handle block, py::handle reduction_db,
                         py::handle warped, py::handle out) {
    const auto in = view<float>(block);
    const auto reduction = view<float>(reduction_db);
    const std::size_t channels = self.kernel.channels();
    if (self.busy || !in || in->ndim != 2 || in->shape[0] != channels) return py::none();
    const std::size_t n = in->shape[1];
    const auto place = control(warped, n);
    if (!reduction || reduction->ndim != 1 || reduction->shape[0] != n || !place) {
        return py::none();
    }
    const auto to = make_output<float>(out, *in, true, {channels, n});
    if (!to.array) return py::none();
    bool done = false;
    run_alone(self, 8 * in->size(), [&] {
        done = self.kernel.process(in->data, reduction->data, to.data, n, *place);
    });
    return done ? to.array : py::none();
}

py::object process_cascade(Owned<SvfCascade>& self, py::handle block, py::handle coefficients,
                           py::handle out) {
    const auto in = view<float>(block);
    const auto table = view<double>(coefficients);
    const std::size_t channels = self.kernel.channels(), sections = self.kernel.sections();
    if (self.busy || !in || in->ndim != 2 || in->shape[0] != channels || !table) {
        return py::none();
    }
    const std::size_t n = in->shape[1];
    const bool varies = table->has_shape(n, sections, 6);
    if (!varies && !table->has_shape(sections, 6)) return py::none();
    const auto to = make_output<float>(out, *in, true, {channels, n});
    if (!to.array) return py::none();
    bool done = false;
    run_alone(self, sections * in->size(), [&] {
        const auto* c = reinterpret_cast<const SvfCoefficients*>(table->data);
        done = self.kernel.process(in->data, to.data, n, c, varies);
    });
    return done ? to.array : py::none();
}

}  // namespace

void bind_dynamics(py::module_& module) {
    using namespace py::literals;
    module.def("apply_gain_db", &apply_gain, "block"_a, "gain_db"_a, "out"_a);
    py::class_<Owned<GainReduction>>(module, "GainReduction")
        .def(py::init<std::size_t, std::size_t>(), "channels"_a, "longest_hold"_a)
        .def("push", &push_key, "key"_a, "threshold_db"_a, "slope"_a, "knee_db"_a, "range_db"_a,
             "attack"_a, "release"_a, "hold"_a, "out"_a)
        .def("reset", &reset<GainReduction>);
    py::class_<Owned<DynamicShelf>>(module, "DynamicShelf")
        .def(py::init<std::size_t>(), "channels"_a)
        .def("process", &process_shelf, "block"_a, "reduction_db"_a, "warped"_a, "out"_a)
        .def("reset", &reset<DynamicShelf>);
    py::class_<Owned<SvfCascade>>(module, "SvfCascade")
        .def(py::init<std::size_t, std::size_t>(), "channels"_a, "sections"_a)
        .def("process", &process_cascade, "block"_a, "coefficients"_a, "out"_a)
        .def("reset", &reset<SvfCascade>);
}

}  // namespace neuralboard
