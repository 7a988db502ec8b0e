// SPDX-License-Identifier: GPL-3.0-or-later
// How many multiplications and additions the core can do at most with this level's vectors: the
// measure that benchmarks hold transforms against.
#pragma once

#include "loops.h"
#include "simd.h"

namespace neuralboard {
namespace NEURALBOARD_LEVEL {

/// Chains that wait for nothing but themselves, as many as hide the latency of a multiply-add and
/// still find registers. Returns the operations done, 2 a lane; `result` keeps them from being left
/// out.
template <class V>
std::size_t fma_probe(std::size_t rounds, float* result) {
    constexpr int chains = 12;
    V x[chains];
    NEURALBOARD_UNROLL
    for (int i = 0; i < chains; ++i) x[i] = V::all(static_cast<float>(i));
    const V factor = V::all(0.999f), more = V::all(0.001f);
    for (std::size_t round = 0; round < rounds; ++round) {
        NEURALBOARD_UNROLL
        for (int i = 0; i < chains; ++i) x[i] = fma(x[i], factor, more);
    }
    V sum = x[0];
    NEURALBOARD_UNROLL
    for (int i = 1; i < chains; ++i) sum = sum + x[i];
    float lanes[V::lanes];
    sum.store(lanes);
    *result = lanes[0];
    return rounds * chains * 2 * V::lanes;
}

}  // namespace NEURALBOARD_LEVEL
}  // namespace neuralboard
