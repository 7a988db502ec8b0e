// SPDX-License-Identifier: GPL-3.0-or-later
// Vectors of floats, one short wrapper per width. Kernels are written once against what they have
// in common, and compiled once per level (kernels_*.cpp). Everything stands in a namespace of the
// level and is inlined, and kernels use nothing of the standard library: so no function compiled
// for one processor can be linked into code for another.
//
// Of a vector V with `lanes` lanes, in blocks of 128 bits:
//     V::load(p), V::all(x), v.store(p), v.stream(p) (aligned, past the cache), + - *
//     fma(a, b, c) = a b + c, fnma(a, b, c) = c - a b
//     reverse(v); even(a, b), odd(a, b), zip_low(a, b), zip_high(a, b): pairs in memory, in order
//     pick_even, pick_odd (a, b), join_low, join_high (a, b): the same within each block, cheaper:
//         lane_place<V>(l) then holds pair l
//     transpose4(a, b, c, d): 4x4 within each block;  swap_blocks(v): blocks g of v[b] <-> b of v[g]
//     shift<k>(a, b): lanes k .. of a, then of b;  last_block(v), in_first_block(V{}, F4)
//     rows(V{}, p, q, n): block b = the 4 floats at p[4 b + q] + n;  each_row(v, q, write) back
#pragma once

#include <cstddef>
#include <cstdint>

#include "loops.h"

#if defined(_MSC_VER) && !defined(__clang__)
#define NB_INLINE __forceinline
#else
#define NB_INLINE inline __attribute__((always_inline))
#endif

#if defined(NEURALBOARD_X86)
#include <immintrin.h>
#elif defined(NEURALBOARD_ARM)
#include <arm_neon.h>
#endif

