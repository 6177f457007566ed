/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "capture/drm/stream_copy.h"

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <smmintrin.h>

#define LINE 64 /* bytes that one streaming fetch brings */

/* `from` is a multiple of 16, `len` of LINE. */
__attribute__((target("sse4.1"))) static void copy_lines(uint8_t *to, const uint8_t *from, size_t len)
{
    _mm_mfence();
    for (size_t i = 0; i < len; i += LINE) {
        __m128i *source = (__m128i *)(uintptr_t)(from + i), *target = (__m128i *)(void *)(to + i);
        __m128i a = _mm_stream_load_si128(source), b = _mm_stream_load_si128(source + 1);
        __m128i c = _mm_stream_load_si128(source + 2), d = _mm_stream_load_si128(source + 3);
        _mm_storeu_si128(target, a);
        _mm_storeu_si128(target + 1, b);
        _mm_storeu_si128(target + 2, c);
        _mm_storeu_si128(target + 3, d);
    }
}

void drm_copy(void *to, const void *from, size_t len)
{
    size_t head = (LINE - (uintptr_t)from % LINE) % LINE, body;
    if (!__builtin_cpu_supports("sse4.1") || len < head + LINE) {
        memcpy(to, from, len);
        return;
    }
    body = (len - head) / LINE * LINE;
    memcpy(to, from, head);
    copy_lines((uint8_t *)to + head, (const uint8_t *)from + head, body);
    memcpy((uint8_t *)to + head + body, (const uint8_t *)from + head + body, len - head - body);
}
#else
void drm_copy(void *to, const void *from, size_t len)
{
    memcpy(to, from, len);
}
#endif
