/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernels with the vectors of x86: SSE4.1 with PCLMULQDQ, and AVX2. */
#include "picture/rows.h"

#if defined __x86_64__ || defined __i386__

#include <immintrin.h>
#include <string.h>

#define SSE4 __attribute__((target("sse4.1,pclmul")))
#define AVX2 __attribute__((target("avx2")))
#define ALWAYS_INLINE static inline __attribute__((always_inline)) /* no vector is passed through memory */

/* ---- what both have ---- */

static const uint8_t weights[32] = {32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17,
                                    16, 15, 14, 13, 12, 11, 10, 9,  8,  7,  6,  5,  4,  3,  2,  1};

SSE4 static inline __m128i fold(__m128i value, __m128i next, __m128i factors)
{
    __m128i low = _mm_clmulepi64_si128(value, factors, 0x00), high = _mm_clmulepi64_si128(value, factors, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

SSE4 static inline __m128i load_128(const uint8_t *bytes)
{
    return _mm_loadu_si128((const __m128i *)(const void *)bytes);
}

/* Folds the bytes, 64 at a time, to 16 that have the same remainder. The factors are powers of x modulo the polynomial,
   in reversed bits: x^(512+32), x^(512-32) and x^(128+32), x^(128-32). */
SSE4 static uint32_t crc_by_folding(uint32_t crc, const uint8_t *bytes, size_t len)
{
    if (len < 128)
        return rows_plain.crc(crc, bytes, len);
    const __m128i far = _mm_set_epi64x(0x01c6e41596, 0x0154442bd4), near = _mm_set_epi64x(0x00ccaa009e, 0x01751997d0);
    __m128i a = _mm_xor_si128(load_128(bytes), _mm_cvtsi32_si128((int)~crc));
    __m128i b = load_128(bytes + 16), c = load_128(bytes + 32), d = load_128(bytes + 48);
    uint8_t folded[16];
    for (bytes += 64, len -= 64; len >= 64; bytes += 64, len -= 64) {
        a = fold(a, load_128(bytes), far);
        b = fold(b, load_128(bytes + 16), far);
        c = fold(c, load_128(bytes + 32), far);
        d = fold(d, load_128(bytes + 48), far);
    }
    a = fold(fold(fold(a, b, near), c, near), d, near);
    _mm_storeu_si128((__m128i *)(void *)folded, a);
    return rows_plain.crc(rows_plain.crc(0xffffffffu, folded, sizeof folded), bytes, len);
}

/* Packs 4 pixels at a time; the last ones one by one, since whole vectors are stored. */
SSE4 static void pack_bgrx_by_shuffling(uint8_t *rgb, const uint8_t *bgrx, size_t pixels)
{
    const __m128i order = _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    for (; pixels >= 6; pixels -= 4, rgb += 12, bgrx += 16)
        _mm_storeu_si128((__m128i *)(void *)rgb, _mm_shuffle_epi8(load_128(bgrx), order));
    rows_plain.pack_bgrx(rgb, bgrx, pixels);
}

/* ---- SSE4.1 ---- */

#define OPERATION SSE4 ALWAYS_INLINE
OPERATION __m128i zero_128(void)
{
    return _mm_setzero_si128();
}
OPERATION void store_128(uint8_t *to, __m128i value)
{
    _mm_storeu_si128((__m128i *)(void *)to, value);
}
OPERATION __m128i look_up_128(const uint8_t table[16], __m128i places)
{
    return _mm_shuffle_epi8(load_128(table), places);
}
OPERATION __m128i weigh_128(__m128i bytes)
{
    return _mm_madd_epi16(_mm_maddubs_epi16(bytes, load_128(weights + 16)), _mm_set1_epi16(1));
}
OPERATION uint32_t sum32_128(__m128i value)
{
    value = _mm_add_epi32(value, _mm_srli_si128(value, 8));
    return (uint32_t)_mm_cvtsi128_si32(_mm_add_epi32(value, _mm_srli_si128(value, 4)));
}
static bool sse4_usable(void)
{
    return __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("pclmul");
}
#undef OPERATION

#define zero128 zero_128
#define load128 load_128
#define store128 store_128
#define look_up128 look_up_128
#define weigh128 weigh_128
#define sum32128 sum32_128
#define sum64128 sum32_128 /* each sum is below 2^32 */
#define add64128 _mm_add_epi64
#define add32128 _mm_add_epi32
#define sub128 _mm_sub_epi8
#define subs128 _mm_subs_epu8
#define adds128 _mm_adds_epu8
#define min128 _mm_min_epu8
#define equal128 _mm_cmpeq_epi8
#define or128 _mm_or_si128
#define and128 _mm_and_si128
#define select128 _mm_blendv_epi8
#define spread128 _mm_set1_epi8
#define sad128 _mm_sad_epu8
#define mask128(value) ((unsigned)_mm_movemask_epi8(value))

#define V __m128i
#define TARGET SSE4
#define OP(name) name##128
#define NAME(name) name##_sse4
#include "picture/rows_simd.h"
#undef V
#undef TARGET
#undef OP
#undef NAME
#undef PICTURE_ROWS_SIMD_H

const struct row_kernels rows_sse4 = {"sse4",     sse4_usable,    filter_row_sse4,        estimate_sse4, repeats_sse4,
                                      adler_sse4, crc_by_folding, pack_bgrx_by_shuffling, same_sse4,     false};

/* ---- AVX2 ---- */

#define OPERATION AVX2 ALWAYS_INLINE
OPERATION __m256i load_256(const uint8_t *bytes)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)bytes);
}
OPERATION void store_256(uint8_t *to, __m256i value)
{
    _mm256_storeu_si256((__m256i *)(void *)to, value);
}
OPERATION __m256i look_up_256(const uint8_t table[16], __m256i places)
{
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table)),
                               places);
}
OPERATION __m256i weigh_256(__m256i bytes)
{
    return _mm256_madd_epi16(_mm256_maddubs_epi16(bytes, load_256(weights)), _mm256_set1_epi16(1));
}
OPERATION uint32_t sum32_256(__m256i value)
{
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(value), _mm256_extracti128_si256(value, 1));
    half = _mm_add_epi32(half, _mm_srli_si128(half, 8));
    return (uint32_t)_mm_cvtsi128_si32(_mm_add_epi32(half, _mm_srli_si128(half, 4)));
}
static bool avx2_usable(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && sse4_usable();
}
#undef OPERATION

#define zero256 _mm256_setzero_si256
#define load256 load_256
#define store256 store_256
#define look_up256 look_up_256
#define weigh256 weigh_256
#define sum32256 sum32_256
#define sum64256 sum32_256
#define add64256 _mm256_add_epi64
#define add32256 _mm256_add_epi32
#define sub256 _mm256_sub_epi8
#define subs256 _mm256_subs_epu8
#define adds256 _mm256_adds_epu8
#define min256 _mm256_min_epu8
#define equal256 _mm256_cmpeq_epi8
#define or256 _mm256_or_si256
#define and256 _mm256_and_si256
#define select256 _mm256_blendv_epi8
#define spread256 _mm256_set1_epi8
#define sad256 _mm256_sad_epu8
#define mask256(value) ((unsigned)_mm256_movemask_epi8(value))

#define V __m256i
#define TARGET AVX2
#define OP(name) name##256
#define NAME(name) name##_avx2
#include "picture/rows_simd.h"

const struct row_kernels rows_avx2 = {"avx2",     avx2_usable,    filter_row_avx2,        estimate_avx2, repeats_avx2,
                                      adler_avx2, crc_by_folding, pack_bgrx_by_shuffling, same_avx2,     true};

#endif
