// SPDX-License-Identifier: GPL-3.0-or-later
// How plans and masks come from Python.
#pragma once

#include "arrays.h"
#include "frame_scratch.h"

namespace neuralboard {

/// The transform as long as a window.
inline Plan make_plan(const Floats& window) {
    return std::make_shared<const RealFft>(static_cast<std::size_t>(window.size()));
}

/// [bins], [channels, bins] or [channels, frames, bins].
inline std::optional<Mask> mask_of(py::handle object, std::size_t channels, std::size_t frames,
                                   std::size_t bins) {
    const auto mask = view<float>(object);
    if (!mask) return std::nullopt;
    if (mask->ndim == 1 && mask->shape[0] == bins) return Mask{mask->data, 0, 0};
    if (mask->has_shape(channels, bins)) return Mask{mask->data, bins, 0};
    if (mask->has_shape(channels, frames, bins)) return Mask{mask->data, frames * bins, bins};
    return std::nullopt;
}

}  // namespace neuralboard
