// SPDX-License-Identifier: GPL-3.0-or-later
// The pointwise part of the spectral loss and its gradient in one pass (compiled by ../kernels).
//
// For each bin, e the estimate's and t the target's value, p = |x|^2 + 1e-8:
//   m = p ^ 0.15          compressed magnitude, |x| ^ 0.3
//   c = x p ^ -0.35       compressed complex value, of the same magnitude
//   d = m_e - m_t         error = d^2 + |c_e - c_t|^2 + w min(d, 0)^2
// Written as separate tensor operators this is some thirty passes through memory.

#include <torch/extension.h>

#include <cmath>
#include <tuple>

namespace {

// estimate, target [batch, frames, bins, 2]; weight [batch, bins]; over_attenuation [bins], the w
// above. Gives the weighted sum of errors
// and its gradient [batch, frames, bins, 2] for the estimate.
std::tuple<double, at::Tensor> compare(at::Tensor estimate, at::Tensor target, at::Tensor weight,
                                       at::Tensor over_attenuation) {
    const int64_t batch = estimate.size(0), frames = estimate.size(1), bins = estimate.size(2);
    auto gradient = at::empty_like(estimate);
    const float* more = over_attenuation.const_data_ptr<float>();
    double total = 0;
    for (int64_t row = 0; row < batch * frames; ++row) {
        const float* e = estimate.const_data_ptr<float>() + row * bins * 2;
        const float* t = target.const_data_ptr<float>() + row * bins * 2;
        const float* w = weight.const_data_ptr<float>() + row / frames * bins;
        float* out = gradient.data_ptr<float>() + row * bins * 2;
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < bins; ++i) {
            const float a = e[2 * i], b = e[2 * i + 1], c = t[2 * i], d = t[2 * i + 1];
            const float power = a * a + b * b + 1e-8f, wanted = c * c + d * d + 1e-8f;
            const float magnitude = std::exp(0.15f * std::log(power));
            const float of_target = std::exp(0.15f * std::log(wanted));
            const float root = 1.0f / std::sqrt(power), inverse = root * root;
            const float factor = magnitude * root, of_other = of_target / std::sqrt(wanted);
            const float u = a * factor - c * of_other, v = b * factor - d * of_other;
            const float difference = magnitude - of_target;
            const float less = std::fmin(difference, 0.0f);
            sum += w[i] * (difference * difference + u * u + v * v + more[i] * less * less);
            // dm/dx = 0.3 m / p x; dc/dx = p^-0.35 (1 - 0.7 x x' / p)
            const float along = 0.6f * (difference + more[i] * less) * magnitude * inverse -
                                1.4f * (u * a + v * b) * factor * inverse;
            out[2 * i] = w[i] * (along * a + 2.0f * factor * u);
            out[2 * i + 1] = w[i] * (along * b + 2.0f * factor * v);
        }
        total += sum;
    }
    return {total, gradient};
}

}  // namespace

PYBIND11_MODULE(TORCH_EXTENSION_NAME, module) { module.def("compare", &compare); }
