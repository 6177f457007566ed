/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Huffman codes of deflate (RFC 1951, section 3.2) and its bit stream. Pure functions. */
#ifndef PICTURE_DEFLATE_CODES_H
#define PICTURE_DEFLATE_CODES_H

#include "picture/words.h"

#include <stddef.h>
#include <stdint.h>

#define DEFLATE_SYMBOLS                                                                                                \
    288 /* literals, the end of a block, lengths, and two that are never sent but have fixed codes */
#define DEFLATE_LENGTHS_END 286
#define DEFLATE_DISTANCES 30
#define DEFLATE_ALL_SYMBOLS (DEFLATE_SYMBOLS + DEFLATE_DISTANCES) /* counts: those of distances behind the others */
#define DEFLATE_END 256
#define DEFLATE_MATCH_MIN 3
#define DEFLATE_MATCH_MAX 258
#define DEFLATE_CODE_BITS 12    /* the longest code that is made here: four of them fit beside 7 bits into a word */
#define DEFLATE_DISTANCE_BITS 9 /* the longest code of a distance: it has room in a huffman_code behind a length */
#define DEFLATE_DISTANCE_MAX 32768

/* A code in the order in which it is sent, from bit 6 on, and its length below. A shift by such a word is one by the
   length, since a shift takes the low six bits. */
typedef uint32_t huffman_code;

/* Collects bits and stores them. Up to 8 bytes behind the last one are written. */
struct bit_writer {
    uint8_t *next; /* borrowed */
    uint64_t bits;
    unsigned count; /* below 8 after bit_flush */
};

WORDS_INLINE void bit_add(struct bit_writer *writer, uint64_t bits, unsigned count)
{
    writer->bits |= bits << writer->count;
    writer->count += count;
}

/* Stores whole bytes: then there is room for 57 bits. */
WORDS_INLINE void bit_flush(struct bit_writer *writer)
{
    uint64_t bits = writer->bits;
    store_64(writer->next, bits);
    writer->next += writer->count >> 3;
    writer->bits = bits >> (writer->count & ~7u);
    writer->count &= 7;
}

/* Sets the lengths, none above `limit`, of the best codes, or nearly: where a code gets too long others pay for it. A
   symbol that does not occur has length 0. A single symbol gets the length 1. */
void huffman_lengths(uint8_t *lengths, const uint32_t *counts, size_t symbols, unsigned limit);

/* Sets the codes that follow from the lengths. */
void huffman_codes(huffman_code *codes, const uint8_t *lengths, size_t symbols);

/* The codes of a block: those of literals and lengths, and behind them those of distances. */
struct block_code {
    uint8_t lengths[DEFLATE_ALL_SYMBOLS];
    huffman_code codes[DEFLATE_ALL_SYMBOLS];
};

/* Returns the extra bits of a symbol that is a length, and the least length that it stands for. The last one stands for
   DEFLATE_MATCH_MAX alone. */
WORDS_INLINE unsigned match_extra(unsigned symbol)
{
    return symbol < 265 || symbol == 285 ? 0 : (symbol - 261) / 4;
}
WORDS_INLINE unsigned match_base(unsigned symbol)
{
    unsigned extra = match_extra(symbol);
    return symbol == 285 ? DEFLATE_MATCH_MAX : ((symbol - 257 - 4 * extra) << extra) + DEFLATE_MATCH_MIN;
}

/* Returns the extra bits of a distance's symbol, 0 to 29, and the symbol of a distance. */
WORDS_INLINE unsigned distance_extra(unsigned symbol)
{
    return symbol < 4 ? 0 : symbol / 2 - 1;
}
WORDS_INLINE unsigned distance_symbol(unsigned distance)
{
    if (distance <= 4)
        return distance - 1;
    unsigned extra = 30 - (unsigned)__builtin_clz(distance - 1);
    return 2 * extra + ((distance - 1) >> extra);
}

/* Sets the lengths of the best codes for the counts, of which one at least must be a distance's, and of the fixed ones. */
void block_code_dynamic(struct block_code *code, const uint32_t *counts);
void block_code_fixed(struct block_code *code);
/* Sets the codes that follow from the lengths. */
void block_code_finish(struct block_code *code);

/* Returns the bits of a block with these counts, without its head. */
uint64_t block_code_cost(const struct block_code *code, const uint32_t *counts);

/* Writes the head of a dynamic block. Returns its bits; only counts them where writer is NULL. */
unsigned block_code_head(struct bit_writer *writer, const struct block_code *code, int last);

#endif
