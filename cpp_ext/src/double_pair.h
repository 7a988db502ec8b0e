// SPDX-License-Identifier: GPL-3.0-or-later
// Two doubles side by side: a recursive filter runs two channels for the price of one. Compilers
// do not find that by themselves where each sample waits for the one before it.
#pragma once

#include <cstddef>

namespace neuralboard {

#if defined(__GNUC__)  // clang too: one vector register on every processor that they build for
typedef double DoublePair __attribute__((vector_size(16)));
#else
struct DoublePair {
    double v[2];
    double& operator[](int i) noexcept { return v[i]; }
    double operator[](int i) const noexcept { return v[i]; }
};
inline DoublePair operator+(DoublePair a, DoublePair b) noexcept {
    return {{a.v[0] + b.v[0], a.v[1] + b.v[1]}};
}
inline DoublePair operator-(DoublePair a, DoublePair b) noexcept {
    return {{a.v[0] - b.v[0], a.v[1] - b.v[1]}};
}
inline DoublePair operator*(double a, DoublePair b) noexcept {
    return {{a * b.v[0], a * b.v[1]}};
}
#endif

/// V is double (one lane) or DoublePair (two).
template <class V>
struct Lanes;

template <>
struct Lanes<double> {
    static constexpr std::size_t count = 1;
    static double get(double v, std::size_t) noexcept { return v; }
    static void set(double& v, std::size_t, double x) noexcept { v = x; }
};

template <>
struct Lanes<DoublePair> {
    static constexpr std::size_t count = 2;
    static double get(const DoublePair& v, std::size_t k) noexcept {
        return v[static_cast<int>(k)];
    }
    static void set(DoublePair& v, std::size_t k, double x) noexcept {
        v[static_cast<int>(k)] = x;
    }
};

}  // namespace neuralboard
