/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture/deflate_end.h"

#include "picture/deflate_block.h"
#include "picture/deflate_match.h"

#include <string.h>

#define STORED_MAX 65535    /* bytes of a stored block */
#define STORED_OVERHEAD 5   /* bytes */
#define BLOCK_SYMBOLS 32768 /* of a block with matches, about */

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
        deflate_find_repeats(band);
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
