// SPDX-License-Identifier: GPL-3.0-or-later
// Runs every kernel of a stream after its construction and prints how often it allocated:
// one line "name count". The last line is a positive control that must count.

#include <cstdio>
#include <cstdlib>
#include <new>
#include <vector>

#include "biquad.h"
#include "convolver.h"
#include "delay_line.h"
#include "dynamic_shelf.h"
#include "fifo.h"
#include "loudness_meter.h"
#include "gain_reduction.h"
#include "rate_pair.h"
#include "sanitize.h"
#include "stft.h"
#include "stft_stream.h"
#include "svf.h"

namespace {
long allocations = 0;
}

void* operator new(std::size_t size) {
    ++allocations;
    void* memory = std::malloc(size ? size : 1);
    if (!memory) throw std::bad_alloc();
    return memory;
}

void* operator new[](std::size_t size) { return operator new(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace neuralboard;

constexpr std::size_t kChannels = 2, kLongest = 3000;
const std::size_t kBlocks[] = {0, 1, 7, 99, 100, 101, 512, kLongest};

template <class Work>
void report(const char* name, Work&& work) {
    const long before = allocations;
    for (std::size_t n : kBlocks) work(n);
    std::printf("%s %ld\n", name, allocations - before);
}

void report_streams(std::size_t n_fft, std::size_t hop, std::vector<float>& in,
                    std::vector<float>& out) {
    const auto plan = std::make_shared<const RealFft>(n_fft);
    const std::vector<float> window(n_fft, 1.0f);
    const std::vector<float> turns(n_fft + 2, 0.5f);
    std::vector<Bin> frames(kChannels * (kLongest / hop + 2) * plan->bins());
    StftStream analysis(plan, hop, window, kChannels);
    IstftStream synthesis(plan, hop, window, kChannels);
    MaskStream fused(plan, hop, window, window, kChannels);
    report("StftStream", [&](std::size_t n) { analysis.push(in.data(), n, frames.data()); });
    report("IstftStream", [&](std::size_t n) { synthesis.push(frames.data(), n, out.data()); });
    const Mask mask{window.data(), false, 0, 0}, turned{turns.data(), true, 0, 0};
    report("MaskStream", [&](std::size_t n) { fused.push(in.data(), n, mask, out.data()); });
    report("MaskStream", [&](std::size_t n) { fused.push(in.data(), n, turned, out.data()); });
    const Stft stft(plan, hop, n_fft / 2, false, window, window);
    Stft::Scratch scratch(stft);
    const EdgeGains none{nullptr, 0, nullptr, 0};
    report("Stft::forward", [&](std::size_t n) {
        stft.forward({in.data(), n}, 0, stft.frames(n), frames.data(), n == 512, scratch);
    });
    report("Stft::inverse", [&](std::size_t n) {
        stft.inverse(frames.data(), stft.frames(n), 0, stft.frames(n), none, out.data(), n, scratch);
    });
    report("Stft::masked", [&](std::size_t n) {
        stft.masked({in.data(), n}, mask, 0, 0, stft.frames(n), none, out.data(), scratch);
    });
    report("resets", [&](std::size_t) {
        analysis.reset();
        synthesis.reset();
        fused.reset();
    });
}

}  // namespace

int main() {
    std::vector<float> in(kChannels * kLongest, 0.25f), out(kChannels * kLongest);
    std::vector<float> ramp(kLongest, 500.0f), low(kChannels * 2 * kLongest);
    report_streams(480, 100, in, out);
    report_streams(2 * 61, 50, in, out);  // Bluestein
    Biquad filter(FilterKind::peak, 48000.0f, kChannels);
    report("Biquad", [&](std::size_t n) {
        filter.process(in.data(), out.data(), n, {500.0f, nullptr}, {6.0f, nullptr},
                       {1.0f, nullptr});
        filter.process(in.data(), out.data(), n, {0.0f, ramp.data()}, {6.0f, nullptr},
                       {1.0f, nullptr});
    });
    Convolver convolver(std::vector<float>(kChannels * 2000, 0.1f), kChannels, 64,
                        {{64, 7}, {512, 3}});
    report("Convolver", [&](std::size_t n) {
        convolver.process(in.data(), out.data(), n);
        convolver.reset();
    });
    LoudnessMeter meter(LoudnessEnergy(48000, {1, 0, 0, 0, 0, 0, 0}, {1.0, 1.0}),
                        TruePeak(2, 8, std::vector<float>(8 * 24, 0.1f),
                                 std::vector<float>(8 * 24, 0.1f), std::vector<float>(7, 9.0f)));
    std::vector<double> energies(kLongest);
    report("LoudnessMeter", [&](std::size_t n) {
        meter.push(in.data(), n, energies.data());
        meter.reset();
    });
    DelayLine delay(kChannels, 77);
    report("DelayLine", [&](std::size_t n) { delay.push(in.data(), out.data(), n); });
    GainReduction reduction(kChannels, 100);
    const ReductionControls controls{{-40.0f}, {0.5f}, {6.0f}, {60.0f}, {0.1f}, {0.01f}, {77.0f}};
    report("GainReduction", [&](std::size_t n) {
        reduction.push(in.data(), low.data(), n, controls);
        apply_gain_db(in.data(), low.data(), out.data(), kChannels, n);
        reduction.reset();
    });
    DynamicShelf shelf(kChannels);
    report("DynamicShelf", [&](std::size_t n) {
        shelf.process(in.data(), low.data(), out.data(), n, {0.3f, nullptr});
        shelf.reset();
    });
    SvfCascade cascade(kChannels, 3);
    const std::vector<SvfCoefficients> sections(3 * kLongest, {0.9, 0.09, 0.009, 0.0, 0.0, 1.0});
    report("SvfCascade", [&](std::size_t n) {
        cascade.process(in.data(), out.data(), n, sections.data(), false);
        cascade.process(in.data(), out.data(), n, sections.data(), true);
        cascade.reset();
    });
    Fifo queue(kChannels, kLongest);
    report("Fifo", [&](std::size_t n) {
        queue.push(in.data(), n);
        queue.pop(out.data(), n);
    });
    RatePair rates({147, 160, 5}, std::vector<float>(160 * 64), std::vector<float>(147 * 64),
                   kChannels);
    report("RatePair", [&](std::size_t n) {
        rates.down(in.data(), n, low.data());
        rates.up(low.data(), n, out.data());
        rates.reset();
    });
    report("replace_broken",
           [&](std::size_t n) { replace_broken(in.data(), kChannels, n, 1e9f); });
    Fifo small(kChannels, 1);
    report("control", [&](std::size_t n) { small.push(in.data(), n); });
    return 0;
}
