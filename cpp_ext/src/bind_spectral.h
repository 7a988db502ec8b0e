// SPDX-License-Identifier: GPL-3.0-or-later
// How plans and masks come from Python.
#pragma once

#include "arrays.h"
#include "fft.h"

namespace neuralboard {

/// The transform as long as a window.
inline Plan make_plan(const Floats& window) {
    return std::make_shared<const RealFft>(static_cast<std::size_t>(window.size()));
}

template <class T>
std::optional<Mask> mask_of_type(py::handle object, std::size_t channels, std::size_t frames,
                                 std::size_t bins) {
    const auto mask = view<T>(object);
    if (!mask) return std::nullopt;
    constexpr std::size_t width = sizeof(T) / sizeof(float);
    const auto* values = reinterpret_cast<const float*>(mask->data);
    const std::size_t row = width * bins;
    if (mask->ndim == 1 && mask->shape[0] == bins) return Mask{values, width == 2, 0, 0};
    if (mask->has_shape(channels, bins)) return Mask{values, width == 2, row, 0};
    if (mask->has_shape(channels, frames, bins)) return Mask{values, width == 2, frames * row, row};
    return std::nullopt;
}

/// [bins], [channels, bins] or [channels, frames, bins] of real or complex gains.
inline std::optional<Mask> mask_of(py::handle object, std::size_t channels, std::size_t frames,
                                   std::size_t bins) {
    const auto real = mask_of_type<float>(object, channels, frames, bins);
    return real ? real : mask_of_type<Bin>(object, channels, frames, bins);
}

}  // namespace neuralboard
