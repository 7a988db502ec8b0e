// SPDX-License-Identifier: GPL-3.0-or-later
#include "arrays.h"
namespace neuralboard {
void bind_rates(py::module_&) {}
}
