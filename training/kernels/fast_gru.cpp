// SPDX-License-Identifier: GPL-3.0-or-later
// The time loop of a GRU with its gradient, for training on a CPU (compiled by ../fast_gru.py).
//
// torch.nn.GRU runs some fifteen small operators a step and keeps each one's result in memory. Here a
// step is two products and one fused loop, forward, and four products and one loop, backward; all
// that a step needs stays in the cache, and only h, the gates and the gradient of x go to memory.
//
// PyTorch's equations, gates in the order r, z, n:
//   r = s(x_r + R_r h + c_r)   z = s(x_z + R_z h + c_z)   n = tanh(x_n + r * (R_n h + c_n))
//   h' = (1 - z) * n + z * h

#include <torch/extension.h>

#include <cmath>
#include <vector>

namespace {

inline float clamp(float value, float most) { return std::fmin(std::fmax(value, -most), most); }

// x [steps, rows, inputs], h0 [rows, units], weight_in [3 units, inputs], weight [3 units, units],
// both biases [3 units]. Gives h [steps + 1, rows, units] (h0 first) and gates [steps, rows, 4 units]
// holding r, z, n and R_n h + c_n, which the gradient needs.
std::vector<at::Tensor> forward(at::Tensor x, at::Tensor h0, at::Tensor weight_in,
                                at::Tensor weight, at::Tensor bias_in, at::Tensor bias) {
    const int64_t steps = x.size(0), rows = x.size(1), units = h0.size(1);
    auto h = at::empty({steps + 1, rows, units}, x.options());
    auto gates = at::empty({steps, rows, 4 * units}, x.options());
    auto from_x = at::empty({rows, 3 * units}, x.options());
    auto from_h = at::empty({rows, 3 * units}, x.options());
    h[0].copy_(h0);
    const auto transposed_in = weight_in.t(), transposed = weight.t();
    for (int64_t step = 0; step < steps; ++step) {
        at::addmm_out(from_x, bias_in, x[step], transposed_in);
        at::addmm_out(from_h, bias, h[step], transposed);
        const float* in = from_x.const_data_ptr<float>();
        const float* hidden = from_h.const_data_ptr<float>();
        const float* before = h.const_data_ptr<float>() + step * rows * units;
        float* after = h.data_ptr<float>() + (step + 1) * rows * units;
        float* kept = gates.data_ptr<float>() + step * rows * 4 * units;
        for (int64_t row = 0; row < rows; ++row) {
            const float* a = in + row * 3 * units;
            const float* b = hidden + row * 3 * units;
            const float* old = before + row * units;
            float* out = after + row * units;
            float* g = kept + row * 4 * units;
#pragma omp simd
            for (int64_t i = 0; i < units; ++i) {
                // One exponential each, which vectorises; clamped, as fast division of one by
                // infinity is not a number.
                const float r = 1.0f / (1.0f + std::exp(-clamp(a[i] + b[i], 30.0f)));
                const float z =
                    1.0f / (1.0f + std::exp(-clamp(a[units + i] + b[units + i], 30.0f)));
                const float q = b[2 * units + i];
                const float u = clamp(a[2 * units + i] + r * q, 15.0f);
                const float n = 1.0f - 2.0f / (1.0f + std::exp(2.0f * u));
                g[i] = r;
                g[units + i] = z;
                g[2 * units + i] = n;
                g[3 * units + i] = q;
                out[i] = n + z * (old[i] - n);
            }
        }
    }
    return {h, gates};
}

// Gives the gradients of x, h0, both weights and both biases from that of h[1:] [steps, rows, units].
std::vector<at::Tensor> backward(at::Tensor grad, at::Tensor x, at::Tensor h, at::Tensor gates,
                                 at::Tensor weight_in, at::Tensor weight) {
    const int64_t steps = grad.size(0), rows = grad.size(1), units = grad.size(2);
    auto to_x = at::empty_like(x);
    auto to_weight_in = at::zeros_like(weight_in), to_weight = at::zeros_like(weight);
    auto to_bias_in = at::zeros({3 * units}, grad.options());
    auto to_bias = at::zeros({3 * units}, grad.options());
    auto in = at::empty({rows, 3 * units}, grad.options());      // gradient of W x + b
    auto hidden = at::empty({rows, 3 * units}, grad.options());  // gradient of R h + c
    auto carried = at::zeros({rows, units}, grad.options());
    for (int64_t step = steps - 1; step >= 0; --step) {
        const float* dy = grad.const_data_ptr<float>() + step * rows * units;
        const float* before = h.const_data_ptr<float>() + step * rows * units;
        const float* kept = gates.const_data_ptr<float>() + step * rows * 4 * units;
        float* dx = in.data_ptr<float>();
        float* dq = hidden.data_ptr<float>();
        float* dh = carried.data_ptr<float>();
        float* sum_in = to_bias_in.data_ptr<float>();
        float* sum = to_bias.data_ptr<float>();
        for (int64_t row = 0; row < rows; ++row) {
            const float* g = kept + row * 4 * units;
            const float* out = dy + row * units;
            const float* old = before + row * units;
            float* a = dx + row * 3 * units;
            float* b = dq + row * 3 * units;
            float* d = dh + row * units;
#pragma omp simd
            for (int64_t i = 0; i < units; ++i) {
                const float r = g[i], z = g[units + i], n = g[2 * units + i], q = g[3 * units + i];
                const float all = out[i] + d[i];
                const float from_n = all * (1.0f - z) * (1.0f - n * n);
                const float from_z = all * (old[i] - n) * z * (1.0f - z);
                const float from_r = from_n * q * r * (1.0f - r);
                a[i] = b[i] = from_r;
                a[units + i] = b[units + i] = from_z;
                a[2 * units + i] = from_n;
                b[2 * units + i] = from_n * r;
                d[i] = all * z;
                sum[i] += from_r;
                sum[units + i] += from_z;
                sum[2 * units + i] += from_n * r;
                sum_in[2 * units + i] += from_n;
            }
        }
        carried.addmm_(hidden, weight);
        to_weight.addmm_(hidden.t(), h[step]);
        to_weight_in.addmm_(in.t(), x[step]);
        auto place = to_x[step];
        at::mm_out(place, in, weight_in);
    }
    to_bias_in.narrow(0, 0, 2 * units).copy_(to_bias.narrow(0, 0, 2 * units));
    return {to_x, carried, to_weight_in, to_weight, to_bias_in, to_bias};
}

}  // namespace

PYBIND11_MODULE(TORCH_EXTENSION_NAME, module) {
    module.def("forward", &forward);
    module.def("backward", &backward);
}
