// SPDX-License-Identifier: GPL-3.0-or-later
// How the parameters of a kernel enter it: a number, or an array with one value per sample.
#pragma once

#include "arrays.h"
#include "control.h"

namespace neuralboard {

/// A number, or an array of n float32 values; nothing if it is neither.
inline std::optional<Control> control(py::handle value, std::size_t n) {
    Control result;
    if (PyFloat_CheckExact(value.ptr())) {
        result.constant = static_cast<float>(PyFloat_AS_DOUBLE(value.ptr()));
        return result;
    }
    if (py::isinstance<py::array>(value)) {
        const auto values = view<float>(value);
        if (!values || values->ndim != 1 || values->shape[0] != n) return std::nullopt;
        result.per_sample = values->data;
        return result;
    }
    const double number = PyFloat_AsDouble(value.ptr());  // int, np.float32, ...
    if (PyErr_Occurred()) {
        PyErr_Clear();
        return std::nullopt;
    }
    result.constant = static_cast<float>(number);
    return result;
}

}  // namespace neuralboard
