// SPDX-License-Identifier: GPL-3.0-or-later
// LoudnessMeter.

#include <array>

#include "arrays.h"
#include "loudness_meter.h"

namespace neuralboard {

namespace {

using Doubles = py::array_t<double, py::array::c_style>;

std::unique_ptr<Owned<LoudnessMeter>> make(std::size_t sample_rate, const Doubles& filters,
                                           const Doubles& weights, const Floats& even,
                                           const Floats& odd, const Floats& bounds) {
    std::array<double, 7> coefficients{};
    std::copy_n(filters.data(), coefficients.size(), coefficients.begin());
    std::vector<double> of_channels(weights.data(), weights.data() + weights.size());
    const auto pairs = static_cast<std::size_t>(even.shape(0));
    return std::make_unique<Owned<LoudnessMeter>>(
        LoudnessEnergy(sample_rate, coefficients, std::move(of_channels)),
        TruePeak(static_cast<std::size_t>(weights.size()), pairs, values(even), values(odd),
                 values(bounds)));
}

py::object push(Owned<LoudnessMeter>& self, py::handle block) {
    const auto in = view<float>(block);
    if (self.busy || !in || in->ndim != 2 || in->shape[0] != self.kernel.channels()) {
        return py::none();
    }
    const std::size_t n = in->shape[1];
    Doubles energies(static_cast<py::ssize_t>(self.kernel.ready(n)));
    double* to = energies.mutable_data();
    run_alone(self, 16 * in->size(), [&] { self.kernel.push(in->data, n, to); });
    return std::move(energies);
}

/// [3, channels]: sum of squares, sample peak, true peak.
py::object levels(Owned<LoudnessMeter>& self) {
    if (self.busy) return py::none();
    const std::size_t channels = self.kernel.channels();
    Doubles result({py::ssize_t{3}, static_cast<py::ssize_t>(channels)});
    double* to = result.mutable_data();
    for (std::size_t c = 0; c < channels; ++c) {
        to[c] = self.kernel.energy().squares(c);
        to[channels + c] = self.kernel.peak().sample_peak(c);
        to[2 * channels + c] = self.kernel.peak().peak(c);
    }
    return std::move(result);
}

}  // namespace

void bind_loudness(py::module_& module) {
    using namespace py::literals;
    py::class_<Owned<LoudnessMeter>>(module, "LoudnessMeter")
        .def(py::init(&make), "sample_rate"_a, "filters"_a, "weights"_a, "even"_a, "odd"_a,
             "bounds"_a)
        .def("push", &push, "block"_a)
        .def("levels", &levels)
        .def("reset", &reset<LoudnessMeter>);
}

}  // namespace neuralboard
