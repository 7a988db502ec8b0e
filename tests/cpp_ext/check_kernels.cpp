// SPDX-License-Identifier: GPL-3.0-or-later
// Compares the transforms of each level of this processor with sums in double; no Python needed, so
// that it also runs under an emulator (scripts/check_neon.sh). Exit code 1 where one is off.
//
// forward, inverse: RealFft against the definition. signal: Stft::masked with real and complex gains
// against forward, product, inverse of one frame after the other, which the first two have proved.

#include <cmath>
#include <complex>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "stft.h"

namespace {

using namespace neuralboard;
using Exact = std::complex<double>;

struct Noise {
    std::uint32_t state = 1;
    float operator()() {
        state = state * 1664525u + 1013904223u;
        return static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
    }
};

/// Relative RMS and greatest error of `got` against `wanted`.
struct Errors {
    double square = 0, power = 0, most = 0, peak = 0;
    void add(Exact got, Exact wanted) {
        const double error = std::abs(got - wanted), size = std::abs(wanted);
        square += error * error, power += size * size;
        most = std::max(most, error), peak = std::max(peak, size);
    }
    bool within(double rms, double greatest, const char* level, const char* what, std::size_t n) const {
        const double r = std::sqrt(square / power), m = most / peak;
        if (r <= rms && m <= greatest) return true;  // false for NaN, too
        std::printf("%s %s n = %zu: RMS %.2g, greatest %.2g\n", level, what, n, r, m);
        return false;
    }
};

bool fast(std::size_t n) {
    for (std::size_t p : {2u, 3u, 5u}) {
        while (n % p == 0) n /= p;
    }
    return n == 1;
}

bool check_transform(const Kernels& kernels, std::size_t n) {
    const RealFft fft(n, kernels);
    RealFft::Scratch scratch = fft.make_scratch();
    Noise noise;
    std::vector<float> samples(n), back(n);
    std::vector<Bin> spectrum(fft.bins());
    for (float& sample : samples) sample = noise();
    const std::vector<float> halves(n, 0.5f), ones(n, 1.0f);
    fft.analyse(samples.data(), halves.data(), spectrum.data(), scratch);
    std::vector<Exact> roots(n);
    for (std::size_t k = 0; k < n; ++k) roots[k] = std::polar(1.0, -kTwoPi * k / n);
    Errors there, and_back;
    for (std::size_t k = 0; k < fft.bins(); k += n > 4096 ? 97 : 1) {
        Exact sum = 0;
        for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(samples[i]) * roots[i * k % n];
        there.add(spectrum[k], sum);
    }
    fft.synthesise(spectrum.data(), ones.data(), back.data(), scratch);
    for (std::size_t i = 0; i < n; ++i) and_back.add(back[i] / static_cast<double>(n), samples[i]);
    const double rms = fast(n) ? 2e-7 : 3e-7;
    return there.within(rms, 4e-7, kernels.level, "forward", n) &&
           and_back.within(1.41 * rms, 8e-7, kernels.level, "there and back", n);
}

bool check_signal(const char* level, std::size_t n, std::size_t hop, bool complex_mask) {
    const auto plan = std::make_shared<const RealFft>(n);
    const std::size_t length = 21 * hop + n + hop / 2 + 1;
    Noise noise;
    std::vector<float> window(n), signal(length), masked(length), frame(n);
    for (std::size_t i = 0; i < n; ++i) {
        window[i] = static_cast<float>(0.5 - 0.5 * std::cos(kTwoPi * i / n));
    }
    for (float& sample : signal) sample = noise();
    const Stft stft(plan, hop, 0, false, window, window);
    const std::size_t frames = stft.frames(length), bins = plan->bins();
    std::vector<float> gains(frames * bins * (complex_mask ? 2 : 1));
    for (float& gain : gains) gain = noise();
    const Mask mask{gains.data(), complex_mask, 0, bins * (complex_mask ? 2 : 1)};
    Stft::Scratch scratch(stft);
    stft.masked({signal.data(), length}, mask, 0, 0, frames, {nullptr, 0, nullptr, 0}, masked.data(), scratch);
    std::vector<double> wanted(length);
    std::vector<Bin> spectrum(bins);
    RealFft::Scratch own = plan->make_scratch();
    const std::vector<float> halves(n, 0.5f), ones(n, 1.0f);
    for (std::size_t f = 0; f < frames; ++f) {
        for (std::size_t i = 0; i < n; ++i) frame[i] = signal[f * hop + i] * window[i];
        plan->analyse(frame.data(), halves.data(), spectrum.data(), own);
        multiply(spectrum.data(), mask.at(0, f), bins);
        std::fill(frame.begin(), frame.end(), 0.0f);
        plan->synthesise(spectrum.data(), ones.data(), frame.data(), own);
        for (std::size_t i = 0; i < n; ++i) {
            wanted[f * hop + i] += static_cast<double>(frame[i]) * window[i];
        }
    }
    Errors errors;
    for (std::size_t i = 0; i < length; ++i) errors.add(masked[i], wanted[i]);
    return errors.within(4e-7, 8e-7, level, complex_mask ? "complex mask" : "real mask", n);
}

}  // namespace

int main() {
    std::vector<std::size_t> sizes;
    for (std::size_t n = 4; n <= 132; n += 2) sizes.push_back(n);
    for (std::size_t n = 256; n <= 65536; n *= 2) sizes.push_back(n);
    for (std::size_t n : {240, 320, 480, 882, 960, 1026, 1440, 1764, 1920, 2002, 4802, 6250, 12288}) {
        sizes.push_back(n);
    }
    bool good = true;
    Levels& levels = Levels::get();
    for (std::size_t i = 0; i < levels.count(); ++i) {
        levels.use(levels[i].level);
        int checks = 0;
        for (std::size_t n : sizes) {
            good = check_transform(levels[i], n) && good;
            ++checks;
            if (n < 16 || n > 2048) continue;
            for (std::size_t hop : {n / 2, n / 4, n / 4 + 1, n}) {
                for (bool complex_mask : {false, true}) {
                    good = check_signal(levels[i].level, n, hop, complex_mask) && good;
                    ++checks;
                }
            }
        }
        std::printf("%s: %d checks, %s\n", levels[i].level, checks, good ? "all good" : "some off");
    }
    return good ? 0 : 1;
}
