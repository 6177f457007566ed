/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A block of deflate: literals, repeats and matches, counted and written. */
#ifndef PICTURE_DEFLATE_BLOCK_H
#define PICTURE_DEFLATE_BLOCK_H

#include "picture/deflate_codes.h"

#include <stdbool.h>

#define OP_NOT_WRITTEN 0x80000000u
#define OP_MATCH 0x40000000u /* the distance is in the bits above the length */
#define OP_LEN_BITS 9        /* bits */

/* Literals, then a repeat, which may be of bytes that were not written out, or a match. */
struct deflate_op {
    uint32_t literals, repeat;
};

/* Part of a band: ops from one on, and literals behind the last. */
struct deflate_block {
    const uint8_t *bytes; /* borrowed, as the ops are */
    const struct deflate_op *ops;
    size_t op_count, literals;
    unsigned distance; /* of repeats */
    bool matches;      /* there may be some; then all literals are counted, however many */
};

WORDS_INLINE uint32_t op_len(struct deflate_op op)
{
    return op.repeat & (op.repeat & OP_MATCH ? (1u << OP_LEN_BITS) - 1 : ~OP_NOT_WRITTEN);
}
WORDS_INLINE uint32_t op_distance(struct deflate_op op)
{
    return (op.repeat & ~OP_MATCH) >> OP_LEN_BITS;
}
/* Returns how many of the repeat's bytes were written out. */
WORDS_INLINE uint32_t op_written(struct deflate_op op)
{
    return op.repeat & OP_NOT_WRITTEN ? 0 : op_len(op);
}

/* Writes it as dynamic or with the fixed codes, whichever is smaller. Returns false, and writes nothing, where it seems to
   take `most` bits or more. */
bool deflate_put_block(struct bit_writer *writer, const struct deflate_block *block, bool bmi2, bool last,
                       uint64_t most);

#endif
