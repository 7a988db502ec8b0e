// SPDX-License-Identifier: GPL-3.0-or-later
#include "arrays.h"
namespace neuralboard {
void bind_stft(py::module_&) {}
}
