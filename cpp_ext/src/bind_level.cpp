// SPDX-License-Identifier: GPL-3.0-or-later
// Which instruction set the transforms use.

#include <pybind11/stl.h>

#include <string>

#include "arrays.h"
#include "level.h"

namespace neuralboard {

void bind_level(py::module_& module) {
    using namespace py::literals;
    module.def("simd_level", [] { return std::string(Levels::get().current().level); });
    module.def("simd_levels", [] {
        std::vector<std::string> names;
        for (std::size_t i = 0; i < Levels::get().count(); ++i) {
            names.emplace_back(Levels::get()[i].level);
        }
        return names;
    });
    module.def("use_simd_level", [](const std::string& name) { return Levels::get().use(name.c_str()); },
               "name"_a);
    module.def("fma_probe", [](std::size_t rounds) {
        float result = 0.0f;
        return Levels::get().current().fma_probe(rounds, &result);
    }, "rounds"_a);
}

}  // namespace neuralboard
