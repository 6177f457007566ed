/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/rows.h"

#include <string.h>
#include <zlib.h>

static bool rows_always(void)
{
    return true;
}

static uint8_t distance_from_zero(uint8_t byte)
{
    uint8_t negative = (uint8_t)-byte;
    return byte < negative ? byte : negative;
}

static uint32_t estimate_byte(int byte)
{
    static const uint8_t bits[16] = {ESTIMATE_BITS};
    uint8_t distance = distance_from_zero((uint8_t)byte);
    return bits[distance < 15 ? distance : 15];
}

static void estimate_block(uint32_t bits[PNG_FILTER_COUNT], const uint8_t *row, const uint8_t *above, size_t len,
                           unsigned step)
{
    for (size_t i = 0; i < len; i++) {
        const uint8_t *at = row + i, *up = above + i;
        bits[PNG_NONE] += estimate_byte(*at);
        bits[PNG_UP] += estimate_byte(*at - *up);
        bits[PNG_SUB] += estimate_byte(*at - *(at - step));
        bits[PNG_PAETH] += estimate_byte(*at - png_paeth(*(at - step), *up, *(up - step)));
    }
}

static void estimate_row(uint32_t bits[PNG_FILTER_COUNT], const uint8_t *row, const uint8_t *above, size_t len,
                         unsigned step, size_t each)
{
    memset(bits, 0, PNG_FILTER_COUNT * sizeof *bits);
    if (len < ESTIMATE_BLOCK + step)
        estimate_block(bits, row + step, above + step, len - step, step);
    else
        for (size_t i = step; i + ESTIMATE_BLOCK <= len; i += each)
            estimate_block(bits, row + i, above + i, ESTIMATE_BLOCK, step);
}

static void find_repeats(uint8_t *bits, const uint8_t *bytes, size_t len, unsigned distance)
{
    for (size_t i = 0; i < len; i += 8) {
        unsigned set = 0;
        for (size_t k = 0; k < 8; k++)
            set |= (unsigned)(bytes[i + k] == *(bytes + i + k - distance)) << k;
        bits[i / 8] = (uint8_t)set;
    }
}

static void add_adler(struct row_sums *sums, const uint8_t *bytes, size_t len)
{
    uint32_t a = sums->a, b = sums->b;
    for (size_t i = 0; i < len; i++) {
        a += bytes[i];
        b += a;
    }
    *sums = (struct row_sums){a, b};
}

static uint32_t add_crc(uint32_t crc, const uint8_t *bytes, size_t len)
{
    return (uint32_t)crc32(crc, bytes, (uInt)len);
}

static void pack_row_bgrx(uint8_t *rgb, const uint8_t *bgrx, size_t pixels)
{
    for (; pixels > 0; pixels--, rgb += 3, bgrx += 4) {
        rgb[0] = bgrx[2];
        rgb[1] = bgrx[1];
        rgb[2] = bgrx[0];
    }
}

static bool same_row(const uint8_t *row, const uint8_t *above, size_t len)
{
    return memcmp(row, above, len) == 0;
}

static void filter_any_row(enum png_filter filter, uint8_t *out, const uint8_t *row, const uint8_t *above, size_t len,
                           unsigned step)
{
    png_filter_bytes(filter, out, row, above, len, step);
}

const struct row_kernels rows_plain = {"plain",   rows_always, filter_any_row, estimate_row, find_repeats,
                                       add_adler, add_crc,     pack_row_bgrx,  same_row,     false};

/* The kernels for this kind of processor, the best first. */
#if defined __x86_64__ || defined __i386__
static const struct row_kernels *const rows_known[] = {&rows_avx2, &rows_sse4, &rows_plain, NULL};
#else
static const struct row_kernels *const rows_known[] = {&rows_plain, NULL};
#endif

const struct row_kernels *row_kernels_get(const char *name)
{
    for (size_t i = 0; rows_known[i]; i++)
        if ((!name || strcmp(name, rows_known[i]->name) == 0) && rows_known[i]->usable())
            return rows_known[i];
    return NULL;
}

uint32_t row_adler(const struct row_kernels *kernels, uint32_t adler, const uint8_t *bytes, size_t len)
{
    struct row_sums sums = {adler & 0xffff, adler >> 16};
    for (size_t step; len > 0; len -= step, bytes += step) {
        step = len < ADLER_STRETCH ? len : ADLER_STRETCH;
        kernels->adler(&sums, bytes, step);
        sums = (struct row_sums){sums.a % ADLER_BASE, sums.b % ADLER_BASE};
    }
    return sums.b << 16 | sums.a;
}

uint32_t row_adler_zeros(uint32_t adler, size_t len)
{
    uint32_t a = adler & 0xffff;
    uint64_t b = (adler >> 16) + (uint64_t)a * len;
    return (uint32_t)(b % ADLER_BASE) << 16 | a;
}
