/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/deflate_band.h"

#include "picture/deflate_block.h"

#include <stdlib.h>
#include <string.h>

#define GUARD 64                     /* bytes before and behind the band, for loads of whole vectors */
#define REPEAT_MIN DEFLATE_ZEROS_MIN /* bytes; shorter ones are as small as literals, and take longer to find */

bool deflate_band_init(struct deflate_band *band, const struct row_kernels *kernels, unsigned distance, size_t size,
                       bool matches)
{
    size_t ops = (size / (matches ? 4 : REPEAT_MIN) + 2) * sizeof(struct deflate_op);
    size_t bits = matches ? DEFLATE_PLACES * sizeof *band->places : size / 8 + GUARD;
    uint8_t *memory = malloc(ops + bits + GUARD + size + GUARD);
    *band = (struct deflate_band){.kernels = kernels, .distance = distance, .memory = memory};
    if (!memory)
        return false;
    band->ops = (struct deflate_op *)(void *)memory;
    band->bits = memory + ops;
    if (matches)
        band->places = (uint32_t *)(void *)band->bits;
    band->start = memory + ops + bits + GUARD;
    memset(band->start - GUARD, 0, GUARD);
    deflate_begin(band);
    return true;
}

void deflate_band_deinit(struct deflate_band *band)
{
    free(band->memory);
    *band = (struct deflate_band){0};
}

void deflate_begin(struct deflate_band *band)
{
    band->end = band->looked = band->start;
    band->len = band->op_count = band->literals = 0;
}

void deflate_add(struct deflate_band *band, size_t len)
{
    band->end += len;
    band->len += len;
}

/* ---- repeats ---- */

WORDS_INLINE uint64_t load_bits(const uint8_t *bits, size_t place)
{
    return load_64(bits + place / 8) >> place % 8;
}

#define WINDOW 50 /* places that are seen at once: 57 bits, less those that a repeat needs */

/* Finds the first of REPEAT_MIN set bits in a row. Returns `end` where there is none. */
WORDS_INLINE size_t find_repeat(const uint8_t *bits, size_t place, size_t end)
{
    for (; place < end; place += WINDOW) {
        uint64_t set = load_bits(bits, place);
        set &= set >> 1;
        set &= set >> 2;
        set &= set >> 4;
        set &= (1ull << WINDOW) - 1;
        if (set)
            return place + (size_t)__builtin_ctzll(set);
    }
    return end;
}

WORDS_INLINE size_t find_repeat_end(const uint8_t *bits, size_t place, size_t end)
{
    for (; place < end; place += 56) {
        uint64_t clear = ~load_bits(bits, place) & ((1ull << 56) - 1);
        if (clear)
            return place + (size_t)__builtin_ctzll(clear);
    }
    return end;
}

static void add_op(struct deflate_band *band, size_t literals, uint32_t repeat)
{
    band->ops[band->op_count++] = (struct deflate_op){(uint32_t)(band->literals + literals), repeat};
    band->literals = 0;
}

void deflate_find_repeats(struct deflate_band *band)
{
    size_t from = (size_t)(band->looked - band->start), end = (size_t)(band->end - band->start);
    size_t place = from > band->distance ? from : band->distance, literal = from;
    band->looked = band->end;
    if (end - from == 0)
        return;
    band->kernels->repeats(band->bits + from / 8, band->start + from / 8 * 8, end - from / 8 * 8, band->distance);
    while ((place = find_repeat(band->bits, place, end)) + REPEAT_MIN <= end) {
        size_t stop = find_repeat_end(band->bits, place, end);
        if (stop > end)
            stop = end;
        add_op(band, place - literal, (uint32_t)(stop - place));
        literal = place = stop;
    }
    band->literals += end - literal;
}

void deflate_add_match(struct deflate_band *band, size_t literals, uint32_t len, uint32_t distance)
{
    add_op(band, literals, OP_MATCH | distance << OP_LEN_BITS | len);
}

void deflate_add_zeros(struct deflate_band *band, size_t len)
{
    deflate_find_repeats(band);
    add_op(band, 0, (uint32_t)len | OP_NOT_WRITTEN);
    band->len += len;
}
