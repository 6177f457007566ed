/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/deflate_band.h"

#include "picture/deflate_block.h"

#include <stdlib.h>
#include <string.h>

#define GUARD 64                     /* bytes before and behind the band, for loads of whole vectors */
#define REPEAT_MIN DEFLATE_ZEROS_MIN /* bytes; shorter ones are as small as literals, and take longer to find */
#define STORED_MAX 65535             /* bytes of a stored block */
#define STORED_OVERHEAD 5            /* bytes */
#define BLOCK_SYMBOLS 32768          /* of a block with matches, about */

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

/* Looks for repeats in the bytes that were added since the last time. */
static void look_for_repeats(struct deflate_band *band)
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
    look_for_repeats(band);
    add_op(band, 0, (uint32_t)len | OP_NOT_WRITTEN);
    band->len += len;
}

/* ---- writing ---- */

/* Fills up to a whole byte: at the end with zeros, else with an empty stored block. */
static size_t put_end(struct bit_writer *writer, const uint8_t *out, bool last)
{
    static const uint8_t empty[4] = {0, 0, 0xff, 0xff};
    unsigned stray = writer->count;
    if (stray > 0 && !last)
        writer->count += 3;
    writer->count = (writer->count + 7) & ~7u;
    bit_flush(writer);
    if (stray > 0 && !last) {
        memcpy(writer->next, empty, sizeof empty);
        writer->next += sizeof empty;
    }
    return (size_t)(writer->next - out);
}

/* ---- stored blocks ---- */

struct store {
    uint8_t *next;
    size_t left, in_block; /* bytes: of all, and of this block */
    bool last;
};

static void store_head(struct store *store)
{
    size_t len = store->in_block = store->left < STORED_MAX ? store->left : STORED_MAX;
    store->left -= len;
    *store->next++ = store->last && store->left == 0;
    for (int i = 0; i < 4; i++)
        *store->next++ = (uint8_t)((i < 2 ? len : ~len) >> 8 * (i % 2));
}

/* Stores bytes, or zeros where they are NULL. */
static void store_bytes(struct store *store, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        if (store->in_block == 0)
            store_head(store);
        size_t step = len < store->in_block ? len : store->in_block;
        if (bytes) {
            memcpy(store->next, bytes, step);
            bytes += step;
        } else {
            memset(store->next, 0, step);
        }
        store->next += step;
        store->in_block -= step;
        len -= step;
    }
}

static size_t stored_len(size_t len)
{
    return len + (len + STORED_MAX - 1) / STORED_MAX * STORED_OVERHEAD;
}

static size_t put_stored(const struct deflate_band *band, uint8_t *out, bool last)
{
    struct store store = {out, band->len, 0, last};
    const uint8_t *next = band->start;
    for (size_t i = 0; i < band->op_count; i++) {
        struct deflate_op op = band->ops[i];
        size_t written = op.literals + op_written(op);
        store_bytes(&store, next, written);
        next += written;
        if (op.repeat & OP_NOT_WRITTEN)
            store_bytes(&store, NULL, op.repeat & ~OP_NOT_WRITTEN);
    }
    store_bytes(&store, next, band->literals);
    return (size_t)(store.next - out);
}

/* Cuts the next block off the band: all of it, or about BLOCK_SYMBOLS where there are matches. */
static void next_block(struct deflate_block *block, const struct deflate_band *band)
{
    const struct deflate_op *end = band->ops + band->op_count;
    size_t symbols = 0;
    for (size_t i = 0; i < block->op_count; i++)
        block->bytes += block->ops[i].literals + op_written(block->ops[i]);
    block->ops += block->op_count;
    block->op_count = (size_t)(end - block->ops);
    for (size_t i = 0; i < block->op_count && block->matches; i++)
        if ((symbols += block->ops[i].literals + 1) >= BLOCK_SYMBOLS)
            block->op_count = i + 1;
    block->literals = block->ops + block->op_count == end ? band->literals : 0;
}

size_t deflate_end(struct deflate_band *band, uint8_t *out, bool last)
{
    struct bit_writer writer = {out, 0, 0};
    struct deflate_block block = {band->start, band->ops, 0, 0, band->distance, band->places};
    const struct deflate_op *end;
    size_t stored = stored_len(band->len), len;
    bool more;
    if (band->places)
        deflate_find_matches(band);
    else
        look_for_repeats(band);
    end = band->ops + band->op_count;
    do {
        next_block(&block, band);
        more = block.ops + block.op_count < end;
        if (!deflate_put_block(&writer, &block, band->kernels->bmi2, last && !more,
                               (stored - (size_t)(writer.next - out)) * 8))
            return put_stored(band, out, last);
    } while (more);
    len = put_end(&writer, out, last);
    return len <= stored ? len : put_stored(band, out, last);
}