namespace neuralboard {
namespace NEURALBOARD_LEVEL {

/// Brings a line of memory into the second-level cache.
NB_INLINE void fetch(const float* p) {
#if defined(NEURALBOARD_X86)
    _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T1);
#elif defined(__GNUC__)
    __builtin_prefetch(p, 0, 2);
#else
    (void)p;
#endif
}

// Floats themselves: for what doesn't fill a vector.
struct F1 {
    static constexpr int lanes = 1;
    float v;
    static NB_INLINE F1 load(const float* p) { return {*p}; }
    static NB_INLINE F1 all(float x) { return {x}; }
    NB_INLINE void store(float* p) const { *p = v; }
};
NB_INLINE F1 operator+(F1 a, F1 b) { return {a.v + b.v}; }
NB_INLINE F1 operator-(F1 a, F1 b) { return {a.v - b.v}; }
NB_INLINE F1 operator*(F1 a, F1 b) { return {a.v * b.v}; }
#if NEURALBOARD_FUSED && defined(NEURALBOARD_X86) && defined(__GNUC__)
NB_INLINE F1 fma(F1 a, F1 b, F1 c) { return {__builtin_fmaf(a.v, b.v, c.v)}; }
#else
NB_INLINE F1 fma(F1 a, F1 b, F1 c) { return {a.v * b.v + c.v}; }
#endif
NB_INLINE F1 fnma(F1 a, F1 b, F1 c) { return fma({-a.v}, b, c); }
NB_INLINE F1 reverse(F1 a) { return a; }
NB_INLINE F1 even(F1 a, F1) { return a; }
NB_INLINE F1 odd(F1, F1 b) { return b; }
NB_INLINE F1 zip_low(F1 a, F1) { return a; }
NB_INLINE F1 zip_high(F1, F1 b) { return b; }
NB_INLINE F1 pick_even(F1 a, F1) { return a; }
NB_INLINE F1 pick_odd(F1, F1 b) { return b; }
NB_INLINE F1 join_low(F1 a, F1) { return a; }
NB_INLINE F1 join_high(F1, F1 b) { return b; }
NB_INLINE void transpose(F1*) {}

#if defined(NEURALBOARD_X86)
// What the three x86 widths differ in by names only: a struct, arithmetic, shuffles within blocks.
#define NEURALBOARD_X86_VECTOR(F, LANES, REGISTER, mm)                                         \
    struct F {                                                                                 \
        static constexpr int lanes = LANES;                                                    \
        REGISTER v;                                                                            \
        static NB_INLINE F load(const float* p) { return {mm##_loadu_ps(p)}; }                 \
        static NB_INLINE F all(float x) { return {mm##_set1_ps(x)}; }                          \
        NB_INLINE void store(float* p) const { mm##_storeu_ps(p, v); }                         \
        NB_INLINE void stream(float* p) const { mm##_stream_ps(p, v); }                        \
    };                                                                                         \
    NB_INLINE F operator+(F a, F b) { return {mm##_add_ps(a.v, b.v)}; }                        \
    NB_INLINE F operator-(F a, F b) { return {mm##_sub_ps(a.v, b.v)}; }                        \
    NB_INLINE F operator*(F a, F b) { return {mm##_mul_ps(a.v, b.v)}; }                        \
    NB_INLINE F pick_even(F a, F b) { return {mm##_shuffle_ps(a.v, b.v, 0x88)}; }              \
    NB_INLINE F pick_odd(F a, F b) { return {mm##_shuffle_ps(a.v, b.v, 0xdd)}; }               \
    NB_INLINE F join_low(F a, F b) { return {mm##_unpacklo_ps(a.v, b.v)}; }                    \
    NB_INLINE F join_high(F a, F b) { return {mm##_unpackhi_ps(a.v, b.v)}; }                   \
    NEURALBOARD_FMA(F, mm)
#if NEURALBOARD_FUSED
#define NEURALBOARD_FMA(F, mm)                                                      \
    NB_INLINE F fma(F a, F b, F c) { return {mm##_fmadd_ps(a.v, b.v, c.v)}; }       \
    NB_INLINE F fnma(F a, F b, F c) { return {mm##_fnmadd_ps(a.v, b.v, c.v)}; }
#else
#define NEURALBOARD_FMA(F, mm)                                    \
    NB_INLINE F fma(F a, F b, F c) { return a * b + c; }          \
    NB_INLINE F fnma(F a, F b, F c) { return c - a * b; }
#endif
#endif

#if NEURALBOARD_WIDTH >= 4

#if defined(NEURALBOARD_X86)  // SSE2
NEURALBOARD_X86_VECTOR(F4, 4, __m128, _mm)
NB_INLINE F4 reverse(F4 a) { return {_mm_shuffle_ps(a.v, a.v, 0x1b)}; }
template <int k>
NB_INLINE F4 shift(F4 a, F4 b) {
    return {_mm_castsi128_ps(_mm_or_si128(_mm_srli_si128(_mm_castps_si128(a.v), 4 * k),
                                          _mm_slli_si128(_mm_castps_si128(b.v), 16 - 4 * k)))};
}
#elif defined(NEURALBOARD_ARM)  // NEON
struct F4 {
    static constexpr int lanes = 4;
    float32x4_t v;
    static NB_INLINE F4 load(const float* p) { return {vld1q_f32(p)}; }
    static NB_INLINE F4 all(float x) { return {vdupq_n_f32(x)}; }
    NB_INLINE void store(float* p) const { vst1q_f32(p, v); }
    NB_INLINE void stream(float* p) const { store(p); }
};
NB_INLINE F4 operator+(F4 a, F4 b) { return {vaddq_f32(a.v, b.v)}; }
NB_INLINE F4 operator-(F4 a, F4 b) { return {vsubq_f32(a.v, b.v)}; }
NB_INLINE F4 operator*(F4 a, F4 b) { return {vmulq_f32(a.v, b.v)}; }
NB_INLINE F4 fma(F4 a, F4 b, F4 c) { return {vfmaq_f32(c.v, a.v, b.v)}; }
NB_INLINE F4 fnma(F4 a, F4 b, F4 c) { return {vfmsq_f32(c.v, a.v, b.v)}; }
NB_INLINE F4 reverse(F4 a) {
    const float32x4_t pairs = vrev64q_f32(a.v);
    return {vextq_f32(pairs, pairs, 2)};
}
NB_INLINE F4 pick_even(F4 a, F4 b) { return {vuzp1q_f32(a.v, b.v)}; }
NB_INLINE F4 pick_odd(F4 a, F4 b) { return {vuzp2q_f32(a.v, b.v)}; }
NB_INLINE F4 join_low(F4 a, F4 b) { return {vzip1q_f32(a.v, b.v)}; }
NB_INLINE F4 join_high(F4 a, F4 b) { return {vzip2q_f32(a.v, b.v)}; }
template <int k>
NB_INLINE F4 shift(F4 a, F4 b) { return {vextq_f32(a.v, b.v, k)}; }
#else  // whatever it is: the compiler may know its vectors
struct F4 {
    static constexpr int lanes = 4;
    float v[4];
    static NB_INLINE F4 load(const float* p) { return {{p[0], p[1], p[2], p[3]}}; }
    static NB_INLINE F4 all(float x) { return {{x, x, x, x}}; }
    NB_INLINE void store(float* p) const {
        for (int i = 0; i < 4; ++i) p[i] = v[i];
    }
    NB_INLINE void stream(float* p) const { store(p); }
};
NB_INLINE F4 operator+(F4 a, F4 b) {
    return {{a.v[0] + b.v[0], a.v[1] + b.v[1], a.v[2] + b.v[2], a.v[3] + b.v[3]}};
}
NB_INLINE F4 operator-(F4 a, F4 b) {
    return {{a.v[0] - b.v[0], a.v[1] - b.v[1], a.v[2] - b.v[2], a.v[3] - b.v[3]}};
}
NB_INLINE F4 operator*(F4 a, F4 b) {
    return {{a.v[0] * b.v[0], a.v[1] * b.v[1], a.v[2] * b.v[2], a.v[3] * b.v[3]}};
}
NB_INLINE F4 fma(F4 a, F4 b, F4 c) { return a * b + c; }
NB_INLINE F4 fnma(F4 a, F4 b, F4 c) { return c - a * b; }
NB_INLINE F4 reverse(F4 a) { return {{a.v[3], a.v[2], a.v[1], a.v[0]}}; }
NB_INLINE F4 pick_even(F4 a, F4 b) { return {{a.v[0], a.v[2], b.v[0], b.v[2]}}; }
NB_INLINE F4 pick_odd(F4 a, F4 b) { return {{a.v[1], a.v[3], b.v[1], b.v[3]}}; }
NB_INLINE F4 join_low(F4 a, F4 b) { return {{a.v[0], b.v[0], a.v[1], b.v[1]}}; }
NB_INLINE F4 join_high(F4 a, F4 b) { return {{a.v[2], b.v[2], a.v[3], b.v[3]}}; }
template <int k>
NB_INLINE F4 shift(F4 a, F4 b) {
    F4 result;
    for (int i = 0; i < 4; ++i) result.v[i] = i + k < 4 ? a.v[i + k] : b.v[i + k - 4];
    return result;
}
#endif
NB_INLINE F4 even(F4 a, F4 b) { return pick_even(a, b); }
NB_INLINE F4 odd(F4 a, F4 b) { return pick_odd(a, b); }
NB_INLINE F4 zip_low(F4 a, F4 b) { return join_low(a, b); }
NB_INLINE F4 zip_high(F4 a, F4 b) { return join_high(a, b); }
NB_INLINE F4 last_block(F4 v) { return v; }
NB_INLINE F4 in_first_block(F4, F4 v) { return v; }
NB_INLINE void swap_blocks(F4*, int) {}
NB_INLINE F4 rows(F4, const float* const* p, int q, std::size_t n) { return F4::load(p[q] + n); }
template <class Write>
NB_INLINE void each_row(F4 v, int q, Write write) {
    write(q, v);
}

#endif  // width 4

#if NEURALBOARD_WIDTH >= 8  // AVX2, FMA

NEURALBOARD_X86_VECTOR(F8, 8, __m256, _mm256)
NB_INLINE F8 low_blocks(F8 a, F8 b) { return {_mm256_permute2f128_ps(a.v, b.v, 0x20)}; }
NB_INLINE F8 high_blocks(F8 a, F8 b) { return {_mm256_permute2f128_ps(a.v, b.v, 0x31)}; }
NB_INLINE F8 reverse(F8 a) {
    const __m256 blocks = _mm256_permute_ps(a.v, 0x1b);
    return {_mm256_permute2f128_ps(blocks, blocks, 0x01)};
}
NB_INLINE F8 even(F8 a, F8 b) {
    const F8 low = low_blocks(a, b), high = high_blocks(a, b);
    return pick_even(low, high);
}
NB_INLINE F8 odd(F8 a, F8 b) {
    const F8 low = low_blocks(a, b), high = high_blocks(a, b);
    return pick_odd(low, high);
}
NB_INLINE F8 zip_low(F8 a, F8 b) { return low_blocks(join_low(a, b), join_high(a, b)); }
NB_INLINE F8 zip_high(F8 a, F8 b) { return high_blocks(join_low(a, b), join_high(a, b)); }
template <int k>
NB_INLINE F8 shift(F8 a, F8 b) {
    const __m256i between = _mm256_castps_si256(_mm256_permute2f128_ps(a.v, b.v, 0x21));
    const __m256i low = k < 4 ? _mm256_castps_si256(a.v) : between;
    const __m256i high = k < 4 ? between : _mm256_castps_si256(b.v);
    return {_mm256_castsi256_ps(_mm256_alignr_epi8(high, low, k % 4 * 4))};
}
NB_INLINE F4 last_block(F8 v) { return {_mm256_extractf128_ps(v.v, 1)}; }
NB_INLINE F8 in_first_block(F8, F4 v) { return {_mm256_castps128_ps256(v.v)}; }
NB_INLINE void swap_blocks(F8* v, int step) {
    const F8 a = v[0], b = v[step];
    v[0] = low_blocks(a, b), v[step] = high_blocks(a, b);
}
NB_INLINE F8 rows(F8, const float* const* p, int q, std::size_t n) {
    const __m256 low = _mm256_castps128_ps256(_mm_loadu_ps(p[q] + n));
    return {_mm256_insertf128_ps(low, _mm_loadu_ps(p[4 + q] + n), 1)};
}
template <class Write>
NB_INLINE void each_row(F8 v, int q, Write write) {
    write(q, F4{_mm256_castps256_ps128(v.v)});
    write(4 + q, F4{_mm256_extractf128_ps(v.v, 1)});
}

#endif  // width 8

#if NEURALBOARD_WIDTH >= 16  // AVX-512 F

NEURALBOARD_X86_VECTOR(F16, 16, __m512, _mm512)
/// Lane i = lane first + i * step of a, then b (32 lanes, counted around).
template <int first, int step>
NB_INLINE F16 every(F16 a, F16 b) {
    const __m512i index = _mm512_add_epi32(
        _mm512_set1_epi32(first),
        _mm512_mullo_epi32(_mm512_set1_epi32(step), _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7,
                                                                     6, 5, 4, 3, 2, 1, 0)));
    return {_mm512_permutex2var_ps(a.v, index, b.v)};
}
NB_INLINE F16 even(F16 a, F16 b) { return every<0, 2>(a, b); }
NB_INLINE F16 odd(F16 a, F16 b) { return every<1, 2>(a, b); }
NB_INLINE F16 reverse(F16 a) { return every<15, -1>(a, a); }
template <int first, int step>
NB_INLINE F16 zip(F16 a, F16 b) {
    constexpr int f = first, s = step;
    return {_mm512_permutex2var_ps(
        a.v,
        _mm512_set_epi32(f + 7 * s + 16, f + 7 * s, f + 6 * s + 16, f + 6 * s, f + 5 * s + 16,
                         f + 5 * s, f + 4 * s + 16, f + 4 * s, f + 3 * s + 16, f + 3 * s,
                         f + 2 * s + 16, f + 2 * s, f + s + 16, f + s, f + 16, f),
        b.v)};
}
NB_INLINE F16 zip_low(F16 a, F16 b) { return zip<0, 1>(a, b); }
NB_INLINE F16 zip_high(F16 a, F16 b) { return zip<8, 1>(a, b); }
NB_INLINE F16 even_back(F16 a, F16 b) { return every<30, -2>(a, b); }
NB_INLINE F16 odd_back(F16 a, F16 b) { return every<31, -2>(a, b); }
NB_INLINE F16 zip_low_back(F16 a, F16 b) { return zip<15, -1>(a, b); }
NB_INLINE F16 zip_high_back(F16 a, F16 b) { return zip<7, -1>(a, b); }
template <int k>
NB_INLINE F16 shift(F16 a, F16 b) {
    return {_mm512_castsi512_ps(
        _mm512_alignr_epi32(_mm512_castps_si512(b.v), _mm512_castps_si512(a.v), k))};
}
NB_INLINE F4 last_block(F16 v) { return {_mm512_extractf32x4_ps(v.v, 3)}; }
NB_INLINE F16 in_first_block(F16, F4 v) { return {_mm512_castps128_ps512(v.v)}; }
NB_INLINE void swap_blocks(F16* v, int step) {
    const __m512 a = v[0].v, b = v[step].v, c = v[2 * step].v, d = v[3 * step].v;
    const __m512 e = _mm512_shuffle_f32x4(a, b, 0x44), f = _mm512_shuffle_f32x4(a, b, 0xee);
    const __m512 g = _mm512_shuffle_f32x4(c, d, 0x44), h = _mm512_shuffle_f32x4(c, d, 0xee);
    v[0].v = _mm512_shuffle_f32x4(e, g, 0x88), v[step].v = _mm512_shuffle_f32x4(e, g, 0xdd);
    v[2 * step].v = _mm512_shuffle_f32x4(f, h, 0x88);
    v[3 * step].v = _mm512_shuffle_f32x4(f, h, 0xdd);
}
NB_INLINE F16 rows(F16, const float* const* p, int q, std::size_t n) {
    __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(p[q] + n));
    v = _mm512_insertf32x4(v, _mm_loadu_ps(p[4 + q] + n), 1);
    v = _mm512_insertf32x4(v, _mm_loadu_ps(p[8 + q] + n), 2);
    return {_mm512_insertf32x4(v, _mm_loadu_ps(p[12 + q] + n), 3)};
}
template <class Write>
NB_INLINE void each_row(F16 v, int q, Write write) {
    write(q, F4{_mm512_castps512_ps128(v.v)});
    write(4 + q, F4{_mm512_extractf32x4_ps(v.v, 1)});
    write(8 + q, F4{_mm512_extractf32x4_ps(v.v, 2)});
    write(12 + q, F4{_mm512_extractf32x4_ps(v.v, 3)});
}

#endif  // width 16

#if NEURALBOARD_WIDTH >= 16
using Widest = F16;
#elif NEURALBOARD_WIDTH >= 8
using Widest = F8;
#else
using Widest = F4;
#endif

// The same pairs the other way round, the last one first.
template <class V>
NB_INLINE V even_back(V a, V b) { return reverse(even(a, b)); }
template <class V>
NB_INLINE V odd_back(V a, V b) { return reverse(odd(a, b)); }
template <class V>
NB_INLINE V zip_low_back(V a, V b) { return zip_low(reverse(a), reverse(b)); }
template <class V>
NB_INLINE V zip_high_back(V a, V b) { return zip_high(reverse(a), reverse(b)); }

template <class V>  // unpack works within blocks: two rounds of it, on pairs, transpose each block
NB_INLINE void transpose4(V& a, V& b, V& c, V& d) {
    const V e = join_low(a, c), f = join_high(a, c), g = join_low(b, d), h = join_high(b, d);
    a = join_low(e, g), b = join_high(e, g), c = join_low(f, h), d = join_high(f, h);
}

/// The last lane of each.
template <class V>
NB_INLINE F4 last_lanes(const V (&v)[4]) {
    const F4 a = join_high(last_block(v[0]), last_block(v[2]));
    return join_high(a, join_high(last_block(v[1]), last_block(v[3])));
}

/// Into which lane pick_even and pick_odd put pair l of the two vectors' pairs.
template <class V>
constexpr int lane_place(int l) {
    constexpr int half = V::lanes == 1 ? 1 : V::lanes / 2;
    return V::lanes == 1 ? 0 : l % half / 2 * 4 + l / half * 2 + l % 2;
}

/// v[i] lane j <-> v[j] lane i, i and j < lanes: within blocks, then blocks.
template <class V>
NB_INLINE void transpose(V* v) {
    for (int g = 0; g < V::lanes; g += 4) transpose4(v[g], v[g + 1], v[g + 2], v[g + 3]);
    for (int s = 0; s < 4; ++s) swap_blocks(v + s, 4);
}

/// tile[i] lane f = row[f][n + i], i < 4.
template <class V>
NB_INLINE void load_tile(const float* const* row, std::size_t n, V* tile) {
    for (int q = 0; q < 4; ++q) tile[q] = rows(V{}, row, q, n);
    transpose4(tile[0], tile[1], tile[2], tile[3]);
}

}  // namespace NEURALBOARD_LEVEL
}  // namespace neuralboard
