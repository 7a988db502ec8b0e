// SPDX-License-Identifier: GPL-3.0-or-later
// The extension module neuralboard.cpp_ext._ext. One file binds one kind of kernel.

#include "arrays.h"

PYBIND11_MODULE(_ext, module) {
    module.doc() = "Kernels of neuralboard.cpp_ext; use that package, which checks arguments.";
    neuralboard::prepare_views();
    neuralboard::bind_level(module);
    neuralboard::bind_simple(module);
    neuralboard::bind_filters(module);
    neuralboard::bind_streams(module);
    neuralboard::bind_stft(module);
    neuralboard::bind_rates(module);
    neuralboard::bind_convolver(module);
    neuralboard::bind_loudness(module);
    neuralboard::bind_dynamics(module);
}
