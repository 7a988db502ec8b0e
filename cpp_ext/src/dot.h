// SPDX-License-Identifier: GPL-3.0-or-later
// A dot product.
#pragma once

#include "simd.h"

namespace neuralboard {
namespace NEURALBOARD_LEVEL {

/// Sum of a[i] * b[i], n a multiple of V's lanes. Two sums, as each waits for its last step.
template <class V>
float dot(const float* a, const float* b, std::size_t n) {
    constexpr std::size_t W = V::lanes;
    V first = V::all(0.0f), second = V::all(0.0f);
    std::size_t i = 0;
    for (; i + 2 * W <= n; i += 2 * W) {
        first = fma(V::load(a + i), V::load(b + i), first);
        second = fma(V::load(a + i + W), V::load(b + i + W), second);
    }
    if (i < n) first = fma(V::load(a + i), V::load(b + i), first);
    F4 sum = F4::all(0.0f);
    each_row(first + second, 0, [&](int, F4 part) { sum = sum + part; });
    float four[4];
    sum.store(four);
    return (four[0] + four[2]) + (four[1] + four[3]);
}

}  // namespace NEURALBOARD_LEVEL
}  // namespace neuralboard
